"""One loop for standard, adversarial and generalised adversarial training.

Steps, not epochs, set the cost: a small training set and a large one get the same number of updates.
"""

import logging
import math
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from finitecover.guarded import seeded
from finitecover.jobs.checkpoint import Checkpoint, restore_global_generators, save_global_generators
from finitecover.jobs.progress import progress
from finitecover.training.attacks import attack, predict
from finitecover.training.augmentation import draw_augmentation
from finitecover.training.balls import float32_radii
from finitecover.training.objectives import make_objective
from finitecover.training.optimiser import SGD
from finitecover.training.passes import Passes

log = logging.getLogger(__name__)

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
    objective="clean",
    adversary=None,
    sampled=False,
    augmentation="",
    noise=0.0,
    seed,
    targets=None,
    validation=None,
    snapshots=0,
    checkpoint=None,
    description="training",
):
    """Train `model` in place; returns a `Trained`.

    images (n, c, h, w) in [0, 1], labels (n,), weights (n,) of the loss (1 each, or w_c of a cover), radii (n,) of the
    perturbations (eps, or eps + r_c: the generalised adversarial loss, arXiv 2402.05675), float64 or float32; in
    float32, as the images are, they are rounded up. optimisation: {"steps", "batch_size", "learning_rate", "momentum",
    "weight_decay", "precision"}. objective, adversary: as for `make_objective`, the adversary with "warmup" besides;
    radii grow linearly over that first share of the steps. sampled: images are drawn in proportion to the weights, with
    replacement, and weigh the same in the loss.
    augmentation: a strategy of `draw_augmentation`, of which every batch gets one operation, every image with its own
    amounts, before any perturbation. noise: standard deviation of Gaussian noise on every pixel (Cohen et al. 2019).
    targets: None, or probabilities of the classes (n, classes) that stand in the losses in the place of labels.
    validation: None, or images, labels and a radius: the weights returned are then those of the row of the history with
    the highest accuracy there, under the adversary's attack. snapshots: how many states to keep, at equal distances,
    the last of them at the end. checkpoint: keeps the state from time to time; training resumes from what it holds, to
    the same weights. Loss and accuracy are those on the (augmented, adversarial) batches, averaged since the row
    before; with interval bounds, accuracy is the share certified. Raises `ValueError` if the loss or a weight becomes
    NaN or infinite.
    """
    checkpoint = checkpoint or Checkpoint(None, None)
    device = next(model.parameters()).device
    steps, generator = optimisation["steps"], torch.Generator().manual_seed(seed)
    batches = _Batches(len(images), optimisation["batch_size"], generator, weights if sampled else None)
    weights, radii = torch.ones_like(weights) if sampled else weights / weights.mean(), float32_radii(radii)
    run = _Run(model, optimisation, batches, generator)
    loss_of = make_objective(objective, model, adversary, generator, _autocast(optimisation["precision"], device))
    with seeded(seed, device):  # your own networks may draw from global generators
        if (state := checkpoint.load()) is not None:
            run.restore(state)
        for step in progress(steps, description, run.step):
            rows = next(batches)
            x, y, weight = images[rows].to(device), labels[rows].to(device), weights[rows].to(device)
            target = y if targets is None else targets[rows].to(device)
            x = _varied(x, model.normalise, augmentation, noise, generator)
            growth = min(1.0, (step + 1) / max(1.0, adversary["warmup"] * steps)) if adversary else 0.0
            losses, logits = loss_of(x, target, radii[rows].to(device), growth)
            if objective == "intervals":
                run.passes.add(2 * len(x), 2 * len(x))  # midpoint and radius of a box
            run.update((weight * losses).mean(), (logits.argmax(1) == y).float().mean())
            if _falls(LOG_ENTRIES, step, steps):
                run.note(_validate(model, validation, adversary, seed))
            if _falls(snapshots, step, steps):
                run.trained.snapshots.append({"step": step + 1, "model": _state(model)})
            if checkpoint.due():
                checkpoint.save(run.state())
    return run.finish()


class _Run:
    """A training under way: model, optimiser, history, and the state that it can be resumed from."""

    def __init__(self, model, optimisation, batches, generator):
        self.model, self.batches, self.generator = model, batches, generator
        self.device = next(model.parameters()).device
        self.steps, self.peak = optimisation["steps"], optimisation["learning_rate"]
        self.optimiser = SGD(model.parameters(), self.peak, optimisation["momentum"], optimisation["weight_decay"])
        self.passes = Passes(model)
        self.step, self.seen, self.best = 0, np.zeros(3), None  # seen: sums of loss and accuracy, and their number
        self.trained = Trained([], [], {})

    def update(self, loss, accuracy):
        """One step of the optimiser, the learning rate falling along a cosine."""
        self.optimiser.learning_rate = self.peak * (1 + math.cos(math.pi * self.step / self.steps)) / 2
        self.optimiser.step(loss)
        self.step += 1
        found = loss.item()
        self._require(math.isfinite(found), "the loss")
        self.seen += [found, accuracy.item(), 1]

    def note(self, validation):
        """A row of the history; validation: accuracy there, or None."""
        loss, accuracy = (self.seen[:2] / self.seen[2]).tolist()
        row = {"step": self.step, "learning_rate": self.optimiser.learning_rate, "loss": loss, "accuracy": accuracy}
        if validation is not None:
            row["validation"] = validation
            if self.best is None or validation > self.best["validation"]:
                self.best = row | {"model": _state(self.model)}
        self.trained.history.append(row)
        self.seen[:] = 0

    def state(self):
        """What a checkpoint must hold."""
        state = {"step": self.step, "seen": self.seen.tolist(), "best": self.best, "model": self.model.state_dict()}
        state |= {"history": self.trained.history, "snapshots": self.trained.snapshots, "passes": self.passes.counts()}
        state |= {"buffers": self.optimiser.buffers, "stream": self.batches.stream}
        return state | {"generator": self.generator.get_state(), "global": save_global_generators(self.device)}

    def restore(self, state):
        """Resume from a `state`."""
        self.step, self.seen, self.best = state["step"], np.array(state["seen"]), state["best"]
        self.trained = Trained(state["history"], state["snapshots"], {})
        self.model.load_state_dict(state["model"])
        self.passes.restore(state["passes"])
        self.optimiser.buffers, self.batches.stream = state["buffers"], state["stream"]
        self.generator.set_state(state["generator"])
        restore_global_generators(state["global"], self.device)

    def finish(self):
        """The `Trained`, the model with the weights that validation chose, where there is one."""
        if self.best is not None:
            log.info("validation: the weights of step %d, accuracy %.4f", self.best["step"], self.best["validation"])
            self.model.load_state_dict(self.best["model"])
        self._require(all(value.isfinite().all() for value in self.model.state_dict().values()), "a weight")
        self.trained.cost = self.passes.counts()
        self.passes.stop()
        return self.trained

    def _require(self, finite, what):
        if not finite:
            raise ValueError(
                f"training diverged: at step {self.step} of {self.steps} {what} is NaN or infinite; lower the "
                f"learning_rate, which is {self.peak:g}"
            )


def _falls(times, step, steps):
    """Whether one of so many equidistant moments, the last of them the end, falls on a step."""
    return (step + 1) * times // steps > step * times // steps


def _state(model):
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _validate(model, validation, adversary, seed):
    """Accuracy under the attack of training with one start, or of clean images where the training has none; None
    without images to validate on."""
    if validation is None:
        return None
    images, labels, radius = validation
    device = next(model.parameters()).device
    images, labels = images.to(device), labels.to(device)
    model.eval().requires_grad_(False)
    if adversary and "steps" in adversary:
        settings = {name: adversary[name] for name in ("norm", "steps", "step_size")}
        generator = torch.Generator().manual_seed(seed)
        _, predictions = attack(model, images, labels, radius, generator=generator, **settings)
    else:
        predictions = predict(model, images)
    model.train().requires_grad_(True)
    return (predictions == labels).float().mean().item()


def _varied(x, normalise, augmentation, noise, generator):
    """A batch augmented in normalised space, where the strategy's amounts belong, and back in pixel space, clamped to
    [0, 1]; then under noise."""
    if augmentation:
        augment = draw_augmentation(augmentation, generator, siamese=False)
        x = normalise.inverse(augment(normalise(x))).clamp(0, 1)
    return x + noise * torch.randn(x.shape, generator=generator).to(x.device) if noise else x


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
