"""Smallest enclosing balls in l2, and the exchange of points between balls until the largest is as small as it gets.

The smallest ball of points x_i is the minimum over c of max_i ||x_i - c||; its dual, over weights w that sum to 1, is
the maximum of sum_i w_i ||x_i - sum_j w_j x_j||^2, so any weights prove that no ball is smaller. Few points have weight
(a core-set: Badoiu and Clarkson 2003): small problems speak for all points.
"""

import numpy as np
from numba import njit

from finitecover.covers.clustering import squared_distances

ADDED = 8  # far points that enter a core-set at a time
EXACT = 1e-10  # relative, of a squared radius beside what weights prove of it
NEAR = 1e-6  # likewise, while points are exchanged
MOVES = 100_000  # most moves of weight from one point of a ball to another
STAYS = 5  # exchanges for which a point stays where it was put, and up to twice as many more


def smallest_ball(points, start=None):
    """(centre (d,), weights (n,) that prove it, largest distance) of the smallest ball around points (n, d).

    start: a centre to begin with. The farthest points enter a core-set, until none lies outside the core-set's ball by
    more than `EXACT`.
    """
    centre = points.mean(axis=0) if start is None else start
    core, weights, proved, best = np.array([], int), np.array([]), -1.0, (np.inf, None)
    while True:
        squared = squared_distances(points, centre)
        best = min(best, (float(squared.max()), centre), key=lambda found: found[0])
        far = np.argsort(-squared, kind="stable")[:ADDED]
        far = far[squared[far] > proved * (1 + EXACT)]
        tried = np.union1d(core, far)
        if len(tried) == len(core):
            break
        share = _core_weights(points[tried] - centre)
        tried, share = tried[share > 0], share[share > 0]
        centre = share @ points[tried]
        now = float(share @ squared_distances(points[tried], centre))
        if now <= proved:  # but for rounding it rises
            break
        core, weights, proved = tried, share, now
    every = np.zeros(len(points))
    every[core] = weights
    return best[1], every, float(np.sqrt(best[0]))


def _core_weights(points):
    """Weights of the smallest ball around a few points (m, d), (m,)."""
    weights = np.full(len(points), 1 / len(points))
    _balance(points @ points.T, np.arange(len(points)), weights, EXACT)
    return weights


@njit(cache=True, nogil=True)
def exchanged(gram, assignment, weights, steps, goal, rng):
    """Put points of the largest ball into others, for so many steps: (assignment, weights, squared radius) at its best.

    gram (q, q): products of the points; assignment (q,): each one's ball, of k; weights (k, q): of balls to begin with.
    Always a point that the largest ball rests on goes to the ball that grows least, by (distance + radius) / 2 or less,
    and stays there for a while, also where that makes things worse (tabu search, Glover 1986). Ends at squared radii of
    at most `goal`.
    """
    k, q = weights.shape
    squared, radii, stays = np.empty((k, q)), np.zeros(k), np.zeros(q, np.int64)
    for ball in range(k):
        _enclose(gram, assignment, ball, weights, squared, radii)
    best, best_assignment, best_weights = radii.max(), assignment.copy(), weights.copy()
    for step in range(1, steps + 1):
        largest = radii.argmax()
        if best <= goal or radii[largest] == 0:
            break
        point, to, least = -1, -1, np.inf
        for i in range(q):
            if assignment[i] == largest and weights[largest, i] > 0 and stays[i] <= step:
                for ball in range(k):
                    if ball != largest:
                        distance, radius = np.sqrt(squared[ball, i]), np.sqrt(radii[ball])
                        grown = max(radius, (distance + radius) / 2) * (1 + 0.02 * rng.random())
                        if grown < least:
                            point, to, least = i, ball, grown
        if point < 0:  # all of them stay for now
            continue
        assignment[point] = to
        _enclose(gram, assignment, largest, weights, squared, radii)
        _enclose(gram, assignment, to, weights, squared, radii)
        stays[point] = step + STAYS + rng.integers(0, 2 * STAYS)
        if radii.max() < best * (1 - 1e-9):
            best = radii.max()
            best_assignment[:], best_weights[:] = assignment, weights
    return best_assignment, best_weights, best


@njit(cache=True, nogil=True)
def _enclose(gram, assignment, ball, weights, squared, radii):
    """Weights, squared radius and squared distances of all points of a ball whose points have changed."""
    q = len(assignment)
    members = np.flatnonzero(assignment == ball)
    if len(members) == 0:
        weights[ball], squared[ball], radii[ball] = 0.0, np.inf, 0.0
        return
    weight = np.zeros(q)
    weight[members] = weights[ball][members]
    total = weight.sum()
    if total > 1e-9:
        weight /= total
    else:
        weight[members[0]] = 1.0
    _balance(gram, members, weight, NEAR)
    held = np.zeros(q)  # products with the centre
    for j in members:
        if weight[j] > 0:
            held += weight[j] * gram[j]
    length = (weight * held).sum()
    for i in range(q):
        squared[ball, i] = max(0.0, gram[i, i] - 2 * held[i] + length)
    weights[ball] = weight
    radii[ball] = 0.0
    for i in members:
        radii[ball] = max(radii[ball], squared[ball, i])


@njit(cache=True, nogil=True)
def _balance(gram, members, weight, tolerance):
    """Change weights, which sum to 1, into those of the smallest ball around some members.

    Weight goes from the nearest point that has some to the farthest, as much as helps most (sequential minimal
    optimisation, Platt 1998), until the squared distance of the farthest is what the weights prove, but for a
    tolerance.
    """
    held, linear = np.zeros(len(gram)), 0.0  # products with the centre; weighted sum of squared lengths
    for j in members:
        if weight[j] > 0:
            for i in members:
                held[i] += weight[j] * gram[j, i]
            linear += weight[j] * gram[j, j]
    length = (weight * held).sum()
    for _ in range(MOVES):
        high, low, far, near = -np.inf, np.inf, -1, -1
        for i in members:
            height = gram[i, i] - 2 * held[i]
            if height > high:
                high, far = height, i
            if weight[i] > 0 and height < low:
                low, near = height, i
        if high + length <= (linear - length) * (1 + tolerance) or high <= low:
            break
        apart = gram[far, far] - 2 * gram[far, near] + gram[near, near]
        moved = min((high - low) / (2 * max(apart, 1e-300)), weight[near])
        linear += moved * (gram[far, far] - gram[near, near])
        length += 2 * moved * (held[far] - held[near]) + moved**2 * apart
        weight[far] += moved
        weight[near] = 0.0 if moved == weight[near] else weight[near] - moved
        for i in members:
            held[i] += moved * (gram[far, i] - gram[near, i])
