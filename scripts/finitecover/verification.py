"""Checks of a cover by code that shares nothing with what made it: plain float64 differences, one centre at a time."""

import numpy as np

ROUNDING = 1e-12  # relative, of a float64 distance: two ways to sum the same terms may differ by this much
TOLERANCE = 1e-9  # of sums of prices; a bound must hold by more than this


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
            (measured <= radius * (1 + ROUNDING)).all(),
            f"a point assigned to {centre} lies outside the radius {radius}",
        )
        _require(
            (np.abs(measured - distances[members]) <= ROUNDING * measured).all(),
            f"distances to centre {centre} are wrong",
        )


def verify_size_bound(points, dual, radius, bound, norm):
    """Raise `CoverError` unless the prices prove that no cover of this radius has fewer than `bound` centres."""
    total = _feasible_total(points, dual, radius * (1 + ROUNDING), norm)
    _require(bound <= 1 or total * (1 - TOLERANCE) > bound - 1, f"prices sum to {total}: no proof of {bound} centres")


def verify_radius_bound(points, dual, k, bound, norm):
    """Raise `CoverError` unless the prices prove that k centres cannot cover with a radius below `bound`."""
    if bound > 0:
        total = _feasible_total(points, dual, bound * (1 - ROUNDING), norm)
        _require(total > k * (1 + TOLERANCE), f"prices sum to {total}: no proof that {k} centres need radius {bound}")


def _feasible_total(points, dual, radius, norm):
    """Sum of the prices, once no ball holds more than 1 of them. Balls around every point, priced or not."""
    _require(np.isfinite(dual).all() and (dual >= 0).all(), "a price is negative or not finite")
    held = _held_prices(np.asarray(points, dtype=np.float64).reshape(len(points), -1), dual, radius, norm)
    _require(held.max() <= 1 + TOLERANCE, f"a ball of radius {radius} holds prices of {held.max()}, more than 1")
    return float(dual.sum()) / max(1.0, held.max())


def _held_prices(points, dual, radius, norm):
    """Sum of the prices in the ball around each point, (n,).

    For l2 most pairs are decided by expanding the square; those too close to the radius for that by differences.
    """
    held = np.zeros(len(points))
    square = (points**2).sum(axis=1)
    margin = 1e-9 * (1 + square.max())
    for rows in np.array_split(np.flatnonzero(dual), 1 + np.count_nonzero(dual) // 512):
        if norm == "l2":
            expanded = square[rows, None] - 2 * points[rows] @ points.T + square
            inside = expanded <= radius**2
            for row, column in np.argwhere(np.abs(expanded - radius**2) <= margin):
                inside[row, column] = _distances_to(points, [column], rows[row], norm)[0] <= radius
        else:
            inside = np.array([_distances_to(points, slice(None), row, norm) <= radius for row in rows])
        held += dual[rows] @ inside.reshape(len(rows), len(points))
    return held


def _distances_to(points, members, centre, norm):
    difference = points[members].astype(np.float64) - points[centre].astype(np.float64)
    difference = np.abs(difference.reshape(len(difference), -1))
    if norm == "l1":
        return difference.sum(axis=1)
    return np.sqrt((difference**2).sum(axis=1)) if norm == "l2" else difference.max(axis=1)


def _require(condition, complaint):
    if not condition:
        raise CoverError(complaint)
