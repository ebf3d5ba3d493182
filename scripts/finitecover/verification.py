"""Checks of covers and their bounds by code that shares nothing with what made them.

Plain float64 differences, a few points at a time, so that memory stays small whatever the number of points.
"""

import numpy as np

ROUNDING = 1e-12  # relative, of a float64 distance: two ways to sum the same terms may differ by this much
TOLERANCE = 1e-9  # of sums of prices; a bound must hold by more than this
BLOCK = 2**23  # numbers held at a time


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


def asked_for(labels, settings):
    """(groups of points that are covered each on its own, centres of each group or None where a radius is given).

    settings: label_wise, and ipc where a budget is given; a label-blind cover has all classes' centres in one group.
    """
    groups = labels if settings["label_wise"] else np.zeros_like(labels)
    if "ipc" not in settings:
        return groups, None
    return groups, settings["ipc"] * len(np.unique(labels)) // len(np.unique(groups))


def verify_claims(points, groups, cover, claims, norm, budget=None, radius=None, uncovered=0.0):
    """Check a cover and the bound of every group of points: a list of what was measured, a dict per group.

    points (n, ...). groups (n,): the labels, or one value for all points of a label-blind cover. cover: dict of arrays
    `indices`, `assignment`, `distances`, `dual` and `covered`, as stored. uncovered: share of each group that may lie
    outside the radius. claims: {group: bound that its prices are said to
    prove}, on the radius of `budget` centres or on the number of centres for `radius`. Raises `CoverError`.
    """
    indices, assignment, distances, dual = (cover[key] for key in ("indices", "assignment", "distances", "dual"))
    covered = cover["covered"]
    _require(len(dual) == len(covered) == len(points), "not every point has a price, or is said to be covered or not")
    _require(np.isfinite(list(claims.values())).all(), "a claimed bound is not finite")
    within = distances.max() if radius is None else radius
    verify_cover(points, groups, indices, assignment, distances, within, norm)
    rows = []
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        size, bound = int(np.isin(indices, members).sum()), claims[group.item()]
        _require(covered[members].mean() >= 1 - uncovered, f"less than {1 - uncovered:g} of the points are covered")
        if radius is None:
            _require(size == budget, f"{size} centres where {budget} were asked for")
            verify_radius_bound(points[members], dual[members], budget, bound, norm)
        else:
            verify_size_bound(points[members], dual[members], radius, bound, norm)
        rows.append(
            {
                "label": group.item(),
                "points": len(members),
                "size": size,
                "radius": float(distances[members[covered[members]]].max()),
                "prices": float(dual[members].sum()),
                "priced_points": int(np.count_nonzero(dual[members])),
                "proved_bound": bound,
            }
        )
    return rows


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
    priced = np.flatnonzero(dual)
    for rows in np.array_split(priced, 1 + len(priced) * len(points) // BLOCK):
        if norm == "l2":
            expanded = square[rows, None] - 2 * points[rows] @ points.T + square
            inside = expanded <= radius**2
            for row, column in np.argwhere(np.abs(expanded - radius**2) <= margin):
                inside[row, column] = _distances_to(points, np.array([column]), rows[row], norm)[0] <= radius
        else:
            inside = np.array([_distances_to(points, np.arange(len(points)), row, norm) <= radius for row in rows])
        held += dual[rows] @ inside.reshape(len(rows), len(points))
    return held


def _distances_to(points, members, centre, norm):
    out = np.empty(len(members))
    for start in range(0, len(members), 256):  # small enough for a processor's cache
        part = slice(start, start + 256)
        difference = points[members[part]].astype(np.float64) - points[centre].astype(np.float64)
        difference = np.abs(difference.reshape(len(difference), -1))
        if norm == "l2":
            out[part] = np.sqrt((difference**2).sum(axis=1))
        else:
            out[part] = difference.sum(axis=1) if norm == "l1" else difference.max(axis=1)
    return out


def _require(condition, complaint):
    if not condition:
        raise CoverError(complaint)
