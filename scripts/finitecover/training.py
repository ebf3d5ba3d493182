"""One loop for standard, adversarial and generalised adversarial training.

Steps, not epochs, set the cost: a small training set and a large one get the same number of updates.
"""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from finitecover.attacks import attack, predict
from finitecover.augmentation import draw_augmentation
from finitecover.checkpoint import Checkpoint
from finitecover.jobs import log, progress
from finitecover.objectives import make_objective
from finitecover.optimiser import SGD
from finitecover.passes import Passes

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}
LOG_ENTRIES = 20  # rows of a training's history


@dataclass
class Trained:
    """What a training leaves beside the weights.

    history: a list of dicts (step, learning_rate, loss, accuracy, validation); snapshots: a list of dicts (step, model:
    its state); cost: images that went forward through the network and gradients that came back, one by one.
    """

    history: list
    snapshots: list
    cost: dict


def train(
    model,
    images,
    labels,
    weights,
    radii,
    *,
    optimisation,
    adversary,
    sampled=False,
    augmentation="",
    noise=0.0,
    seed,
    validation=None,
    snapshots=0,
    checkpoint=None,
    description="training",
):
    """Train `model` in place; returns a `Trained`.

    images (n, c, h, w) in [0, 1], labels (n,), weights (n,) of the loss (1 each, or w_c of a cover), radii (n,) of the
    perturbations (eps, or eps + r_c: the generalised adversarial loss, arXiv 2402.05675). optimisation: {"steps",
    "batch_size", "learning_rate", "momentum", "weight_decay", "precision"}. adversary: None, or {"norm", "steps",
    "step_size", "warmup", "beta", "kappa"}; radii grow linearly over the first share `warmup` of the steps; beta or
    kappa choose TRADES or interval bounds (`make_objective`). sampled: images are drawn in proportion to the weights,
    with replacement, and weigh the same in the loss. augmentation: a strategy of `draw_augmentation`, of which
    every batch gets one operation, every image with its own amounts, before any perturbation. noise: standard deviation
    of Gaussian noise on every pixel (Cohen et al. 2019). validation: None, or images, labels and a radius: the weights
    returned are then those of the row of the history with the highest accuracy there, under the adversary's attack.
    snapshots: how many states to keep, at equal distances, the last of them at the end. checkpoint: keeps the state
    from time to time; what it holds is gone on from, to the same weights. Loss and accuracy are those on the
    (augmented, adversarial) batches, averaged since the row before; with interval bounds, accuracy is the share
    certified.
    """
    checkpoint = checkpoint or Checkpoint(None, None)
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    steps, peak = optimisation["steps"], optimisation["learning_rate"]
    optimiser = SGD(model.parameters(), peak, optimisation["momentum"], optimisation["weight_decay"])
    objective = make_objective(model, adversary, generator, _autocast(optimisation["precision"], device))
    batches = _Batches(len(images), optimisation["batch_size"], generator, weights if sampled else None)
    weights = torch.ones_like(weights) if sampled else weights / weights.mean()
    passes = Passes(model)
    first, seen, best = 0, np.zeros(3), None
    trained = Trained([], [], {})
    if (state := checkpoint.load()) is not None:
        first, seen, best = state["step"], np.array(state["seen"]), state["best"]
        trained = Trained(state["history"], state["snapshots"], {})
        model.load_state_dict(state["model"])
        passes.restore(state["passes"])
        optimiser.buffers, batches.stream = state["buffers"], state["stream"]
        generator.set_state(state["generator"])
    for step in progress(steps, description, first):
        rows = next(batches)
        x, y, weight = images[rows].to(device), labels[rows].to(device), weights[rows].to(device)
        if augmentation:
            x = _augmented(model.normalise, x, augmentation, generator)
        if noise:
            x = x + noise * torch.randn(x.shape, generator=generator).to(device)
        growth = min(1.0, (step + 1) / max(1.0, adversary["warmup"] * steps)) if adversary else 0.0
        losses, logits = objective(x, y, radii[rows].to(device), growth)
        if adversary and adversary["kappa"] is not None:
            passes.add(2 * len(x), 2 * len(x))  # midpoint and radius of a box
        loss = (weight * losses).mean()
        optimiser.learning_rate = peak * (1 + math.cos(math.pi * step / steps)) / 2
        optimiser.step(loss)
        seen += [loss.item(), (logits.argmax(1) == y).float().mean().item(), 1]
        if _falls(LOG_ENTRIES, step, steps):
            loss, accuracy = (seen[:2] / seen[2]).tolist()
            row = {"step": step + 1, "learning_rate": optimiser.learning_rate, "loss": loss, "accuracy": accuracy}
            if validation is not None:
                row["validation"] = _validate(model, validation, adversary, seed)
                if best is None or row["validation"] > best["validation"]:
                    best = row | {"model": _state(model)}
            trained.history.append(row)
            seen[:] = 0
        if _falls(snapshots, step, steps):
            trained.snapshots.append({"step": step + 1, "model": _state(model)})
        if checkpoint.due():
            state = {"step": step + 1, "seen": seen.tolist(), "best": best, "model": model.state_dict()}
            state |= {"history": trained.history, "snapshots": trained.snapshots, "passes": passes.counts()}
            state |= {"buffers": optimiser.buffers, "stream": batches.stream, "generator": generator.get_state()}
            checkpoint.save(state)
    if best is not None:
        log.info("validation: the weights of step %d, accuracy %.4f", best["step"], best["validation"])
        model.load_state_dict(best["model"])
    trained.cost = passes.counts()
    passes.stop()
    return trained


def _falls(times, step, steps):
    """Whether one of so many equidistant moments, the last of them the end, falls on a step."""
    return (step + 1) * times // steps > step * times // steps


def _state(model):
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _validate(model, validation, adversary, seed):
    """Accuracy under the attack of training with one start, or of clean images where the training has none."""
    images, labels, radius = validation
    device = next(model.parameters()).device
    images, labels = images.to(device), labels.to(device)
    model.requires_grad_(False)
    if adversary and adversary["steps"]:
        settings = {name: adversary[name] for name in ("norm", "steps", "step_size")}
        generator = torch.Generator().manual_seed(seed)
        _, predictions = attack(model, images, labels, radius, generator=generator, **settings)
    else:
        predictions = predict(model, images)
    model.requires_grad_(True)
    return (predictions == labels).float().mean().item()


def _augmented(normalise, x, augmentation, generator):
    """Augmented in normalised space, where the strategy's amounts belong; back in pixel space, clamped to [0, 1]."""
    augment = draw_augmentation(augmentation, generator, siamese=False)
    return normalise.inverse(augment(normalise(x))).clamp(0, 1)


class _Batches:
    """Endless batches of min(size, n) rows: permutations of all rows, one after the other, cut into equal pieces; or
    drawn in proportion to weights (n,), with replacement."""

    def __init__(self, n, size, generator, weights=None):
        self.n, self.size, self.generator, self.weights = n, min(size, n), generator, weights
        self.stream = torch.empty(0, dtype=torch.int64)

    def __next__(self):
        if self.weights is not None:
            return torch.multinomial(self.weights, self.size, replacement=True, generator=self.generator)
        while len(self.stream) < self.size:
            self.stream = torch.cat([self.stream, torch.randperm(self.n, generator=self.generator)])
        batch, self.stream = self.stream[: self.size], self.stream[self.size :].clone()
        return batch


def _autocast(precision, device):
    if PRECISIONS[precision] is None:
        return nullcontext
    return partial(torch.autocast, device.type, PRECISIONS[precision])
