"""Digits as tensors, and networks trained on them that withstand attacks; each is trained once."""

import functools

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from finitecover.training.loop import train
from finitecover.training.models import build_model

torch.set_num_threads(1)  # as in the workflow's jobs; tests that run side by side would wait for each other's threads

TEST = 360  # the last images are the test set
DATASET = {"shape": (1, 8, 8), "classes": 10, "mean": [0.3], "std": [0.38]}
PGD = {"norm": "linf", "steps": 5, "step_size": 0.3, "warmup": 0.5}
INTERVALS = {"norm": "linf", "warmup": 0.5, "kappa": 0.5}
NETWORKS = {
    "convnet": ({"architecture": "convnet", "width": 16, "depth": 2}, "pgd", PGD, 0.1),
    "mlp": ({"architecture": "mlp", "width": 64, "depth": 2}, "clean", None, 0.0),
    "mlp-ibp": ({"architecture": "mlp", "width": 64, "depth": 2}, "intervals", INTERVALS, 0.1),
    "mlp-ibp-l2": ({"architecture": "mlp", "width": 64, "depth": 2}, "intervals", INTERVALS | {"norm": "l2"}, 0.4),
}
OPTIMISATION = {
    "steps": 150,
    "batch_size": 128,
    "learning_rate": 0.05,
    "momentum": 0.9,
    "weight_decay": 0.0005,
    "precision": "float32",
}


@pytest.fixture(scope="session")
def digits():
    """{"train": (images (n, 1, 8, 8) in [0, 1], labels (n,)), "test": ...}."""
    bunch = load_digits()
    images = torch.from_numpy((bunch.images / 16).astype(np.float32)).unsqueeze(1)
    labels = torch.from_numpy(bunch.target.astype(np.int64))
    return {"train": (images[:-TEST], labels[:-TEST]), "test": (images[-TEST:], labels[-TEST:])}


@pytest.fixture(scope="session")
def robust_digits(digits):
    """A function of a name of NETWORKS: that network, trained, without gradients of its parameters."""

    @functools.cache
    def trained(name):
        settings, objective, adversary, eps = NETWORKS[name]
        network = build_model(settings, DATASET, seed=0)
        images, labels = digits["train"]
        radii = torch.full((len(images),), eps)
        train(
            network,
            images,
            labels,
            torch.ones(len(images)),
            radii,
            optimisation=OPTIMISATION,
            objective=objective,
            adversary=adversary,
            seed=0,
        )
        return network.eval().requires_grad_(False)

    return trained
