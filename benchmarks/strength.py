"""What makes a training stronger at the same cost, and at which size of perturbation sets can be told apart.

strength: TRADES instead of PGD, a network twice as wide with as many updates and with half of them, which take about as
long, and the mean of the weights over the last third of the updates (Izmailov et al. 2018). sizes: what all images and
small sets of CIFAR-10 reach where they are trained on against a size of perturbation and attacked at it. Small sets,
random images and those nearest to k-means centroids, ten per class, are chosen from the training images that are left;
test images are never read. Clean accuracy and accuracy under PGD-20 in percent on 1,000 training images that were held
out, means over sets and seeds, and core-seconds of a training.

Data come from the mirror folder in FINITECOVER_MIRROR.
"""

import sys
import time
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import numpy as np
import torch
from choices import CHOSEN, SETS, Data, arguments, configuration, judge, trained

from finitecover.jobs.records import pixels
from finitecover.study.settings import training_settings

PARTS = ("strength", "sizes")
COLOUR = "cifar10-50k"
# What is changed of the default training.
STRENGTHS = {
    "PGD": {},
    "PGD, weights averaged over the last third": {"averaged": 5},
    "TRADES": {"training": "trades-linf"},
    "PGD, width 32": {"width": 32},
    "PGD, width 32, half the updates": {"width": 32, "updates": CHOSEN // 2},
}
SIZES = {"2/255": 2 / 255, "4/255": 4 / 255, "8/255": 8 / 255}


def strengthened(data, name, config, changed, seeds):
    """(clean, robust, core-seconds): means over sets and seeds of a training of `STRENGTHS`."""
    asked = training_settings(config, name, changed.get("training", "pgd-linf"))
    asked["optimisation"] = asked["optimisation"] | {"steps": changed.get("updates", CHOSEN)}
    options, found = {key: changed[key] for key in ("width", "averaged") if key in changed}, []
    for algorithm, seed in product(SETS, range(seeds)):
        images, start = data.small_set(algorithm, seed), time.process_time()
        model = trained(data, config, *images, asked, seed, **options)
        seconds = time.process_time() - start
        found.append([*judge(model, data, config, asked["adversary"]), seconds])
    return np.mean(found, axis=0)


def reached(data, config, eps, algorithm, seeds):
    """(clean, robust): means over seeds of PGD training against a size of perturbation on a set, or on all images."""
    asked = training_settings(config, COLOUR, "pgd-linf")
    asked["adversary"] = asked["adversary"] | {"eps": eps}
    every, found = (torch.from_numpy(pixels(data.images)), torch.from_numpy(data.labels)), []
    for seed in range(seeds):
        images = every if algorithm == "all images" else data.small_set(algorithm, seed)
        found.append(judge(trained(data, config, *images, asked, seed), data, config, asked["adversary"]))
    return np.mean(found, axis=0)


def header(*names):
    """The first two lines of a Markdown table."""
    print(f"\n| {' | '.join(names)} |\n|{'---|' * len(names)}", flush=True)


def main():
    """Print a table per part."""
    options = arguments(__doc__, PARTS, ("mnist", "fashion-mnist", COLOUR))
    config = configuration()
    loaded = {name: Data(name, config) for name in options.datasets}
    if "strength" in options.parts:
        header("data set", "training", "clean %", "robust %", "core-seconds")
        for (name, data), (words, changed) in product(loaded.items(), STRENGTHS.items()):
            clean, robust, seconds = strengthened(data, name, config, changed, options.seeds)
            print(f"| {name} | {words} | {100 * clean:.1f} | {100 * robust:.1f} | {seconds:.0f} |", flush=True)
    if "sizes" in options.parts and COLOUR in loaded:
        header("data set", "linf", "trained on", "clean %", "robust %")
        for (text, eps), algorithm in product(SIZES.items(), ("all images", *SETS)):
            clean, robust = reached(loaded[COLOUR], config, eps, algorithm, options.seeds)
            print(f"| {COLOUR} | {text} | {algorithm} | {100 * clean:.1f} | {100 * robust:.1f} |", flush=True)


if __name__ == "__main__":
    main()
