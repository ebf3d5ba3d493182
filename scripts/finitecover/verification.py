"""Checks of a cover by code that shares nothing with what made it: plain float64 differences, one centre at a time."""

import numpy as np

TOLERANCE = 1e-9  # absolute, on distances and on sums of prices; bounds are rounded to the safe side by it


class CoverError(ValueError):
    """A cover, or the proof of its bound, that does not hold."""


def verify_cover(points, labels, indices, assignment, distances, radius, norm):
    """Raise `CoverError` unless every point lies within `radius` of the centre of its label that it is assigned to.

    points (n, ...), labels (n,), indices: the centres, assignment (n,): a centre for each point, distances (n,): what
    the cover claims. Every distance is computed anew, in float64.
    """
    n = len(points)
    _require(len(indices) > 0 and (np.diff(indices) > 0).all(), "the centres are not sorted and distinct")
    _require(indices[0] >= 0 and indices[-1] < n, "a centre is not one of the points")
    _require(len(assignment) == len(distances) == n, "not every point is assigned")
    _require(np.isin(assignment, indices).all(), "a point is assigned to something that is no centre")
    _require((labels[assignment] == labels).all(), "a point is assigned to a centre of another label")
    for centre in indices:
        members = np.flatnonzero(assignment == centre)
        _require(centre in members, f"centre {centre} is not assigned to itself")
        measured = _distances_to(points, members, centre, norm)
        _require(
            (measured <= radius + TOLERANCE).all(), f"a point assigned to {centre} lies outside the radius {radius}"
        )
        _require(np.abs(measured - distances[members]).max() <= TOLERANCE, f"distances to centre {centre} are wrong")


def verify_size_bound(points, dual, radius, bound, norm):
    """Raise `CoverError` unless the prices prove that no cover of this radius has fewer than `bound` centres."""
    total = _feasible_total(points, dual, radius + TOLERANCE, norm)
    _require(bound <= 1 or total * (1 + TOLERANCE) > bound - 1, f"prices sum to {total}: no proof of {bound} centres")


def verify_radius_bound(points, dual, k, bound, norm):
    """Raise `CoverError` unless the prices prove that k centres cannot cover with a radius below `bound`."""
    if bound > 0:
        total = _feasible_total(points, dual, bound - TOLERANCE, norm)
        _require(total > k * (1 + TOLERANCE), f"prices sum to {total}: no proof that {k} centres need radius {bound}")


def _feasible_total(points, dual, radius, norm):
    """Sum of the prices, once no ball holds more than 1 of them. Balls around every point, priced or not."""
    _require(np.isfinite(dual).all() and (dual >= 0).all(), "a price is negative or not finite")
    held = np.zeros(len(points))
    for point in np.flatnonzero(dual):
        held[_distances_to(points, np.arange(len(points)), point, norm) <= radius] += dual[point]
    _require(held.max() <= 1 + TOLERANCE, f"a ball of radius {radius} holds prices of {held.max()}, more than 1")
    return float(dual.sum())


def _distances_to(points, members, centre, norm):
    difference = points[members].astype(np.float64) - points[centre].astype(np.float64)
    difference = np.abs(difference.reshape(len(members), -1))
    if norm == "l1":
        return difference.sum(axis=1)
    return np.sqrt((difference**2).sum(axis=1)) if norm == "l2" else difference.max(axis=1)


def _require(condition, complaint):
    if not condition:
        raise CoverError(complaint)
