"""DC and DSA: synthetic images that give a network the gradients of the real ones (Zhao, Mopuri and Bilen 2021; with
differentiable siamese augmentation, Zhao and Bilen 2021)."""

import numpy as np
import torch
import torch.nn.functional as F

from finitecover.condensation.matching import Method
from finitecover.training.augmentation import draw_augmentation
from finitecover.training.models import build_model
from finitecover.training.optimiser import SGD

# Updates of the images per network, and epochs of the network between them, by images per class.
REFERENCE_LOOPS = {1: (1, 1), 10: (10, 50), 20: (20, 25), 30: (30, 20), 40: (40, 15), 50: (50, 10)}


def reference_loops(k):
    """(outer, inner) loops of the reference for k images per class.

    It has them for 1, 10, 20, 30, 40 and 50 only; between them they are interpolated, beyond 50 they stay (ours).
    """
    budgets = sorted(REFERENCE_LOOPS)
    return tuple(round(float(np.interp(k, budgets, [REFERENCE_LOOPS[b][place] for b in budgets]))) for place in (0, 1))


class GradientMatching(Method):
    """One freshly drawn network per iteration, trained on the synthetic images between their updates.

    settings: "batch_real", "batch_train", "learning_rate_network", "outer_loops" and "inner_loops" (None: the
    reference's). Images are augmented for the algorithm dsa alone, siamese while gradients are compared.
    """

    def __init__(self, task):
        super().__init__(task)
        outer, inner = reference_loops(task.k)
        self.outer = task.settings["outer_loops"] or outer
        self.inner = task.settings["inner_loops"] or inner
        self.augmentation = task.augmentation if task.settings["algorithm"] == "dsa" else ""

    def iterate(self, optimiser):
        """Update the synthetic images `outer` times with one network; the mean loss per class, a number."""
        task, losses = self.task, []
        network = build_model(task.model, task.dataset, task.network_seed()).to(task.device)
        trained = SGD(network.parameters(), task.settings["learning_rate_network"])
        for loop in range(self.outer):
            loss = self.loss(network)
            optimiser.step(loss)
            losses.append(loss.item())
            if loop + 1 < self.outer:
                self.train(network, trained)
        return float(np.mean(losses)) / task.dataset["classes"]

    def loss(self, network):
        """The sum over classes of the distances between gradients on real and on synthetic images."""
        task, losses = self.task, []
        weights = [weight for weight in network.parameters() if weight.dim() > 1]  # biases and norms do not count
        for label in range(task.dataset["classes"]):
            augment = draw_augmentation(self.augmentation, task.generator)
            real, own = augment(task.real(label)), augment(task.own(label))
            wanted = self._gradients(network, real, task.labels.new_full((len(real),), label), weights)
            error = F.cross_entropy(_logits(network, own), task.labels.new_full((len(own),), label))
            task.count(len(own), gradients=2)  # of the network, and of that gradient
            losses.append(gradient_distance(torch.autograd.grad(error, weights, create_graph=True), wanted))
        return torch.stack(losses).sum()

    def train(self, network, optimiser):
        """Some epochs of a network on the synthetic images as they are now."""
        task = self.task
        images = task.synthetic.detach()
        for _ in range(self.inner):
            for rows in task.batches():
                augment = draw_augmentation(self.augmentation, task.generator, siamese=False)
                batch = augment(images[rows])
                optimiser.apply(self._gradients(network, batch, task.labels[rows], optimiser.parameters))

    def _gradients(self, network, images, labels, parameters):
        """Gradients of the mean cross-entropy, piece by piece: gradients of a mean are means of gradients."""
        parts = []
        for piece, answers in self.task.pieces(images, labels):
            error = F.cross_entropy(_logits(network, piece), answers, reduction="sum") / len(images)
            parts.append(torch.autograd.grad(error, parameters))
        self.task.count(len(images))
        return [torch.stack(part).sum(dim=0) for part in zip(*parts, strict=True)]


def gradient_distance(given, wanted):
    """Sum over the layers' gradients, and over each output's row of them, of 1 - cosine (the reference's "ours")."""
    total = []
    for a, b in zip(given, wanted, strict=True):
        a, b = a.flatten(1), b.flatten(1)
        cosine = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-6)
        total.append((1 - cosine).sum())
    return torch.stack(total).sum()


def _logits(network, normalised):
    return network.classifier(network.features(normalised))
