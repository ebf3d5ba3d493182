"""Where the paper's method does best, and worst: minimal covers of ten images per class, on training images held out.

covers: the norm and the space in which the radius is minimal, and covers that give up some of it, with PGD training
against eps. trainings: weights w_c in the loss or in the drawing of images, and radii eps + s r_c with weights, for
shares s of the covers' radii (1 is generalised training), on the minimal cover and on that of the first part which
does best. Augmentation and updates are those of the default study; a row per cover or training: clean accuracy and
accuracy under PGD-20 in percent on 1,000 training images held out, means over seeds of the training.

Data come from the mirror folder in FINITECOVER_MIRROR; test images are never read.
"""

import os
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import numpy as np
import torch
from choices import PER_CLASS, Data, arguments, configuration, judge, trained
from controls import row

from embed_dataset import principal_components
from finitecover.covers import cover_with_budget
from finitecover.covers.relaxed import relaxed_cover
from finitecover.covers.search import label_wise, represented
from finitecover.jobs.records import pixels
from finitecover.study.settings import training_settings

PARTS = ("covers", "trainings")
MINIMAL = "minimal radius, l2"
COVERS = {
    MINIMAL: cover_with_budget,
    "minimal radius, l1": partial(cover_with_budget, norm="l1"),
    "minimal radius, linf": partial(cover_with_budget, norm="linf"),
    "minimal radius in principal components": None,  # of all classes together
    "radius up to half larger": partial(relaxed_cover, slack=0.5),
    "half of the centres by k-means": partial(relaxed_cover, density=0.5),
    "a tenth of the images left out": partial(relaxed_cover, uncovered=0.1),
    "half of the images left out": partial(relaxed_cover, uncovered=0.5),
    "nine tenths of the images left out": partial(relaxed_cover, uncovered=0.9),
}
SHARES = (0.03, 0.1, 0.3, 1)  # of the radii r_c


class Covered:
    """A data set's training images, and the covers that are tried on them."""

    def __init__(self, name, config):
        self.name, self.config, self.data = name, config, Data(name, config)
        self.images, self.found = pixels(self.data.images), {}
        self.asked = training_settings(config, name, "pgd-linf")

    def cover(self, kind):
        """(centres, labels, weights w_c, radii r_c in the training's norm), as tensors."""
        if kind not in self.found:
            points, labels = self.images.reshape(len(self.images), -1), self.data.labels
            cover, _ = label_wise(points, labels, self._solver(kind, points, labels), threads=os.cpu_count())
            weight, radii = represented(points, cover)
            chosen = self.images[cover.indices], labels[cover.indices], weight, radii[self.asked["adversary"]["norm"]]
            self.found[kind] = tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in chosen)
        return self.found[kind]

    def _solver(self, kind, points, labels):
        if COVERS[kind]:
            return lambda members, label: COVERS[kind](members, PER_CLASS)
        features = principal_components(points).astype(np.float32)
        return lambda members, label: relaxed_cover(members, PER_CLASS, features=features[labels == label])

    def told(self, kind, seeds, weighted=False, sampled=False, share=0.0):
        """(clean, robust): means over seeds of PGD training on a cover against eps + share r_c."""
        images, labels, weight, radii = self.cover(kind)
        how = {
            "weights": weight.float() if weighted or sampled else None,
            "enlarged": share * radii,
            "sampled": sampled,
        }
        found = []
        for seed in range(seeds):
            model = trained(self.data, self.config, images, labels, self.asked, seed, **how)
            found.append(judge(model, self.data, self.config, self.asked["adversary"]))
        return np.mean(found, axis=0)


def percent(judged):
    """Entries of a row."""
    return [f"{100 * share:.1f}" for share in judged]


def main():
    """Print a table per part."""
    options = arguments(__doc__, PARTS, ("mnist", "fashion-mnist"))
    config = configuration()
    loaded = [Covered(name, config) for name in options.datasets]
    best = {}
    if "covers" in options.parts:
        row("data set", "ten images per class", "clean %", "robust %")
        row(*["---"] * 4)
        for found in loaded:
            judged = {kind: found.told(kind, options.seeds) for kind in COVERS}
            best[found.name] = max(judged, key=lambda kind: judged[kind][1])
            for kind, shares in judged.items():
                row(found.name, kind, *percent(shares))
    if "trainings" in options.parts:
        print()
        row("data set", "cover", "training", "clean %", "robust %")
        row(*["---"] * 5)
        trainings = {"w_c in the loss": {"weighted": True}, "images drawn by w_c": {"sampled": True}}
        trainings |= {f"w_c in the loss, eps + {share} r_c": {"weighted": True, "share": share} for share in SHARES}
        for found in loaded:
            for kind in dict.fromkeys([MINIMAL, best.get(found.name, MINIMAL)]):
                for words, changed in trainings.items():
                    row(found.name, kind, words, *percent(found.told(kind, options.seeds, **changed)))


if __name__ == "__main__":
    main()
