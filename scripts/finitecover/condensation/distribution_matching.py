"""DM: synthetic images with the mean features of the real ones (Zhao and Bilen 2023)."""

import torch

from finitecover.condensation.matching import Method
from finitecover.training.augmentation import draw_augmentation
from finitecover.training.models import build_model


class DistributionMatching(Method):
    """One freshly drawn network per iteration; settings: "batch_real". Augmentation: the task's, siamese."""

    def iterate(self, optimiser):
        """Update the synthetic images once; the loss before, a number."""
        task = self.task
        network = build_model(task.model, task.dataset, task.network_seed()).features.to(task.device)
        loss = self.loss(network.requires_grad_(False))
        optimiser.step(loss)
        return loss.item()

    def loss(self, features):
        """The reference's: the sum over classes of the squared l2 distance between mean features of augmented real
        and synthetic images."""
        task, losses = self.task, []
        for label in range(task.dataset["classes"]):
            augment = draw_augmentation(task.augmentation, task.generator)
            real, own = augment(task.real(label)), augment(task.own(label))
            with torch.no_grad():
                target = torch.cat([features(piece) for (piece,) in task.pieces(real)]).mean(dim=0)
            losses.append((target - features(own).mean(dim=0)).square().sum())
            task.count(len(real), gradients=0)
            task.count(len(own))
        return torch.stack(losses).sum()
