"""Dataset condensation: real images and a budget in; synthetic images in [0, 1], labels and a history out."""

import numpy as np
import torch

from finitecover.augmentation import draw_augmentation
from finitecover.jobs import progress
from finitecover.models import Normalise, build_model
from finitecover.optimiser import SGD

LOG_ENTRIES = 50  # rows of a condensation's history


def distribution_matching(images, labels, k, *, settings, model, dataset, augmentation, seed, device):
    """DM (Zhao and Bilen 2023): (synthetic images (C * k, c, h, w) float32, labels, history, clamping).

    images (n, c, h, w) in [0, 1] and labels (n,), NumPy arrays; settings: {"iterations", "learning_rate", "momentum",
    "batch_real"}; model, dataset: as for `build_model`; augmentation: a DSA strategy. The loss is the reference's: for
    a network freshly drawn in each iteration, the sum over classes of the squared l2 distance between the mean features
    of augmented real and synthetic images. Synthetic images start from real ones and are optimised in normalised space,
    unconstrained, as in the reference; they are clamped to [0, 1] at the end. `clamping` says what that changed: share
    of pixels, mean and largest size. Only images of its own class move a synthetic image.
    """
    rng = np.random.default_rng([seed, k])
    generator = torch.Generator().manual_seed(seed)
    normalise = Normalise(dataset["mean"], dataset["std"]).to(device)
    members = [np.flatnonzero(labels == label) for label in range(dataset["classes"])]
    start = np.concatenate([np.sort(rng.choice(rows, size=k, replace=False)) for rows in members])
    synthetic = normalise(torch.from_numpy(images[start]).to(device)).requires_grad_()
    optimiser = SGD([synthetic], settings["learning_rate"], settings["momentum"])
    history, total = [], []
    iterations = settings["iterations"]
    for step in progress(iterations, "condensing (dm)"):
        network = build_model(model, dataset, seed=int(rng.integers(2**31))).features.to(device).requires_grad_(False)
        loss = torch.zeros((), device=device)
        for label, rows in enumerate(members):
            drawn = rng.choice(rows, size=min(settings["batch_real"], len(rows)), replace=False)
            augment = draw_augmentation(augmentation, generator)
            real = augment(normalise(torch.from_numpy(images[drawn]).to(device)))
            with torch.no_grad():
                target = network(real).mean(dim=0)
            loss = loss + (target - network(augment(synthetic[label * k : (label + 1) * k])).mean(dim=0)).square().sum()
        optimiser.step(loss)
        total.append(loss.item())
        if (step + 1) * LOG_ENTRIES // iterations > step * LOG_ENTRIES // iterations:
            history.append({"iteration": step + 1, "loss": float(np.mean(total))})
            total.clear()
    pixels = normalise.inverse(synthetic.detach()).cpu().numpy()
    clamped = np.clip(pixels, 0, 1)
    return clamped, np.repeat(np.arange(dataset["classes"]), k), history, _clamping(pixels, clamped)


def _clamping(pixels, clamped):
    change = np.abs(pixels - clamped)
    moved = change > 0
    return {
        "share": float(moved.mean()),
        "mean": float(change[moved].mean()) if moved.any() else 0.0,
        "largest": float(change.max()),
    }


CONDENSATIONS = {"dm": distribution_matching}
