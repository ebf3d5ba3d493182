"""Covers that give up the smallest radius for something else: outliers left out, smaller mean, density, features.

Any set of centres is a cover of some radius: what these are chosen for differs, what they guarantee is measured
afterwards in pixel space, as for any other.
"""

import numpy as np

from finitecover.covers import setcover
from finitecover.covers.arguments import check_budget, check_relaxations, checked, checked_features
from finitecover.covers.clustering import k_means
from finitecover.covers.distances import MEMORY, Distances, direct, left
from finitecover.covers.search import Search, cover_of, deadline_after, within_problem
from finitecover.covers.solver import late

PRECISION = 1e-2  # relative, of the radius of partial covers
CANDIDATES = 1000  # points tried in the place of each centre, drawn anew in each round
ROUNDS = 10
RELAXATIONS = ("uncovered", "slack", "density")  # what `relaxed_cover` takes beside a space


def checked_relaxations(settings):
    """Those settings of a cover that say what to choose it for, `settings` having nothing else; raises `ValueError` for
    a name that `relaxed_cover` does not know."""
    for name in settings:
        if name not in RELAXATIONS:
            raise ValueError(f"unknown key {name!r} of a relaxed cover; choose from {', '.join(RELAXATIONS)}")
    return settings


def relaxed_cover(
    points,
    k,
    norm="l2",
    time_limit=None,
    *,
    uncovered=0.0,
    slack=0.0,
    density=0.0,
    features=None,
    memory=MEMORY,
    device="cpu",
):
    """A cover with k centres of one class, chosen for other things than its radius alone.

    points: float array (n, ...) in [0, 1]. uncovered: share z of the points in [0, 1) that may be left out; centres are
    then those of the smallest radius found at which k balls hold the share 1 - z (maximum coverage, `most_covering`).
    slack: centres are exchanged for others while the mean distance (of the points that are not left out) falls and the
    radius has grown by no more than this share (k-medoids by exchanges, Kaufman and Rousseeuw 1990, under a
    constraint). density: share of the centres that are the images nearest to k-means centroids. features: (n, d), a
    space in which all this is done in l2 instead. The result's `covered` are the share 1 - z of the points nearest to
    their centres; `radius` is theirs. Nothing is proved of it: the lower bound is 0. Raises `ValueError` as
    `cover_with_budget` does, and for what none of these can be.
    """
    points, deadline = checked(points, norm), deadline_after(time_limit)
    check_budget(k, len(points))
    check_relaxations(uncovered, slack, density)
    where, metric = (points, norm) if features is None else (checked_features(features, len(points)), "l2")
    search = Search(where, metric, memory, device)
    dense = centres = np.array([], int)
    if by_density := round(density * k):
        dense = k_means(where, by_density, np.random.default_rng(0))
    if len(dense) < k:
        if uncovered:
            centres, reached = _partial(search, k - len(dense), uncovered)
        else:
            reached, centres, _ = search.find(k - len(dense), deadline, rough=True)
        if slack:
            centres = _closer(where, metric, centres, reached * (1 + slack), left(len(where), uncovered), deadline)
    centres = search.filled(np.union1d(centres, dense).astype(np.int64), k)
    distances = search.distances if features is None else Distances(points, norm, memory, device)
    return cover_of(distances, centres, uncovered)


def _partial(search, k, uncovered):
    """(k centres, radius) of the smallest radius found at which their balls hold the share 1 - uncovered."""
    wanted = left(search.distances.n, uncovered)
    low, (centres, high) = 0.0, search.farthest_first(k)
    while high - low > PRECISION * high:
        radius = (low + high) / 2
        found, count = setcover.most_covering(within_problem(search.distances, radius), k)
        if count >= wanted:
            high, centres = radius, found
        else:
            low = radius
    return centres, high


def _closer(points, norm, centres, limit, count, deadline):
    """As many centres of a smaller mean distance from the `count` points nearest to them, none of these farther than
    `limit`."""
    rng, centres = np.random.default_rng(0), centres.copy()
    near = direct(points, points[centres], norm)

    def nearest(distances):
        return distances if count == len(points) else np.partition(distances, count - 1, axis=0)[:count]

    for _ in range(ROUNDS):
        before = nearest(near.min(axis=1)).mean()
        candidates = np.sort(rng.permutation(len(points))[:CANDIDATES])
        table = direct(points, points[candidates], norm)
        for place in range(len(centres)):
            rest = np.delete(near, place, axis=1).min(axis=1, initial=np.inf)
            tried = nearest(np.minimum(rest[:, None], table))
            mean = np.where(tried.max(axis=0) <= limit, tried.mean(axis=0), np.inf)
            best = mean.argmin()
            if mean[best] < nearest(near.min(axis=1)).mean() * (1 - 1e-9):
                centres[place], near[:, place] = candidates[best], table[:, best]
        if late(deadline) or nearest(near.min(axis=1)).mean() > before * (1 - 1e-3):
            break
    return centres
