"""Answers of cells for tests: models of so many seeds on so many images."""

import numpy as np

from finitecover.reporting.answers import Answers

CLEAN = ("clean", "none", "0")
WORST = ("worst", "linf", "8/255")
N = 200


def answers(accuracies, n=N, chance=0.1, attacks=""):
    """Answers with the given accuracies, one per seed: of n images the first are answered rightly."""
    return Answers(np.stack([np.arange(n) < round(n * value) for value in accuracies]), np.arange(n), chance, attacks)


def cell(robust, clean=(0.8, 0.81, 0.82), size=WORST, **more):
    """{(attack, norm, eps): Answers} of a cell's clean and worst-case accuracies."""
    return {CLEAN: answers(clean[: len(robust)], attacks="clean"), size: answers(robust, **more)}
