"""DM: synthetic images with the mean features of the real ones (Zhao and Bilen 2023)."""

import torch

from finitecover.augmentation import draw_augmentation
from finitecover.models import build_model


class DistributionMatching:
    """One freshly drawn network per iteration; settings: "batch_real". Augmentation: the task's, siamese."""

    def __init__(self, task):
        self.task = task

    def iterate(self, optimiser):
        """Update the synthetic images once; the loss before, a number."""
        task = self.task
        network = build_model(task.model, task.dataset, task.network_seed()).features.to(task.device)
        loss = self.loss(network.requires_grad_(False))
        optimiser.step(loss)
        return loss.item()

    def state(self):
        """What a checkpoint must hold beside the images: nothing."""
        return {}

    def restore(self, state):
        """Go on from a `state`."""

    def loss(self, features):
        """The reference's: the sum over classes of the squared l2 distance between mean features of augmented real
        and synthetic images."""
        task, losses = self.task, []
        for label in range(task.dataset["classes"]):
            augment = draw_augmentation(task.augmentation, task.generator)
            with torch.no_grad():
                target = torch.cat([features(piece) for piece in task.pieces(augment(task.real(label)))]).mean(dim=0)
            losses.append((target - features(augment(task.own(label))).mean(dim=0)).square().sum())
        return torch.stack(losses).sum()
