"""Dataset condensation: real images and a budget in; synthetic images in [0, 1], labels and a history out.

Each method has a module of its own, what they share is in `matching`; those of the user's are in `own.condensations`.
Images are clamped to [0, 1] at the end, and what that changed is recorded.
"""

import logging
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

from finitecover.condensation.distribution_matching import AdversarialDistributionMatching, DistributionMatching
from finitecover.condensation.gradient_matching import GradientMatching
from finitecover.condensation.matching import Task, as_method, from_normalised
from finitecover.condensation.trajectory_matching import TrajectoryMatching
from finitecover.guarded import guarded, mixed, seeded
from finitecover.jobs.checkpoint import Checkpoint
from finitecover.jobs.progress import progress
from finitecover.own import condensations as own_condensations
from finitecover.study.extensions import own_objects
from finitecover.training.optimiser import SGD

log = logging.getLogger(__name__)

CONDENSATIONS = {
    "dc": GradientMatching,
    "dsa": GradientMatching,
    "dm": DistributionMatching,
    "dm-adversarial": AdversarialDistributionMatching,
    "mtt": TrajectoryMatching,
}
OWN = {name: as_method(own) for name, own in own_objects(own_condensations, classes=True).items()}
CONDENSATIONS |= OWN
LOG_ENTRIES = 50  # rows of a condensation's history
SNAPSHOTS = 6  # iterations whose images are kept, the first and the last among them


@dataclass
class Condensed:
    """A condensed set of C classes, k images each.

    images (C * k, c, h, w) float32 in [0, 1]; labels (C * k,); history: rows of {"iteration", "loss"}, the mean loss of
    every stretch of iterations; snapshots: records of {"iteration", "image" (C, c, h, w)}, the first image of every
    class over the iterations; summary: what clamping changed, images that networks saw, gradients evaluated per image,
    and what the method learned beside the images.
    """

    images: np.ndarray
    labels: np.ndarray
    history: list
    snapshots: np.ndarray
    summary: dict


def condense(
    images,
    labels,
    k,
    *,
    settings,
    model,
    dataset,
    augmentation,
    seed,
    device,
    experts=(),
    start=None,
    teacher=None,
    state_path=None,
    code="",
):
    """A `Condensed` of real images by settings["algorithm"], one of `CONDENSATIONS`.

    Your own condensations and networks may draw from global generators: the seed and the iteration decide their state.
    settings: further "iterations", "learning_rate" and "momentum" of the synthetic images and what the algorithm
    takes; the rest is as for `Task`. state_path: where to keep the state from time to time; what it holds of the same
    settings and `code` is resumed from, to the same bytes. Raises `ValueError` if an image becomes NaN or infinite, or
    if a condensation of your own fails.
    """
    task = Task(images, labels, k, settings, model, dataset, augmentation, seed, device, experts, start, teacher)
    algorithm = settings["algorithm"]
    with _watched(algorithm, device, seed, k):
        method = CONDENSATIONS[algorithm](task)
    optimiser = SGD([task.synthetic], settings["learning_rate"], settings["momentum"])
    given = [] if start is None else [start]
    given += [] if teacher is None else [parameters_to_vector(teacher.parameters()).cpu().numpy()]
    read = [sha256(np.ascontiguousarray(array)).hexdigest() for array in (images, labels, *experts, *given)]
    key = [settings, k, model, dataset, augmentation, seed, read, str(device), code]
    checkpoint = Checkpoint(state_path, key)
    first, history, total, iterations, snapshots = 0, [], [], settings["iterations"], []
    shown = set(np.linspace(0, iterations, SNAPSHOTS).round().astype(int).tolist())
    if (state := checkpoint.load()) is not None:
        first, history, total, snapshots = (state[key] for key in ("iteration", "history", "total", "snapshots"))
        optimiser.buffers = state["buffers"]
        method.restore(state["method"])
        task.restore(state["task"])
    for step in progress(iterations, f"condensing ({algorithm})", first):
        if step in shown:
            snapshots.append((step, _firsts(task)))
        with _watched(algorithm, device, seed, k, step):
            total.append(method.iterate(optimiser))
        _require_finite(task.synthetic, settings, step + 1)
        if (step + 1) * LOG_ENTRIES // iterations > step * LOG_ENTRIES // iterations:
            history.append({"iteration": step + 1, "loss": float(np.mean(total))})
            total = []
        if checkpoint.due():
            state = {"iteration": step + 1, "history": history, "total": total, "snapshots": snapshots}
            state |= {"buffers": optimiser.buffers, "method": method.state(), "task": task.state()}
            checkpoint.save(state)
    snapshots.append((iterations, _firsts(task)))
    found, clamping = from_normalised(task.synthetic.detach().cpu(), dataset)
    log.info("clamping to [0, 1] changed %.2f %% of the pixels", 100 * clamping["clamped_share"])
    return Condensed(
        images=found,
        labels=task.labels.cpu().numpy(),
        history=history,
        snapshots=_records(snapshots, dataset),
        summary=clamping | task.counts | method.learned(),
    )


@contextmanager
def _watched(algorithm, device, *numbers):
    """Have whole numbers decide the global random numbers, and errors of the user's own condensation begin with its
    name."""
    guard = guarded(f"own condensation {algorithm}") if algorithm in OWN else nullcontext()
    with seeded(mixed(*numbers), device), guard:
        yield


def _require_finite(images, settings, iteration):
    if not torch.isfinite(images).all():
        raise ValueError(
            f"{settings['algorithm']} diverged: at iteration {iteration} of {settings['iterations']} an image is NaN "
            f"or infinite; lower the learning_rate, which is {settings['learning_rate']:g}"
        )


def _firsts(task):
    """The first synthetic image of every class, normalised."""
    return task.synthetic.detach()[:: task.k].cpu().clone()


def _records(snapshots, dataset):
    records = np.zeros(len(snapshots), dtype=[("iteration", np.int64), ("image", np.float32, snapshots[0][1].shape)])
    records["iteration"] = [iteration for iteration, _ in snapshots]
    records["image"] = [from_normalised(images, dataset)[0] for _, images in snapshots]
    return records
