"""Intervals of accuracies and of their differences over two sources of chance: seeds and test images.

A cell is what models that differ in their seed alone answer: `correct` (s, n), whether seed a's model is right about
image i. Seeds and images are crossed, and both are samples: the next training has another seed, the next photo is
another image. With y_ai = mu + A_a + B_i + e_ai, all independent, of variances v_A, v_B, v_e, the mean over all has

    Var = v_A / s + v_B / n + v_e / (s n),

and the mean squares of the two-way layout without replication, M_A over seeds, M_B over images, M_e of what is left,
have the expectations n v_A + v_e, s v_B + v_e and v_e (Searle, Casella and McCulloch 1992, Variance Components, table
4.10), so that (M_A - M_e) / (s n) + (M_B - M_e) / (s n) + M_e / (s n) estimates it, each part at least zero.

The difference of two cells on the same images keeps what images have in common out: with d_i the difference of the two
cells' means at image i, var(d_i) / n holds the images and the rest of both cells, and each cell adds its seeds'
(M_A - M_e) / (s n). Seeds of two cells are no pairs. Degrees of freedom are Satterthwaite's (1946): the square of the
sum over the sum of squares by degrees of freedom. No variance is less than if one image in n were answered otherwise.

Variances are not shrunk across the cells of a study: with a hundred images and more those over images prevail, and
three seeds leave degrees of freedom enough.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95


class Estimate(NamedTuple):
    """A mean or a difference of means, the variance of its error, and the degrees of freedom of that."""

    value: float
    variance: float
    freedom: float


class Parts(NamedTuple):
    """Mean squares (M_A, M_B, M_e) of a cell of s seeds and n images."""

    seeds: float
    images: float
    rest: float
    s: int
    n: int

    @property
    def of_seeds(self):
        """Variance of the mean that is due to seeds."""
        return max(self.seeds - self.rest, 0.0) / (self.s * self.n)

    def terms(self):
        """(variance, degrees of freedom) of what `of_seeds` is made of."""
        if not self.of_seeds:
            return []
        scale = self.s * self.n
        return [(self.seeds / scale, self.s - 1), (self.rest / scale, (self.s - 1) * (self.n - 1))]


def mean_of(correct):
    """`Estimate` of the accuracy of a cell; without a variance where there is one seed alone, or one image.

    correct: (s, n) booleans, a row per seed, the same images in each.
    """
    correct = np.asarray(correct, dtype=np.float64)
    s, n = correct.shape
    if min(s, n) < 2:
        return Estimate(correct.mean(), np.nan, np.nan)
    parts = _parts(correct)
    images = max(parts.images, parts.rest) / (s * n)
    return _estimate(correct.mean(), parts.of_seeds + images, [*parts.terms(), (images, n - 1)], n)


def difference_of(first, second):
    """`Estimate` of the accuracy of one cell less that of another on the same images.

    first, second: (s, n) and (t, n) booleans. Raises `ValueError` where the images differ in number.
    """
    first, second = (np.asarray(side, dtype=np.float64) for side in (first, second))
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"cells of {first.shape[1]} and {second.shape[1]} images cannot be compared image by image")
    n, value = first.shape[1], first.mean() - second.mean()
    if min(len(first), len(second), n) < 2:
        return Estimate(value, np.nan, np.nan)
    sides = [_parts(side) for side in (first, second)]
    images = (first.mean(axis=0) - second.mean(axis=0)).var(ddof=1) / n
    terms = [term for side in sides for term in side.terms()]
    return _estimate(value, sum(side.of_seeds for side in sides) + images, [*terms, (images, n - 1)], n)


def interval_of_mean(estimate, n, level=LEVEL):
    """(low, high) of an accuracy, inside [0, 1]: Wilson's interval (1927) with as many images as the variance is worth,
    and Student's quantile. n: the images of the cell, which is what they are worth where hardly an answer differs."""
    if np.isnan(estimate.variance):
        return np.nan, np.nan
    p, quantile = estimate.value, stats.t.ppf((1 + level) / 2, estimate.freedom) ** 2
    worth = n if estimate.variance <= floor(n) else p * (1 - p) / estimate.variance
    middle, half = p + quantile / (2 * worth), np.sqrt(quantile * (p * (1 - p) + quantile / (4 * worth)) / worth)
    ends = (middle - half) / (1 + quantile / worth), (middle + half) / (1 + quantile / worth)
    return max(ends[0], 0.0), min(ends[1], 1.0)


def interval_of_difference(estimate, level=LEVEL):
    """(low, high) of a difference of accuracies, inside [-1, 1]: Student's."""
    if np.isnan(estimate.variance):
        return np.nan, np.nan
    half = stats.t.ppf((1 + level) / 2, estimate.freedom) * np.sqrt(estimate.variance)
    return max(estimate.value - half, -1.0), min(estimate.value + half, 1.0)


def p_value(estimate):
    """Of the hypothesis that a difference is zero, against both sides; NaN without a variance."""
    return 2 * stats.t.sf(abs(estimate.value) / np.sqrt(estimate.variance), estimate.freedom)


def holm_levels(p_values, level=LEVEL):
    """The level at which each of several intervals leaves out zero exactly where Holm's procedure (1979) rejects it.

    Of m hypotheses the one with the smallest p-value is put to the test at (1 - level) / m, the next at
    (1 - level) / (m - 1), until one is not rejected; that one and all that follow keep its level. Returns an array.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    levels, m = np.empty(len(p_values)), len(p_values)
    error = (1 - level) / max(m, 1)
    rejecting = True
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        if rejecting:
            error = (1 - level) / (m - rank)
            rejecting = p_values[place] <= error
        levels[place] = 1 - error
    return levels


def _parts(correct):
    s, n = correct.shape
    total, seeds, images = correct.mean(), correct.mean(axis=1), correct.mean(axis=0)
    rest = correct - seeds[:, None] - images + total
    return Parts(
        seeds=n * ((seeds - total) ** 2).sum() / (s - 1),
        images=s * ((images - total) ** 2).sum() / (n - 1),
        rest=(rest**2).sum() / ((s - 1) * (n - 1)),
        s=s,
        n=n,
    )


def floor(n):
    """Variance of a mean over n images of which one is answered otherwise: the least of any."""
    return (1 - 1 / n) / n**2


def _estimate(value, variance, terms, n):
    """The `Estimate` with Satterthwaite's degrees of freedom of terms (variance, degrees of freedom), or the floor."""
    if variance <= floor(n):
        return Estimate(value, floor(n), n - 1)
    return Estimate(value, variance, variance**2 / sum(term**2 / freedom for term, freedom in terms))
