"""One loop for standard, adversarial and generalised adversarial training.

Steps, not epochs, set the cost: a small training set and a large one get the same number of updates.
"""

import math
from contextlib import nullcontext
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from finitecover.attacks import perturb
from finitecover.augmentation import draw_augmentation
from finitecover.checkpoint import Checkpoint
from finitecover.jobs import progress
from finitecover.optimiser import SGD

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}
LOG_ENTRIES = 20  # rows of a training's history


def train(
    model,
    images,
    labels,
    weights,
    radii,
    *,
    optimisation,
    adversary,
    augmentation="",
    seed,
    checkpoint=None,
    description="training",
):
    """Train `model` in place; returns its history, a list of dicts (step, learning_rate, loss, accuracy).

    images (n, c, h, w) in [0, 1], labels (n,), weights (n,) of the loss (1 each, or w_c of a cover), radii (n,) of the
    perturbations (eps, or eps + r_c: the generalised adversarial loss, arXiv 2402.05675). optimisation: {"steps",
    "batch_size", "learning_rate", "momentum", "weight_decay", "precision"}. adversary: None, or {"norm", "steps",
    "step_size", "warmup", "beta"}; radii grow linearly over the first share `warmup` of the steps; beta: None, or that
    of TRADES (Zhang et al. 2019): the loss on clean images and beta times the divergence (Kullback and Leibler) of
    predictions on adversarial images from those on clean ones, which these seek. augmentation: a strategy of
    `draw_augmentation`, of which every batch gets one operation, every image with its own amounts, before any
    perturbation. checkpoint: keeps the state from time to time; what it holds is gone on from, to the same weights.
    Loss and accuracy are those on the (augmented, adversarial) batches, averaged since the row before.
    """
    checkpoint = checkpoint or Checkpoint(None, None)
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    autocast = _autocast(optimisation["precision"], device)
    steps = optimisation["steps"]
    peak = optimisation["learning_rate"]
    optimiser = SGD(model.parameters(), peak, optimisation["momentum"], optimisation["weight_decay"])
    weights = weights / weights.mean()
    beta = adversary["beta"] if adversary else None
    first, history, seen = 0, [], np.zeros(3)
    batches = _Batches(len(images), optimisation["batch_size"], generator)
    if (state := checkpoint.load()) is not None:
        first, history, seen = state["step"], state["history"], np.array(state["seen"])
        model.load_state_dict(state["model"])
        optimiser.buffers, batches.stream = state["buffers"], state["stream"]
        generator.set_state(state["generator"])
    for step in progress(steps, description, first):
        rows = next(batches)
        x, y, weight = images[rows].to(device), labels[rows].to(device), weights[rows].to(device)
        if augmentation:
            x = _augmented(model.normalise, x, augmentation, generator)
        clean = x
        if adversary:
            growth = min(1.0, (step + 1) / max(1.0, adversary["warmup"] * steps))
            x = _perturbed(model, x, y, growth * radii[rows].to(device), adversary, generator, autocast)
        losses, logits = _losses(model, clean, x, y, beta, autocast)
        loss = (weight * losses).mean()
        optimiser.learning_rate = peak * (1 + math.cos(math.pi * step / steps)) / 2
        optimiser.step(loss)
        seen += [loss.item(), (logits.argmax(1) == y).float().mean().item(), 1]
        if (step + 1) * LOG_ENTRIES // steps > step * LOG_ENTRIES // steps:
            loss, accuracy = (seen[:2] / seen[2]).tolist()
            history.append(
                {"step": step + 1, "learning_rate": optimiser.learning_rate, "loss": loss, "accuracy": accuracy}
            )
            seen[:] = 0
        if checkpoint.due():
            state = {"step": step + 1, "history": history, "seen": seen.tolist(), "model": model.state_dict()}
            state |= {"buffers": optimiser.buffers, "stream": batches.stream, "generator": generator.get_state()}
            checkpoint.save(state)
    return history


def _augmented(normalise, x, augmentation, generator):
    """Augmented in normalised space, where the strategy's amounts belong; back in pixel space, clamped to [0, 1]."""
    augment = draw_augmentation(augmentation, generator, siamese=False)
    return normalise.inverse(augment(normalise(x))).clamp(0, 1)


def _losses(model, clean, x, y, beta, autocast):
    """Loss of each image, (n,), and logits of x: on x alone, or that of TRADES on clean images and on x."""
    with autocast():
        logits = model(x).float()
    if beta is None:
        return F.cross_entropy(logits, y, reduction="none"), logits
    with autocast():
        natural = model(clean).float()
    return F.cross_entropy(natural, y, reduction="none") + beta * _divergence(natural, logits), logits


def _perturbed(model, x, y, radii, adversary, generator, autocast):
    """Adversarial batch; the network's own parameters need no gradient meanwhile, which saves a third of the work."""
    model.requires_grad_(False)
    if adversary["beta"] is not None:
        with torch.no_grad(), autocast():
            natural = model(x).float()
        error = partial(_total_divergence, natural)
    else:
        error = partial(F.cross_entropy, target=y, reduction="sum")
    x = perturb(
        model,
        x,
        error,
        radii,
        norm=adversary["norm"],
        steps=adversary["steps"],
        step_size=adversary["step_size"],
        generator=generator,
        autocast=autocast,
    )
    model.requires_grad_(True)
    return x


def _divergence(natural, logits):
    """Kullback-Leibler divergence of predictions from the natural ones, image by image, (n,)."""
    natural, logits = natural.log_softmax(dim=1), logits.log_softmax(dim=1)
    return (natural.exp() * (natural - logits)).sum(dim=1)


def _total_divergence(natural, logits):
    return _divergence(natural, logits).sum()


class _Batches:
    """Endless batches of min(size, n) rows: permutations of all rows, one after the other, cut into equal pieces."""

    def __init__(self, n, size, generator):
        self.n, self.size, self.generator = n, min(size, n), generator
        self.stream = torch.empty(0, dtype=torch.int64)

    def __next__(self):
        while len(self.stream) < self.size:
            self.stream = torch.cat([self.stream, torch.randperm(self.n, generator=self.generator)])
        batch, self.stream = self.stream[: self.size], self.stream[self.size :].clone()
        return batch


def _autocast(precision, device):
    if PRECISIONS[precision] is None:
        return nullcontext
    return partial(torch.autocast, device.type, PRECISIONS[precision])
