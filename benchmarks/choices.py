"""What a training gives for its cost, on training images that were held out: what settings are chosen by.

updates: PGD training with and without augmentation, for several numbers of updates. warmup: the share of the updates
over which perturbations grow. eps: how many images standard models keep at each size of perturbation. Small sets,
random images and those nearest to k-means centroids, ten per class, are chosen from the training images that are left;
test images are never read. A row per data set and setting: clean accuracy and accuracy under PGD-20 in percent on the
images held out, means over sets and seeds, and core-seconds of a training.

Data come from the mirror folder in FINITECOVER_MIRROR.
"""

import argparse
import os
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import numpy as np
import torch
import yaml

from finitecover.coresets.selection import select
from finitecover.data import checks, sources
from finitecover.data.sampling import draw_examples
from finitecover.jobs.records import pixels
from finitecover.study.overlays import derive
from finitecover.study.settings import source_settings, training_settings
from finitecover.training.attacks import attack, predict
from finitecover.training.loop import train
from finitecover.training.models import build_model

ROOT = Path(__file__).parent.parent
PARTS = ("updates", "warmup", "eps")
HELD_OUT, PER_CLASS = 1000, 10
SETS = ("random", "kmeans")
UPDATES = {False: (100, 200, 500), True: (100, 200, 300, 500)}
WARMUPS = (0.0, 0.2, 0.5)
STATES = 15  # of a training, of which the last may be averaged
CHOSEN = 300  # updates with augmentation, for what is not about their number
SIZES = {"mnist": (0.1, 0.2, 0.3), "fashion-mnist": (0.05, 0.1, 0.15, 0.2), "cifar10-5k": (2 / 255, 4 / 255, 8 / 255)}


def configuration():
    """The default study's on these data sets, with the mirror folder that FINITECOVER_MIRROR names."""
    mirror = os.environ.get("FINITECOVER_MIRROR")
    if not mirror:
        sys.exit("FINITECOVER_MIRROR names no folder with the publishers' files")
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    config["run"]["datasets"] = list(SIZES)
    derive(config)
    config["data"]["mirror"] = mirror
    return config


class Data:
    """A data set's training images: those held out, small sets of the others, what networks need to know."""

    def __init__(self, name, config):
        with tempfile.TemporaryDirectory() as workspace:
            arrays, *_ = sources.read(source_settings(config, name), name, config["data"]["mirror"], Path(workspace))
        images, labels, _, _ = checks.standardise(*arrays)
        held_out = draw_examples(labels, HELD_OUT, seed=1)
        self.held_out = torch.from_numpy(pixels(images[held_out])), torch.from_numpy(labels[held_out])
        self.images, self.labels = np.delete(images, held_out, axis=0), np.delete(labels, held_out)
        mean, std = checks.channel_statistics(self.images)
        self.sets = {}
        self.known = {"shape": images.shape[1:], "classes": int(labels.max()) + 1, "mean": mean, "std": std}

    def small_set(self, algorithm, seed):
        """Images and labels, ten per class."""
        if (algorithm, seed) not in self.sets:
            chosen = select(algorithm, pixels(self.images), self.labels, PER_CLASS, np.random.default_rng(seed))
            found = torch.from_numpy(pixels(self.images[chosen])), torch.from_numpy(self.labels[chosen])
            self.sets[algorithm, seed] = found
        return self.sets[algorithm, seed]


def measure(data, name, config, settings, seeds):
    """(clean, robust, core-seconds): means over sets and seeds of PGD training.

    settings: {"updates", "augmented", "warmup"}.
    """
    asked = training_settings(config, name, "pgd-linf")
    adversary = asked["adversary"] | {"warmup": settings["warmup"]}
    augmentation = config["datasets"][name]["augmentation"] if settings["augmented"] else ""
    optimisation = config["optimisation"] | {"steps": settings["updates"], "precision": "float32"}
    found = []
    for algorithm in SETS:
        for seed in range(seeds):
            images, labels = data.small_set(algorithm, seed)
            start, changed = time.process_time(), {"adversary": adversary, "augmentation": augmentation}
            model = trained(data, config, images, labels, asked | changed | {"optimisation": optimisation}, seed)
            found.append([*judge(model, data, config, adversary), time.process_time() - start])
    return np.mean(found, axis=0)


def trained(data, config, images, labels, asked, seed, width=None, averaged=0, weights=None, enlarged=0.0, **how):
    """A network trained adversarially on images (n, c, h, w) as `training_settings` ask, in float32.

    width: of its layers, the study's where it is None; averaged: of how many of the last of `STATES` states it has the
    mean of the weights, 0 for those of the last update. weights: of the images, 1 each if None; enlarged: by
    how much the radius of each exceeds eps; how: what else `train` takes.
    """
    network = config["models"]["convnet"]
    model = build_model(network | {"width": width or network["width"]}, data.known, seed)
    ones = torch.ones(len(images))
    found = train(
        model, images, labels, ones if weights is None else weights, asked["adversary"]["eps"] * ones + enlarged,
        optimisation=asked["optimisation"] | {"precision": "float32"}, objective=asked["objective"],
        adversary=asked["adversary"], augmentation=asked["augmentation"], seed=seed,
        snapshots=STATES if averaged else 0, **how,
    )  # fmt: skip
    if averaged:
        states = [snapshot["model"] for snapshot in found.snapshots[-averaged:]]
        model.load_state_dict({name: sum(state[name] for state in states) / averaged for name in states[0]})
    return model


def survivals(data, name, config, seeds):
    """{eps: share of the images held out that standard models keep}, means over sets and seeds."""
    optimisation = config["optimisation"] | {"steps": CHOSEN, "precision": "float32"}
    augmentation, kept = config["datasets"][name]["augmentation"], []
    for algorithm in SETS:
        for seed in range(seeds):
            images, labels = data.small_set(algorithm, seed)
            model, ones = build_model(config["models"]["convnet"], data.known, seed), torch.ones(len(images))
            asked = {"optimisation": optimisation, "augmentation": augmentation, "seed": seed}
            train(model, images, labels, ones, 0 * ones, **asked)
            kept.append([judge(model, data, config, {"norm": "linf", "eps": eps})[1] for eps in SIZES[name]])
    return dict(zip(SIZES[name], np.mean(kept, axis=0), strict=True))


def judge(model, data, config, adversary):
    """Clean and robust accuracy on the images held out."""
    return tuple(right.double().mean().item() for right in correct(model, data, config, adversary))


def correct(model, data, config, adversary):
    """Which of the images held out a model gets right, clean and after the study's PGD: two tensors (n,)."""
    images, labels = data.held_out
    model.eval().requires_grad_(False)
    clean = predict(model, images) == labels
    pgd = {key: value for key, value in config["evaluation"]["attacks"]["pgd"].items() if key != "kind"}
    generator = torch.Generator().manual_seed(0)
    _, predictions = attack(model, images, labels, adversary["eps"], norm=adversary["norm"], generator=generator, **pgd)
    return clean, predictions == labels


def tried(part, config):
    """The settings of a part, dicts."""
    warmup = config["trainings"]["pgd-linf"]["warmup"]
    if part == "updates":
        pairs = [(augmented, updates) for augmented, numbers in UPDATES.items() for updates in numbers]
        return [{"augmented": augmented, "updates": updates, "warmup": warmup} for augmented, updates in pairs]
    return [{"augmented": True, "updates": CHOSEN, "warmup": share} for share in WARMUPS]


def arguments(description, parts, datasets):
    """The options of a benchmark that trains small sets; one thread from here on."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--datasets", nargs="+", default=datasets)
    parser.add_argument("--seeds", type=int, default=2)
    torch.set_num_threads(1)
    return parser.parse_args()


def main():
    """Print a table per part."""
    options = arguments(__doc__, PARTS, tuple(SIZES))
    config = configuration()
    loaded = {name: Data(name, config) for name in options.datasets}
    for part in [part for part in options.parts if part != "eps"]:
        print(f"\n| {part}: data set | augmented | updates | warm-up | clean % | robust % | core-seconds |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for name, data in loaded.items():
            for settings in tried(part, config):
                clean, robust, seconds = measure(data, name, config, settings, options.seeds)
                eps = float(Fraction(config["datasets"][name]["eps"]["linf"]["train"]))
                told = ("yes" if settings["augmented"] else "no", settings["updates"], settings["warmup"])
                told += (f"{100 * clean:.1f}", f"{100 * robust:.1f}", f"{seconds:.0f}")
                print(f"| {name}, linf {eps:.3g} | {' | '.join(map(str, told))} |", flush=True)
    if "eps" in options.parts:
        print("\n| eps: data set | what standard models keep, %, at linf |\n|---|---|", flush=True)
        for name, data in loaded.items():
            kept = survivals(data, name, config, options.seeds)
            print(
                f"| {name} | {', '.join(f'{eps:.3g}: {100 * share:.1f}' for eps, share in kept.items())} |", flush=True
            )


if __name__ == "__main__":
    main()
