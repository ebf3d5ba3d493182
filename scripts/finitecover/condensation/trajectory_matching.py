"""MTT: synthetic images on which a network walks as far in a few steps as experts do in epochs on the real images
(Cazenavette et al. 2022)."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

from finitecover.condensation.matching import Method
from finitecover.jobs.progress import progress
from finitecover.jobs.records import pixels
from finitecover.training.augmentation import draw_augmentation
from finitecover.training.models import Normalise, build_model
from finitecover.training.optimiser import SGD


def expert_trajectory(images, labels, *, settings, model, dataset, augmentation, seed, device):
    """Parameters of a network before and after every epoch on the real images: (epochs + 1, parameters) float32.

    images (n, c, h, w), uint8 or floats in [0, 1]; settings: {"epochs", "learning_rate", "batch_size"}, plain SGD, as
    in the reference; augmented, every image by its own amounts.
    """
    generator = torch.Generator().manual_seed(seed)
    network = build_model(model, dataset, seed).to(device)
    normalise = Normalise(dataset["mean"], dataset["std"]).to(device)
    optimiser = SGD(network.parameters(), settings["learning_rate"])
    labels = torch.from_numpy(np.asarray(labels)).to(device)
    trajectory = [_flat(network)]
    for _ in progress(settings["epochs"], "training an expert"):
        for rows in torch.randperm(len(images), generator=generator).split(settings["batch_size"]):
            batch = normalise(torch.from_numpy(pixels(images[rows.numpy()])).to(device))
            augment = draw_augmentation(augmentation, generator, siamese=False)
            logits = network.classifier(network.features(augment(batch)))
            optimiser.step(F.cross_entropy(logits, labels[rows.to(device)]))
        trajectory.append(_flat(network))
    return np.stack(trajectory)


class TrajectoryMatching(Method):
    """A stretch of one expert's way per iteration; the step size of the student's way is learned too.

    settings: "synthetic_steps" of the student match "expert_epochs" of an expert, from an epoch before
    "latest_start"; "batch_train": synthetic images per step; "learning_rate_network": its step size at the start,
    changed at the rate "learning_rate_step". The task's experts: arrays of `expert_trajectory`, of its model. Raises
    `ValueError` for experts that end too early.
    """

    def __init__(self, task):
        super().__init__(task)
        settings = task.settings
        epochs = min(len(expert) for expert in task.experts) - 1
        if settings["latest_start"] + settings["expert_epochs"] > epochs + 1:
            raise ValueError(
                f"experts of {epochs} epochs are too short for latest_start {settings['latest_start']} "
                f"and expert_epochs {settings['expert_epochs']}"
            )
        self.network = build_model(task.model, task.dataset, 0).to(task.device)
        self.step_size = torch.tensor(settings["learning_rate_network"], device=task.device, requires_grad=True)
        self.step_optimiser = SGD([self.step_size], settings["learning_rate_step"], settings["momentum"])

    def iterate(self, optimiser):
        """Update the synthetic images and the step size once; the loss before, a number."""
        task, settings = self.task, self.task.settings
        expert = task.experts[int(task.rng.integers(len(task.experts)))]
        epoch = int(task.rng.integers(settings["latest_start"]))
        start, target = (
            torch.from_numpy(np.array(expert[place])).to(task.device)
            for place in (epoch, epoch + settings["expert_epochs"])
        )
        loss = self.loss(start, target)
        both = [task.synthetic, self.step_size]
        images, step = torch.autograd.grad(loss, both)
        optimiser.apply([images])
        self.step_optimiser.apply([step])
        return loss.item()

    def loss(self, start, target):
        """Squared distance of the student's end from the expert's, relative to how far the expert went."""
        student, pending = start, []
        for _ in range(self.task.settings["synthetic_steps"]):
            if not pending:
                pending = list(self.task.batches())
            rows = pending.pop()
            augment = draw_augmentation(self.task.augmentation, self.task.generator, siamese=False)
            student = student if student.requires_grad else student.clone().requires_grad_()
            logits = functional_call(
                _Classifier(self.network), _named(self.network, student), augment(self.task.synthetic[rows])
            )
            error = F.cross_entropy(logits, self.task.labels[rows])
            (gradient,) = torch.autograd.grad(error, student, create_graph=True)
            self.task.count(len(rows), gradients=2)  # of the student, and of its way
            student = student - self.step_size * gradient
        return (student - target).square().sum() / (start - target).square().sum()

    def state(self):
        """What a checkpoint must hold beside the task's."""
        return {"step_size": self.step_size.detach(), "step_buffers": self.step_optimiser.buffers}

    def restore(self, state):
        """Resume from a `state`."""
        with torch.no_grad():
            self.step_size.copy_(state["step_size"])
        self.step_optimiser.buffers = state["step_buffers"]

    def learned(self):
        """The step size that belongs to the images."""
        return {"step_size": self.step_size.item()}


class _Classifier(torch.nn.Module):
    """A network that takes normalised images."""

    def __init__(self, network):
        super().__init__()
        self.features, self.classifier = network.features, network.classifier

    def forward(self, normalised):
        return self.classifier(self.features(normalised))


def _flat(network):
    return parameters_to_vector(network.parameters()).detach().cpu().numpy().copy()


def _named(network, vector):
    """Parameters of the network by name, cut from a vector."""
    named, place = {}, 0
    for name, parameter in network.named_parameters():
        named[name] = vector[place : place + parameter.numel()].view_as(parameter)
        place += parameter.numel()
    return named
