"""Dataset condensation: real images and a budget in; synthetic images in [0, 1], labels and a history out.

What all methods share; each has a module of its own. As in their references, synthetic images are optimised in
normalised space, unconstrained; here they are clamped to [0, 1] at the end, and what that changed is recorded.
"""

from hashlib import sha256

import numpy as np
import torch

from finitecover.arrays import pixels
from finitecover.checkpoint import Checkpoint, restore_generators, save_generators
from finitecover.distribution_matching import DistributionMatching
from finitecover.gradient_matching import GradientMatching
from finitecover.jobs import log, progress
from finitecover.models import Normalise
from finitecover.optimiser import SGD
from finitecover.trajectory_matching import TrajectoryMatching

CONDENSATIONS = {
    "dc": GradientMatching,
    "dsa": GradientMatching,
    "dm": DistributionMatching,
    "mtt": TrajectoryMatching,
}
LOG_ENTRIES = 50  # rows of a condensation's history
CACHED = 2**22  # bytes of a network's first activations that go through it at a time on a CPU


class Task:
    """What a condensation works on: real images by class, synthetic ones in normalised space, its random numbers.

    images (n, c, h, w), uint8 or floats in [0, 1]; labels (n,); k: images per class; settings: of the method, "start"
    says where synthetic images begin: "real" ones or "noise", standard normal in normalised space. dataset: as for
    `build_model`. experts: trajectories, for the methods that follow some. Raises `ValueError` for a class with fewer
    than k images to start from.
    """

    def __init__(self, images, labels, k, settings, model, dataset, augmentation, seed, device, experts=()):
        self.images, self.k, self.settings, self.model, self.dataset = images, k, settings, model, dataset
        self.augmentation, self.device, self.experts = augmentation, device, experts
        self.rng = np.random.default_rng([seed, k])
        self.generator = torch.Generator().manual_seed(int(self.rng.integers(2**62)))
        self.normalise = Normalise(dataset["mean"], dataset["std"]).to(device)
        self.members = [np.flatnonzero(labels == label) for label in range(dataset["classes"])]
        if settings["start"] == "real":
            start = self._normalised(np.concatenate([self._drawn(rows, k) for rows in self.members]))
        else:
            start = torch.randn(k * dataset["classes"], *dataset["shape"], generator=self.generator).to(device)
        self.synthetic = start.requires_grad_()
        self.labels = torch.arange(dataset["classes"], device=device).repeat_interleave(k)

    def real(self, label):
        """A batch of real images of a class, normalised: at most `batch_real`, all different."""
        rows = self.members[label]
        return self._normalised(self._drawn(rows, min(self.settings["batch_real"], len(rows))))

    def pieces(self, images):
        """A batch cut so that a CPU's cache holds what a network makes of a piece; whole on a GPU.

        Memory, not arithmetic, bounds a wide network on a CPU: three times as fast there at width 128.
        """
        if self.device.type != "cpu":
            return (images,)
        return images.split(max(1, CACHED // (4 * self.model["width"] * images[0, 0].numel())))

    def own(self, label):
        """The synthetic images of a class, normalised."""
        return self.synthetic[label * self.k : (label + 1) * self.k]

    def network_seed(self):
        """A seed for the next network."""
        return int(self.rng.integers(2**31))

    def _drawn(self, rows, count):
        if count > len(rows):
            raise ValueError(f"{count} images per class asked for; a class has {len(rows)}")
        return np.sort(self.rng.choice(rows, size=count, replace=False))

    def _normalised(self, rows):
        return self.normalise(torch.from_numpy(pixels(self.images[rows])).to(self.device))


def condense(
    images, labels, k, *, settings, model, dataset, augmentation, seed, device, experts=(), state_path=None, code=""
):
    """(synthetic images (C * k, c, h, w) float32 in [0, 1], labels (C * k,), history, clamping).

    settings["algorithm"] is one of `CONDENSATIONS`, with "iterations", "learning_rate" and "momentum" of the synthetic
    images and what the algorithm takes; the rest is as for `Task`. history: mean loss of every stretch of iterations.
    clamping: share of pixels changed by clamping, mean and largest change. state_path: where to keep the state from
    time to time; what it holds of the same settings and `code` is gone on from, to the same bytes.
    """
    task = Task(images, labels, k, settings, model, dataset, augmentation, seed, device, experts)
    method = CONDENSATIONS[settings["algorithm"]](task)
    optimiser = SGD([task.synthetic], settings["learning_rate"], settings["momentum"])
    read = [sha256(np.ascontiguousarray(array)).hexdigest() for array in (images, labels, *experts)]
    key = [settings, k, model, dataset, augmentation, seed, read, str(device), code]
    checkpoint = Checkpoint(state_path, key)
    first, history, total, iterations = 0, [], [], settings["iterations"]
    if (state := checkpoint.load()) is not None:
        first, history, total = state["iteration"], state["history"], state["total"]
        restore_generators(state, task.rng, task.generator)
        optimiser.buffers = state["buffers"]
        method.restore(state["method"])
        with torch.no_grad():
            task.synthetic.copy_(state["synthetic"])
    for step in progress(iterations, f"condensing ({settings['algorithm']})", first):
        total.append(method.iterate(optimiser))
        if (step + 1) * LOG_ENTRIES // iterations > step * LOG_ENTRIES // iterations:
            history.append({"iteration": step + 1, "loss": float(np.mean(total))})
            total = []
        if checkpoint.due():
            state = {"iteration": step + 1, "history": history, "total": total, "buffers": optimiser.buffers}
            state["method"] = method.state()
            checkpoint.save(state | {"synthetic": task.synthetic.detach()} | save_generators(task.rng, task.generator))
    found, clamping = from_normalised(task.synthetic.detach().cpu(), dataset)
    return found, task.labels.cpu().numpy(), history, clamping


def from_normalised(images, dataset):
    """Normalised images (n, c, h, w) as pixels in [0, 1], and what clamping them changed: the share of pixels, the mean
    and the largest change."""
    found = Normalise(dataset["mean"], dataset["std"]).inverse(images).numpy()
    clamped = np.clip(found, 0, 1)
    change = np.abs(found - clamped)
    moved = change > 0
    summary = {
        "share": float(moved.mean()),
        "mean": float(change[moved].mean()) if moved.any() else 0.0,
        "largest": float(change.max()),
    }
    log.info("clamped to [0, 1]: %.2f %% of the pixels, by %.3g on average", 100 * summary["share"], summary["mean"])
    return clamped, summary
