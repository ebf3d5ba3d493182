"""DM: synthetic images with the mean features of the real ones (Zhao and Bilen 2023), or of adversarial examples."""

from contextlib import nullcontext
from functools import partial

import torch
import torch.nn.functional as F

from finitecover.condensation.matching import Method
from finitecover.training.attacks import perturb
from finitecover.training.augmentation import draw_augmentation
from finitecover.training.models import build_model


class DistributionMatching(Method):
    """One freshly drawn network per iteration; settings: "batch_real". Augmentation: the task's, siamese."""

    def iterate(self, optimiser):
        """Update the synthetic images once; the loss before, a number."""
        loss = self.loss(self.features())
        optimiser.step(loss)
        return loss.item()

    def features(self):
        """Those of the iteration's network, of normalised images."""
        task = self.task
        network = build_model(task.model, task.dataset, task.network_seed()).features.to(task.device)
        return network.requires_grad_(False)

    def real(self, label):
        """Images of a class, normalised, whose mean features are matched."""
        return self.task.real(label)

    def loss(self, features):
        """The reference's: the sum over classes of the squared l2 distance between mean features of augmented real
        and synthetic images."""
        task, losses = self.task, []
        for label in range(task.dataset["classes"]):
            augment = draw_augmentation(task.augmentation, task.generator)
            real, own = augment(self.real(label)), augment(task.own(label))
            with torch.no_grad():
                target = torch.cat([features(piece) for (piece,) in task.pieces(real)]).mean(dim=0)
            losses.append((target - features(own).mean(dim=0)).square().sum())
            task.count(len(real), gradients=0)
            task.count(len(own))
        return torch.stack(losses).sum()


class AdversarialDistributionMatching(DistributionMatching):
    """One network throughout, the task's teacher, trained adversarially on all images: what is matched are its features
    of real images that PGD perturbs against it. Settings further: "adversary" {"norm", "eps", "steps", "step_size"}.
    """

    def features(self):
        """The teacher's."""
        return self.task.teacher.features

    def real(self, label):
        """Perturbed images of a class, normalised."""
        task, adversary = self.task, self.task.settings["adversary"]
        images = task.normalise.inverse(task.real(label))
        labels = torch.full((len(images),), label, device=task.device)
        perturbed = perturb(
            task.teacher,
            images,
            partial(F.cross_entropy, target=labels, reduction="sum"),
            torch.full((len(images),), adversary["eps"], device=task.device),
            norm=adversary["norm"],
            steps=adversary["steps"],
            step_size=adversary["step_size"],
            generator=task.generator,
            autocast=nullcontext,
        )
        task.count(len(images) * adversary["steps"])
        return task.normalise(perturbed)
