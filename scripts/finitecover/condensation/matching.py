"""What all condensation methods share: the images they work on, the random numbers, the counts of their work.

As in the references, synthetic images are optimised in normalised space, unconstrained.
"""

from abc import ABC, abstractmethod
from functools import partial
from inspect import isclass

import numpy as np
import torch

from finitecover.jobs.checkpoint import restore_generators, save_generators
from finitecover.jobs.records import pixels
from finitecover.training.models import Normalise

CACHED = 2**23  # bytes of a network's first activations that go through it at a time on a CPU


class Task:
    """What a condensation works on: real images by class, synthetic ones in normalised space, its random numbers.

    images (n, c, h, w), uint8 or floats in [0, 1]; labels (n,); k: images per class; settings: of the method, "start"
    says where synthetic images begin: "real" ones, "noise", standard normal in normalised space, or elsewhere: at
    `start`, (C * k, c, h, w) in [0, 1], k of each class in their order. dataset: as for `build_model`. experts:
    trajectories, for the methods that follow some; teacher: a network that does not learn, for those that need one.
    Raises `ValueError` for a class with fewer than k images to start from, and for other images to start from than
    these.
    """

    def __init__(
        self,
        images,
        labels,
        k,
        settings,
        model,
        dataset,
        augmentation,
        seed,
        device,
        experts=(),
        start=None,
        teacher=None,
    ):
        self.images, self.k, self.settings, self.model, self.dataset = images, k, settings, model, dataset
        self.augmentation, self.device, self.experts = augmentation, device, experts
        self.teacher = teacher
        self.rng = np.random.default_rng([seed, k])
        self.generator = torch.Generator().manual_seed(int(self.rng.integers(2**62)))
        self.normalise = Normalise(dataset["mean"], dataset["std"]).to(device)
        self.members = [np.flatnonzero(labels == label) for label in range(dataset["classes"])]
        self.synthetic = self._begun(start).requires_grad_()
        self.labels = torch.arange(dataset["classes"], device=device).repeat_interleave(k)
        self.counts = {"images_seen": 0, "gradient_evaluations": 0}

    def real(self, label):
        """A batch of real images of a class, normalised: at most `batch_real`, all different."""
        rows = self.members[label]
        return self._normalised(self._drawn(rows, min(self.settings["batch_real"], len(rows))))

    def batches(self):
        """Rows of the synthetic images in random order, cut into batches of at most `batch_train`; None: one of all."""
        order = torch.randperm(len(self.labels), generator=self.generator).to(self.device)
        return order.split(self.settings["batch_train"] or len(order))

    def own(self, label):
        """The synthetic images of a class, normalised."""
        return self.synthetic[label * self.k : (label + 1) * self.k]

    def network_seed(self):
        """A seed for the next network."""
        return int(self.rng.integers(2**31))

    def pieces(self, images, *others):
        """Tuples of equally long parts of `images` and other tensors; whole on a GPU.

        Memory, not arithmetic, bounds a wide network on a CPU: it is faster where a piece's activations fit the cache.
        """
        size = len(images)
        if self.device.type == "cpu":
            size = max(1, CACHED // (4 * self.model["width"] * images[0, 0].numel()))
        return zip(*(tensor.split(size) for tensor in (images, *others)), strict=True)

    def count(self, images, gradients=1):
        """Note that so many images went forward through a network, and that a gradient went back `gradients` times."""
        self.counts["images_seen"] += images
        self.counts["gradient_evaluations"] += images * gradients

    def state(self):
        """What a checkpoint must hold."""
        kept = {"synthetic": self.synthetic.detach(), "counts": self.counts}
        return kept | save_generators(self.rng, self.generator)

    def restore(self, state):
        """Resume from a `state`."""
        with torch.no_grad():
            self.synthetic.copy_(state["synthetic"])
        self.counts = state["counts"]
        restore_generators(state, self.rng, self.generator)

    def _begun(self, start):
        """The synthetic images to begin with, normalised."""
        shape = (self.k * self.dataset["classes"], *self.dataset["shape"])
        if self.settings["start"] == "real":
            return self._normalised(np.concatenate([self._drawn(rows, self.k) for rows in self.members]))
        if self.settings["start"] == "noise":
            return torch.randn(shape, generator=self.generator).to(self.device)
        if np.shape(start) != shape:
            raise ValueError(f"start: {self.settings['start']} has images of shape {np.shape(start)}; expected {shape}")
        return self.normalise(torch.from_numpy(pixels(start)).to(self.device))

    def _drawn(self, rows, count):
        if count > len(rows):
            raise ValueError(f"asked for {count} images per class, but a class has {len(rows)}")
        return np.sort(self.rng.choice(rows, size=count, replace=False))

    def _normalised(self, rows):
        return self.normalise(torch.from_numpy(pixels(self.images[rows])).to(self.device))


class Method(ABC):
    """A condensation method: updates the synthetic images of a `Task`, one `iterate` after the other."""

    def __init__(self, task):
        self.task = task

    @abstractmethod
    def iterate(self, optimiser):
        """Update the synthetic images with an optimiser that holds them; the loss before, a number."""

    def state(self):
        """What a checkpoint must hold beside the task's: nothing, unless a method says more."""
        return {}

    def restore(self, state):  # noqa: B027 - a method without a state of its own has nothing to restore
        """Resume from a `state`."""

    def learned(self):
        """Numbers beside the images that users of the condensed set may want: {name: number}."""
        return {}


class _FunctionMatching(Method):
    """A method that is one function of a task: the loss that the synthetic images are moved against. `iterate` raises
    `ValueError` if it returns anything else."""

    def __init__(self, task, loss):
        super().__init__(task)
        self.loss = loss

    def iterate(self, optimiser):
        """Update the synthetic images once; the loss before, a number."""
        loss = self.loss(self.task)
        if not (torch.is_tensor(loss) and loss.dim() == 0 and loss.requires_grad):
            told = f"a tensor of shape {tuple(loss.shape)}" if torch.is_tensor(loss) else f"a {type(loss).__name__}"
            raise ValueError(f"returned {told}; expected a loss, a tensor of one number that has a gradient")
        optimiser.step(loss)
        return loss.item()


def as_method(own):
    """A `Method` of a class that is one, or of a function of a task that returns a loss."""
    return own if isclass(own) else partial(_FunctionMatching, loss=own)


def from_normalised(images, dataset):
    """Normalised images (n, c, h, w) as pixels in [0, 1], and what clamping them changed.

    The latter: {"clamped_share" of the pixels, "clamped_mean" and "clamped_largest" change}.
    """
    found = Normalise(dataset["mean"], dataset["std"]).inverse(images).numpy()
    clamped = np.clip(found, 0, 1)
    change = np.abs(found - clamped)
    moved = change > 0
    return clamped, {
        "clamped_share": float(moved.mean()),
        "clamped_mean": float(change[moved].mean()) if moved.any() else 0.0,
        "clamped_largest": float(change.max()),
    }
