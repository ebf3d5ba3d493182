"""Why free centres make robust training sets: controls that tell the explanations apart, on training images held out.

sets: free centres beside images that share one of their properties each and lack the others. starts: distribution
matching (DM) from random images, from those nearest to k-means centroids (as DREAM has it, Liu et al., ICCV 2023) and
from free centres, over its iterations. Ten images per class; PGD training with augmentation as in the default study; a
row per set: mean and largest l2 distance of a training image from the nearest image of its class, clean accuracy and
accuracy under PGD-20 in percent on 1,000 training images held out, and what is left on 500 of them after APGD-T with
three targets (PGD-20 overrates models of means); means over seeds of the training.

Data come from the mirror folder in FINITECOVER_MIRROR; test images are never read.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import numpy as np
import torch
from choices import PER_CLASS, Data, arguments, configuration, correct, trained

from finitecover.condensation.loop import condense
from finitecover.coresets.selection import SELECTIONS
from finitecover.covers import free_cover
from finitecover.covers.free import covered_by
from finitecover.evaluation.library_attacks import autoattack
from finitecover.jobs.records import pixels
from finitecover.study.settings import training_settings

PARTS = ("sets", "starts")
ITERATIONS = (0, 100, 400)
ROBUST = ("PGD-20 %", "APGD-T %")
EXAMPLES = 500  # of the images held out, for APGD-T


def real(points, rng, free):
    """Random images."""
    return points[SELECTIONS["random"](points, PER_CLASS, rng)]


def medoids(points, rng, free):
    """The images nearest to k-means centroids: in the right places, as sharp as images are."""
    return points[SELECTIONS["kmeans"](points, PER_CLASS, rng)]


def blurred(points, rng, free):
    """Medoids with the mean amplitudes of the free centres, frequency by frequency: as blurred as means."""
    side = int(np.sqrt(points.shape[1]))
    sharp, soft = medoids(points, rng, free).reshape(-1, side, side), free.centres.reshape(-1, side, side)
    amplitudes = [np.abs(np.fft.fft2(images)).mean(axis=0) for images in (soft, sharp)]
    changed = np.fft.fft2(sharp) * (amplitudes[0] / np.maximum(amplitudes[1], 1e-12))
    return np.fft.ifft2(changed).real.clip(0, 1).reshape(PER_CLASS, -1)


def means_of(m):
    """Means of m random images each: blurred, in the places of no cluster."""

    def made(points, rng, free):
        return np.array([points[rng.choice(len(points), m, replace=False)].mean(axis=0) for _ in range(PER_CLASS)])

    return made


def wrong_clusters(points, rng, free):
    """Means of random parts as large as the clusters: all of them near the mean of the class."""
    return np.array([points[rng.permutation(free.assignment) == place].mean(axis=0) for place in range(PER_CLASS)])


def varied(points, rng, free):
    """Each pixel from an image of the cluster that is drawn anew: the mean and the variance of every pixel are kept."""
    made = []
    for place in range(PER_CLASS):
        own = points[free.assignment == place]
        made.append(own[rng.integers(0, len(own), points.shape[1]), np.arange(points.shape[1])])
    return np.array(made)


def of_power(power):
    """Free centres of a power."""
    return lambda points, rng, free: free_cover(points, PER_CLASS, power).centres


SETS = {
    "random images": real,
    "medoids": medoids,
    "medoids, blurred as the means": blurred,
    "means of 2 random images": means_of(2),
    "means of 8 random images": means_of(8),
    "means of random parts, sizes of the clusters": wrong_clusters,
    "free, power 2, each pixel with its variance": varied,
    "free, power 1": of_power(1),
    "free, power 2": lambda points, rng, free: free.centres,
    "free, power 4": of_power(4),
    "free, smallest radius": of_power(np.inf),
}


class Controlled:
    """A data set's training images by class, their free centres, and what is made of them."""

    def __init__(self, name, config):
        self.name, self.config, self.data = name, config, Data(name, config)
        images, self.labels = pixels(self.data.images), self.data.labels
        self.points = [images[self.labels == label].reshape(-1, images[0].size) for label in np.unique(self.labels)]
        self.free = [free_cover(points, PER_CLASS) for points in self.points]

    def made(self, kind, seed):
        """Images of all classes (C * k, d)."""
        rng = np.random.default_rng(seed)
        classes = zip(self.points, self.free, strict=True)
        return np.concatenate([SETS[kind](points, rng, free) for points, free in classes]).astype(np.float32)

    def condensed(self, start, iterations, seed):
        """Images of all classes after so many iterations of DM from a start."""
        begun = self.made(start, seed)
        if not iterations:
            return begun
        settings = self.config["methods"]["dm"] | {"iterations": iterations, "start": start}
        found = condense(
            self.data.images, self.labels, PER_CLASS, settings=settings, model=self.config["models"]["convnet"],
            dataset=self.data.known, augmentation=self.config["datasets"][self.name]["augmentation"], seed=seed,
            device=torch.device("cpu"), start=begun.reshape(-1, *self.data.known["shape"]),
        )  # fmt: skip
        return found.images.reshape(len(begun), -1)

    def told(self, images, seed):
        """(mean distance, largest distance, clean, robust under PGD-20, and after APGD-T) of a set."""
        each = zip(self.points, np.split(images, len(self.points)), strict=True)
        covers = [covered_by(points, own, "l2") for points, own in each]
        mean = np.mean(np.concatenate([cover.distances for cover in covers]))
        return mean, max(cover.radius for cover in covers), *self._trained(images, seed)

    def _trained(self, images, seed):
        asked = training_settings(self.config, self.name, "pgd-linf")
        x = torch.from_numpy(images.reshape(-1, *self.data.known["shape"]))
        y = torch.arange(len(self.points)).repeat_interleave(PER_CLASS)
        model, adversary = trained(self.data, self.config, x, y, asked, seed), asked["adversary"]
        clean, survived = correct(model, self.data, self.config, adversary)
        judged = (right.double().mean().item() for right in (clean, survived))
        return *judged, self._worst_case(model, adversary, survived[:EXAMPLES])

    def _worst_case(self, model, adversary, survived):
        """Share of the first `EXAMPLES` images held out that survived PGD-20 and that APGD-T does not break."""
        images, labels = (part[:EXAMPLES] for part in self.data.held_out)
        left = survived.nonzero().flatten()
        asked = {"components": ["apgd-t"], "targets": 3, "seed": 0, "norm": adversary["norm"]}
        _, broken_by = autoattack(model, images[left], labels[left], adversary["eps"], **asked)
        return (broken_by == "").sum() / len(images)


def row(*entries):
    """A line of a table."""
    print("| " + " | ".join(map(str, entries)) + " |", flush=True)


def means(controlled, made, seeds):
    """Entries of a row: means over seeds of what `told` says of the images that `made(seed)` returns."""
    found = np.mean([controlled.told(made(seed), seed) for seed in range(seeds)], axis=0)
    return *(f"{distance:.2f}" for distance in found[:2]), *(f"{100 * share:.1f}" for share in found[2:])


def main():
    """Print a table per part."""
    options = arguments(__doc__, PARTS, ("mnist", "fashion-mnist"))
    config = configuration()
    loaded = [Controlled(name, config) for name in options.datasets]
    if "sets" in options.parts:
        row("data set", "ten images per class", "mean distance", "largest", "clean %", *ROBUST)
        row(*["---"] * 7)
        for found in loaded:
            for kind in SETS:
                row(found.name, kind, *means(found, lambda seed, f=found, k=kind: f.made(k, seed), options.seeds))
    if "starts" in options.parts:
        print()
        row("data set", "DM starts from", "iterations", "mean distance", "largest", "clean %", *ROBUST)
        row(*["---"] * 8)
        for found in loaded:
            for start in ("random images", "medoids", "free, power 2"):
                for number in ITERATIONS:
                    made = lambda seed, f=found, s=start, n=number: f.condensed(s, n, seed)  # noqa: E731
                    row(found.name, start, number, *means(found, made, options.seeds))


if __name__ == "__main__":
    main()
