"""Checks of covers and their bounds by code that shares nothing with what made them.

Plain float64 differences, a few points at a time, so that memory stays small whatever the number of points.
"""

import numpy as np

ROUNDING = 1e-12  # relative, of a float64 distance: two ways to sum the same terms may differ by this much
SEARCHED = 4 * ROUNDING  # of a radius: a search compares distances that are off by as much, and moves centres
TOLERANCE = 1e-9  # of sums of dual values; a bound must hold by more than this
NORMS = ("l2", "linf")  # in which training takes radii
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
    """Raise `CoverError` unless the dual solution proves that covers of this radius have at least `bound` centres."""
    total = _feasible_total(points, dual, radius * (1 + ROUNDING), norm)
    proved = bound <= 1 or total * (1 - TOLERANCE) > bound - 1
    _require(proved, f"dual values sum to {total}: no proof of {bound} centres")


def verify_radius_bound(points, dual, k, bound, norm):
    """Raise `CoverError` unless the dual solution proves that k centres cannot cover with a radius below `bound`."""
    if bound > 0:
        total = _feasible_total(points, dual, bound * (1 - ROUNDING), norm)
        proved = total > k * (1 + TOLERANCE)
        _require(proved, f"dual values sum to {total}: no proof that {k} centres need radius {bound}")


def verify_stored(points, records, settings, cover, chosen, classes):
    """Check all that is stored of a cover against the pixels: a list of what was measured, a dict per group of points.

    records: of the training images, image and label; points (n, ...): their pixels in [0, 1]. settings: norm, given,
    label_wise, ipc or radius, uncovered. cover: dict of arrays `indices`, `assignment`, `distances`, `dual`, `covered`.
    chosen: records of the centres as training consumes them, with index, weight and a radius_<norm> per norm besides.
    classes: rows of the table of classes, dicts of text. Raises `CoverError` on the first difference.
    """
    labels = np.array(records["label"])
    groups, budget, radius = _asked_for(labels, settings)
    sized = len(cover["dual"]) == len(cover["covered"]) == len(points)
    _require(sized, "not every point has a dual value, or is said to be covered or not")
    within = cover["distances"].max() if radius is None else radius
    named = (cover[key] for key in ("indices", "assignment", "distances"))
    verify_cover(points, groups, *named, within, settings["norm"])
    verify_training_set(points, records, cover, chosen)
    told = {row["label"]: row for row in classes}
    same = sorted(told) == sorted(map(str, np.unique(groups))) and len(classes) == len(told)
    _require(same, "the table of classes does not have one row per class")
    rows, least = [], 1 - settings.get("uncovered", 0.0)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        row, claimed = _measured(group, members, cover), told[str(group)]
        _require(cover["covered"][members].mean() >= least, f"less than {least:g} of the points are covered")
        _compare(row | _beside(members, labels, cover), claimed, settings["norm"])
        bound = _ordered_bounds(row, claimed, "radius" if radius is None else "size")
        if radius is None:
            _require(row["size"] == budget, f"{row['size']} centres where {budget} were asked for")
            verify_radius_bound(points[members], cover["dual"][members], budget, bound, settings["norm"])
        else:
            verify_size_bound(points[members], cover["dual"][members], radius, bound, settings["norm"])
        rows.append(row | {"proved_bound": bound})
    return rows


def verify_training_set(points, records, cover, chosen):
    """Raise `CoverError` unless the records of a training set are what the cover makes them: index, image and label of
    its centres; w_c, the covered points assigned to each; r_c, the largest distance to one of them in each norm.

    The arguments are those of `verify_stored`.
    """
    indices = cover["indices"]
    _require(np.array_equal(chosen["index"], indices), "the training set's indices are not the cover's centres")
    for name in ("image", "label"):
        same = np.array_equal(chosen[name], records[name][indices])
        _require(same, f"the training set has other {name}s than the cover's centres")
    lacking = {"weight", *(f"radius_{norm}" for norm in NORMS)} - set(chosen.dtype.names)
    _require(not lacking, f"the training set has no {', '.join(sorted(lacking))}")
    for place, centre in enumerate(indices):
        members = np.flatnonzero((cover["assignment"] == centre) & cover["covered"])
        weight = chosen["weight"][place]
        _require(weight == len(members), f"centre {centre} has weight {weight:g}; it stands for {len(members)} points")
        for norm in NORMS:
            claimed = chosen[f"radius_{norm}"][place]
            measured = _distances_to(points, members, centre, norm).max(initial=0.0)
            _require(
                abs(claimed - measured) <= ROUNDING * measured,
                f"centre {centre} has radius {claimed} in {norm}; its farthest point lies at {measured}",
            )


def _asked_for(labels, settings):
    """(groups that are covered each on its own, centres of each or None, radius or None), read from the settings."""
    groups = np.array(labels) if settings["label_wise"] else np.full(len(labels), 0, dtype=np.int64)
    if settings["given"] == "radius":
        return groups, None, settings["radius"]
    shared = 1 if settings["label_wise"] else len(set(labels.tolist()))
    return groups, shared * settings["ipc"], None


def _measured(group, members, cover):
    covered = members[cover["covered"][members]]
    return {
        "label": group.item(),
        "points": len(members),
        "size": int(np.isin(cover["indices"], members).sum()),
        "radius": float(cover["distances"][covered].max()),
        "dual": float(cover["dual"][members].sum()),
        "dual_points": int(np.count_nonzero(cover["dual"][members])),
    }


def _beside(members, labels, cover):
    """What the table of classes says beside what `_measured` does."""
    strangers = labels[cover["assignment"][members]] != labels[members]
    return {
        "covered": int(cover["covered"][members].sum()),
        "mean_distance": float(cover["distances"][members].mean()),
        "other_label": int(strangers.sum()),
    }


def _compare(measured, claimed, norm):
    """Raise `CoverError` where a row of the table of classes is not what was measured."""
    where = f"class {measured['label']}"
    _require(claimed["norm"] == norm, f"{where}: the table says norm {claimed['norm']}; {norm} was asked for")
    for name in ("points", "covered", "size", "other_label", "radius", "mean_distance"):
        value = float(claimed[name])
        close = abs(value - measured[name]) <= ROUNDING * abs(measured[name])
        _require(close, f"{where}: the table says {name} {claimed[name]}; measured {measured[name]}")


def _ordered_bounds(row, claimed, on):
    """The bound that the dual solution is said to prove on "radius" or "size", once the bounds and the status of a row
    of the table of classes contradict nothing that was measured."""
    where, reached = f"class {row['label']}", row[on]
    lower, certified = float(claimed["lower_bound"]), float(claimed["certified_bound"])
    _require(np.isfinite([lower, certified]).all(), f"{where}: a claimed bound is not finite")
    _require(claimed["bounds"] == on, f"{where}: the table bounds the {claimed['bounds']}, not the {on}")
    _require(
        certified <= lower * (1 + SEARCHED) and lower <= reached * (1 + SEARCHED),
        f"{where}: bounds {certified} and {lower} are not in order below the {on} reached, {reached}",
    )
    _require(on == "radius" or certified.is_integer(), f"{where}: {certified} is no number of centres")
    _require(claimed["status"] in ("optimal", "feasible"), f"{where}: {claimed['status']!r} is no status of a cover")
    proved = claimed["status"] == "feasible" or lower >= reached * (1 - SEARCHED)
    _require(proved, f"{where}: said to be {claimed['status']} at {on} {reached} with bound {lower}")
    return certified if on == "radius" else int(certified)


def _feasible_total(points, dual, radius, norm):
    """Sum of the dual values, once no ball holds more than 1 of them. Balls around every point, whatever its value."""
    _require(np.isfinite(dual).all() and (dual >= 0).all(), "a dual value is negative or not finite")
    held = _held(np.asarray(points, dtype=np.float64).reshape(len(points), -1), dual, radius, norm)
    _require(held.max() <= 1 + TOLERANCE, f"a ball of radius {radius} holds dual values of {held.max()}, more than 1")
    return float(dual.sum()) / max(1.0, held.max())


def _held(points, dual, radius, norm):
    """Sum of the dual values in the ball around each point, (n,).

    For l2 most pairs are decided by expanding the square; those too close to the radius for that by differences.
    """
    held = np.zeros(len(points))
    square = (points**2).sum(axis=1)
    margin = 1e-9 * (1 + square.max())
    valued = np.flatnonzero(dual)
    for rows in np.array_split(valued, 1 + len(valued) * len(points) // BLOCK):
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
    out, order = np.empty(len(members)), _order(norm)
    for start in range(0, len(members), 256):  # small enough for a processor's cache
        part = slice(start, start + 256)
        difference = points[members[part]].astype(np.float64) - points[centre].astype(np.float64)
        difference = np.abs(difference.reshape(len(difference), -1))
        if order == np.inf:
            out[part] = difference.max(axis=1)
        elif order == 2:
            out[part] = np.sqrt((difference**2).sum(axis=1))
        else:
            out[part] = (difference**order).sum(axis=1) ** (1 / order)
    return out


def _order(norm):
    """The p of a norm that is called l<p>, such as l2 or linf."""
    try:
        order = float(norm.removeprefix("l")) if norm.startswith("l") else 0.0
    except ValueError:
        order = 0.0
    _require(order >= 1, f"distances in norm {norm!r} cannot be verified")
    return order


def _require(condition, complaint):
    if not condition:
        raise CoverError(complaint)
