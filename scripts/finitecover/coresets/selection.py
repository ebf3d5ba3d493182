"""Selections of real images by class, in pixel space: points (n, d), budget k, generator in; k sorted indices out.

For deterministic selections (k-centre, herding, MaxHerding, EasyCore) the generator is not used: seeds then vary the
training alone. ProbCover is given the images of other classes, too, EasyCore scores.
"""

import numpy as np
from sklearn.metrics import pairwise_distances, pairwise_distances_chunked
from sklearn.metrics.pairwise import rbf_kernel

from finitecover.covers.clustering import k_means, squared_distances
from finitecover.guarded import guarded, seeded
from finitecover.own import selections as own_selections
from finitecover.study.extensions import own_objects


def random_subset(points, k, rng):
    """k points uniformly without replacement."""
    return np.sort(rng.choice(len(points), size=k, replace=False))


def k_centre(points, k, rng):
    """Farthest-first traversal in l2 from the point nearest the mean (Gonzalez 1985; Sener and Savarese 2018)."""
    centre = int(squared_distances(points, points.mean(axis=0)).argmin())
    chosen, nearest = [centre], squared_distances(points, points[centre])
    while len(chosen) < k:
        nearest[chosen[-1]] = -1.0  # never chosen again, even where duplicates leave only zeros
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, squared_distances(points, points[chosen[-1]]))
    return np.sort(chosen)


def herding(points, k, rng):
    """Greedy choice of points whose mean stays closest to that of all (Welling 2009; iCaRL, Rebuffi et al. 2017)."""
    mean = points.mean(axis=0)
    total, chosen = np.zeros_like(mean), []
    for size in range(1, k + 1):
        # ||mean - (total + x) / size||^2 up to a constant, for every x at once
        gap = size * mean - total
        score = np.einsum("ij,ij->i", points, points) - 2 * points @ gap
        score[chosen] = np.inf
        chosen.append(int(score.argmin()))
        total += points[chosen[-1]]
    return np.sort(chosen)


def max_herding(points, k, rng):
    """Greedy choice of points such that the similarity of every point to its most similar one grows most (MaxHerding,
    Bae et al. 2024, arXiv 2407.12212). The kernel is Gaussian; its width, the root mean square distance, is ours."""
    spread = 2 * points.var(axis=0).sum()
    kernel = rbf_kernel(points, gamma=1 / spread if spread else 1.0)
    reached, chosen = np.zeros(len(points), kernel.dtype), []
    for _ in range(k):
        gains = np.maximum(kernel - reached, 0).mean(axis=1)
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        reached = np.maximum(reached, kernel[chosen[-1]])
    return np.sort(chosen)


def prob_cover(points, k, rng, others):
    """Greedy choice of points whose balls hold most points not yet held (ProbCover, Yehuda et al. 2022, arXiv
    2205.11320). The radius is the largest at which 95 % of the balls hold no image of another class: with labels at
    hand, classes stand in the place of the reference's clusters. others (m, d): images of the other classes."""
    asked = points[rng.permutation(len(points))[:ASKED]]
    nearest = pairwise_distances_chunked(asked, others, reduce_func=lambda part, _: part.min(axis=1))
    radius = np.quantile(np.concatenate(list(nearest)), 1 - PURE)
    held, chosen = pairwise_distances(points) <= radius, []
    for _ in range(k):
        gains = held.sum(axis=1)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        held[:, held[chosen[-1]]] = False
    return np.sort(chosen)


def easiest(points, k, rng, scores):
    """The k points with the lowest scores (n,), which say how hard they are (EasyCore, Ramesh et al. 2025, arXiv
    2510.11018; `coresets.hardness`)."""
    return np.sort(np.argsort(scores, kind="stable")[:k])


SELECTIONS = {
    "random": random_subset,
    "kcenter": k_centre,
    "herding": herding,
    "kmeans": k_means,
    "maxherding": max_herding,
    "probcover": prob_cover,
    "easycore": easiest,
}
PURE, ASKED = 0.95, 1000  # of ProbCover: share of balls of one class; points by which it is judged
OWN = own_objects(own_selections)
SELECTIONS |= OWN


def select(algorithm, points, labels, k, rng, scores=None):
    """k indices of each class, sorted; points (n, ...); scores (n,), for EasyCore alone. Raises `ValueError` if a class
    has fewer than k points, or if a selection of your own fails or does not choose k of them."""
    points = points.reshape(len(points), -1)
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if k > len(members):
            raise ValueError(f"budget {k} exceeds class {label}, which has {len(members)} images")
        rest = _rest(algorithm, points, labels, label, scores)
        returned = _chosen(algorithm, points[members], k, rng, **rest)
        chosen.append(members[_checked(returned, algorithm, label, k, len(members))])
    return np.sort(np.concatenate(chosen))


def _rest(algorithm, points, labels, label, scores):
    """What a selection from a class is given beside the points of that class."""
    if algorithm == "probcover":
        return {"others": points[labels != label]}
    return {"scores": scores[labels == label]} if algorithm == "easycore" else {}


def _chosen(algorithm, points, k, rng, **rest):
    """What a selection returns; the random numbers of your own are the seed's, wherever they come from."""
    if algorithm not in OWN:
        return SELECTIONS[algorithm](points, k, rng, **rest)
    with seeded(int(rng.integers(2**32))), guarded(f"own selection {algorithm}"):
        return OWN[algorithm](points, k, rng)


def _checked(returned, algorithm, label, k, n):
    """The positions that a selection returned, (k,) integers; raises `ValueError` unless they are k different ones in
    0..n-1."""
    positions, wanted = np.asarray(returned), f"{k} different positions in 0..{n - 1}, as a list of whole numbers"
    if positions.ndim != 1 or not np.issubdtype(positions.dtype, np.integer):
        told = f"an array of shape {positions.shape} and type {positions.dtype}"
    elif positions.size and (positions.min() < 0 or positions.max() >= n):
        told = f"positions from {positions.min()} to {positions.max()}"
    elif len(np.unique(positions)) != k or len(positions) != k:
        told = f"{len(np.unique(positions))} images"
    else:
        return positions
    raise ValueError(f"{algorithm} chose {told} of class {label}; expected {wanted}")
