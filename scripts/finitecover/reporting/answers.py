"""What models answered, image by image: the records of attacks as a matrix for each cell, attack and size."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from finitecover.jobs.records import load_parquet
from finitecover.reporting.intervals import Estimate, difference_of, floor, interval_of_mean, mean_of


class Answers(NamedTuple):
    """Of models that differ in their seed alone, under one attack of one size.

    correct (s, n): whether the model of a seed was right about an image; examples (n,): positions of the images in the
    test set; chance: the largest share of a class among them, which a constant answer reaches; attacks: names of all
    attacks that the images went through at this size, joined by " + ".
    """

    correct: np.ndarray
    examples: np.ndarray
    chance: float
    attacks: str = ""

    def interval(self):
        """(mean, low, high) of the accuracy."""
        estimate, n = mean_of(self.correct), self.correct.shape[1]
        return (estimate.value, *interval_of_mean(estimate, n))

    def above_chance(self):
        """Whether the accuracy is above that of a constant answer, beyond its interval; for a single seed over images
        alone."""
        estimate, n = mean_of(self.correct), self.correct.shape[1]
        if np.isnan(estimate.variance):
            p = estimate.value
            estimate = Estimate(p, max(p * (1 - p) / n, floor(n)), max(n - 1, 1))
        low, _ = interval_of_mean(estimate, n)
        return bool(low > self.chance)

    def less(self, other):
        """(`Estimate` of the accuracy less that of other answers, on the images that both have; their number). Raises
        `ValueError` where they share none."""
        shared = np.intersect1d(self.examples, other.examples, assume_unique=True)
        if not len(shared):
            raise ValueError("models that were attacked on different images cannot be compared; attack them again")
        sides = (side.correct[:, np.searchsorted(side.examples, shared)] for side in (self, other))
        return difference_of(*sides), len(shared)


def gained(after, before):
    """How far answers are better than others of the same images and seeds: `Answers` of 1, 0 and -1 image by image.

    Raises `ValueError` where the images or the number of seeds differ.
    """
    if len(after.correct) != len(before.correct) or not np.array_equal(after.examples, before.examples):
        raise ValueError("what is gained needs models of as many seeds, attacked on the same images")
    return after._replace(correct=after.correct.astype(np.int8) - before.correct)


def read_answers(paths):
    """{(attack, norm, eps): Answers} of the records of models that differ in their seed alone, in the first's order.

    paths: Parquet files with the columns example, label, attack, norm, eps, correct. Raises `ValueError` where seeds
    were not attacked on the same images.
    """
    of_seeds = [_read(path) for path in paths]
    found = {}
    for path, answers in zip(paths, of_seeds, strict=True):
        if answers.keys() != of_seeds[0].keys():
            raise ValueError(f"{path}: other attacks than {paths[0]}; attack its models again")
    for key, first in of_seeds[0].items():
        rows = [answers[key] for answers in of_seeds]
        for path, row in zip(paths, rows, strict=True):
            if any(not np.array_equal(row[name], first[name]) for name in ("example", "label")):
                raise ValueError(f"{path}: other images than {paths[0]}; attack its models again")
        chance = np.bincount(first["label"]).max() / len(first["label"])
        found[key] = Answers(np.stack([row["correct"] for row in rows]), first["example"], chance)
    return {key: answers._replace(attacks=_attacks(found, key)) for key, answers in found.items()}


def by_cell(runs, paths):
    """Pairs of a cell, the first of its runs, and the paths of all its seeds.

    runs: dicts of dataset, training_set, method, ipc, training, model, seed, in the order of the paths.
    """
    cells = {}
    for run, path in zip(runs, paths, strict=True):
        key = tuple(value for name, value in run.items() if name != "seed")
        cells.setdefault(key, (run, []))[1].append(path)
    return list(cells.values())


def _read(path):
    table = load_parquet(path, ["example", "label", "attack", "norm", "eps", "correct"])
    # Records are blocks, one per attack, norm and size.
    keys = [table.pop(name) for name in ("attack", "norm", "eps")]
    starts = np.flatnonzero(np.r_[True, np.logical_or.reduce([key[1:] != key[:-1] for key in keys])])
    blocks = zip(starts, [*starts[1:], len(keys[0])], strict=True)
    return {
        tuple(str(key[start]) for key in keys): {name: column[start:end] for name, column in table.items()}
        for start, end in blocks
    }


def _attacks(found, key):
    """The attacks that the images of the worst case went through, at this size and at smaller ones alone; of any other
    row the attack itself."""
    attack, norm, eps = key
    if attack != "worst":
        return attack
    own, size = [name for name, *of in found if of == [norm, eps] and name != "worst"], Fraction(eps)
    smaller = [name for name, of, other in found if of == norm and name != "worst" and Fraction(other) < size]
    smaller = [name for name in dict.fromkeys(smaller) if name not in own]
    return " + ".join(own) + (f"; at smaller sizes {' + '.join(smaller)}" if smaller else "")
