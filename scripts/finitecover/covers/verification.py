"""Checks of covers and their bounds by code that shares nothing with what made them.

Plain float64 differences, a few points at a time, so that memory stays small whatever the number of points.
"""

import numpy as np

ROUNDING = 1e-12  # relative, of a float64 distance: two ways to sum the same terms may differ by this much
SEARCHED = 4 * ROUNDING  # of a radius: a search compares distances that are off by as much, and moves centres
FREE = 1e-6  # likewise, where centres are free: they are numbers, not a choice among points
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
    _require_chosen(indices, len(points))
    _require(np.isin(assignment, indices).all(), "a point is assigned to something that is no centre")
    place = np.searchsorted(indices, assignment)
    verify_free_cover(points, labels, points[indices], labels[indices], place, distances, radius, norm)
    for place, centre in enumerate(indices):
        _require(assignment[centre] == centre, f"centre {place} is not assigned to itself")


def verify_free_cover(points, labels, centres, centre_labels, place, distances, radius, norm):
    """Raise `CoverError` unless every point lies within `radius` of the centre of its label that it is assigned to.

    centres (k, ...) need not be points; centre_labels (k,); place (n,): the position of each point's centre among them.
    The rest is as for `verify_cover`.
    """
    _require(len(points) == len(place) == len(distances), "not every point is assigned")
    _require(((place >= 0) & (place < len(centres))).all(), "a point is assigned to something that is no centre")
    _require((centre_labels[place] == labels).all(), "a point is assigned to a centre of another label")
    for number, centre in enumerate(centres):
        members = np.flatnonzero(place == number)
        measured = _distances_to(points, members, centre, norm)
        _require(
            (measured <= radius * (1 + ROUNDING)).all(),
            f"a point assigned to centre {number} lies outside the radius {radius}",
        )
        _require(
            (np.abs(measured - distances[members]) <= ROUNDING * measured).all(),
            f"distances to centre {number} are wrong",
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


def verify_free_radius_bound(points, dual, k, bound, norm):
    """Raise `CoverError` unless no k balls of a radius below `bound`, wherever their centres lie, hold all points.

    dual (n,): 1 for each of s points no two of which are closer than g: of k balls one holds m = ceil(s / k) of them,
    and needs a radius of g sqrt((m - 1) / 2m) in l2, of g / 2 in other norms (m > 1). Or, for one ball in l2, weights:
    its squared radius is at least their weighted sum of squared distances to the weighted mean.
    """
    if bound <= 0:
        return
    _require(np.isfinite(dual).all() and (dual >= 0).all(), "a dual value is negative or not finite")
    if k == 1 and norm == "l2":
        points = np.asarray(points, dtype=np.float64).reshape(len(points), -1)
        share = dual / dual.sum()
        proved = np.sqrt(share @ ((points - share @ points) ** 2).sum(axis=1)) if dual.any() else 0.0
    else:
        packed = np.flatnonzero(dual)
        proved = _least_apart(points, packed, norm) * _packed_share(-(-len(packed) // k), norm)
    _require(proved >= bound * (1 - ROUNDING), f"dual values prove a radius of {proved}, not of {bound}")


def verify_free_size_bound(points, dual, radius, bound, norm):
    """Raise `CoverError` unless no fewer than `bound` balls of a radius, wherever their centres lie, hold all points.

    dual (n,): as for `verify_free_radius_bound`; a ball holds at most m of the s points if m + 1 need a larger radius.
    """
    if bound <= 1:
        return
    _require(np.isfinite(dual).all() and (dual >= 0).all(), "a dual value is negative or not finite")
    packed = np.flatnonzero(dual)
    apart, held = _least_apart(points, packed, norm) * (1 - ROUNDING), 1
    while held < len(packed) and apart * _packed_share(held + 1, norm) <= radius:
        held += 1
    proved = -(-len(packed) // held) if len(packed) else 0
    _require(proved >= bound, f"dual values prove {proved} balls of radius {radius}, not {bound}")


def _packed_share(held, norm):
    """What a ball with so many points needs for its radius, of the least distance between two of them; written anew,
    for nothing here is the solver's."""
    if held < 2:
        return 0.0
    return ((held - 1) / (2 * held)) ** 0.5 if norm == "l2" else 0.5


def _least_apart(points, packed, norm):
    """The least distance between two of the points listed; 0 for fewer than two."""
    least = np.inf if len(packed) > 1 else 0.0
    for number, point in enumerate(packed[:-1]):
        least = min(least, _distances_to(points, packed[number + 1 :], points[point], norm).min())
    return float(least)


def verify_stored(points, records, settings, cover, chosen, classes):
    """Check all that is stored of a cover against the pixels: a list of what was measured, a dict per group of points.

    records: of the training images, image and label; points (n, ...): their pixels in [0, 1]. settings: norm, given,
    label_wise, ipc or radius, uncovered, centres. cover: dict of arrays `assignment`, `distances`, `dual`, `covered` by
    point, the first the row of each point's centre in `chosen`; and `indices` of the centres, unless they are free.
    chosen: records of the centres as training consumes them, with index, weight and a radius_<norm> per norm besides.
    classes: rows of the table of classes, dicts of text. Raises `CoverError` on the first difference.
    """
    labels, norm, free = np.array(records["label"]), settings["norm"], settings.get("centres") == "free"
    groups, budget, radius = _asked_for(labels, settings)
    sized = len(cover["dual"]) == len(cover["covered"]) == len(points) and cover["covered"].dtype == bool
    _require(sized, "not every point has a dual value, or is said to be covered or not")
    _require(cover["assignment"].dtype.kind in "iu", "assignments are no whole numbers")
    within = cover["distances"].max() if radius is None else radius
    place = cover["assignment"]
    if free:
        _require((chosen["index"] == -1).all(), "a free centre is said to be a training image")
        pixels = chosen["image"]
        alike = pixels.dtype == np.float32 and pixels.shape[1:] == points.shape[1:]
        _require(alike, "centres are no images like those that they cover, in float32")
        _require(((pixels >= 0) & (pixels <= 1)).all(), "a centre has pixels outside [0, 1]")
        centre_groups = chosen["label"] if settings["label_wise"] else np.zeros(len(chosen), np.int64)
        _require(np.isin(centre_groups, groups).all(), "a centre has a label that no image has")
        verify_free_cover(points, groups, pixels, centre_groups, place, cover["distances"], within, norm)
    else:
        _require_chosen(cover["indices"], len(points))
        verify_chosen(records, cover["indices"], chosen)
        pixels, centre_groups = points[cover["indices"]], groups[cover["indices"]]
        _require(place.max(initial=-1) < len(pixels), "a point is assigned to something that is no centre")
        verify_cover(points, groups, cover["indices"], cover["indices"][place], cover["distances"], within, norm)
    verify_training_set(points, pixels, cover, chosen)
    told = {row["label"]: row for row in classes}
    same = sorted(told) == sorted(map(str, np.unique(groups))) and len(classes) == len(told)
    _require(same, "the table of classes does not have one row per class")
    rows, least = [], (1 - settings.get("uncovered", 0.0)) * (1 - ROUNDING)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        row, claimed = _measured(group, members, cover, centre_groups), told[str(group)]
        _require(cover["covered"][members].mean() >= least, f"less than {least:g} of the points are covered")
        _compare(row | _beside(members, labels, cover, chosen["label"]), claimed, norm)
        bound = _ordered_bounds(row, claimed, "radius" if radius is None else "size", FREE if free else SEARCHED)
        partial = settings.get("uncovered", 0.0) > 0
        nothing = float(claimed["lower_bound"]) == bound == 0 and claimed["status"] == "feasible"
        _require(nothing or not partial, "of a partial cover nothing is proved, but the table says so")
        solved = float(claimed["lower_bound"]) != bound or "word" in claimed["status"]
        _require(not (free and solved), "of free centres a solver proves nothing, but the table says so")
        proof = points[members], cover["dual"][members]
        if radius is None:
            _require(row["size"] == budget, f"{row['size']} centres where {budget} were asked for")
            (verify_free_radius_bound if free else verify_radius_bound)(*proof, budget, bound, norm)
        else:
            (verify_free_size_bound if free else verify_size_bound)(*proof, radius, bound, norm)
        rows.append(row | {"proved_bound": bound})
    return rows


def verify_chosen(records, indices, chosen):
    """Raise `CoverError` unless the records of a training set have index, image and label of the centres."""
    _require(np.array_equal(chosen["index"], indices), "the training set's indices are not the cover's centres")
    for name in ("image", "label"):
        same = np.array_equal(chosen[name], records[name][indices])
        _require(same, f"the training set has other {name}s than the cover's centres")


def verify_training_set(points, centres, cover, chosen):
    """Raise `CoverError` unless the records of a training set have what its centres stand for: w_c, the covered points
    assigned to each; r_c, the largest distance to one of them in each norm.

    centres (k, ...): their pixels. The other arguments are those of `verify_stored`.
    """
    lacking = {"weight", *(f"radius_{norm}" for norm in NORMS)} - set(chosen.dtype.names)
    _require(not lacking, f"the training set has no {', '.join(sorted(lacking))}")
    for place, centre in enumerate(centres):
        members = np.flatnonzero((cover["assignment"] == place) & cover["covered"])
        weight = chosen["weight"][place]
        _require(weight == len(members), f"centre {place} has weight {weight:g}; it stands for {len(members)} points")
        for norm in NORMS:
            claimed = chosen[f"radius_{norm}"][place]
            measured = _distances_to(points, members, centre, norm).max(initial=0.0)
            _require(
                abs(claimed - measured) <= ROUNDING * measured,
                f"centre {place} has radius {claimed} in {norm}; its farthest point lies at {measured}",
            )


def _asked_for(labels, settings):
    """(groups that are covered each on its own, centres of each or None, radius or None), read from the settings."""
    groups = np.array(labels) if settings["label_wise"] else np.full(len(labels), 0, dtype=np.int64)
    if settings["given"] == "radius":
        return groups, None, settings["radius"]
    shared = 1 if settings["label_wise"] else len(set(labels.tolist()))
    return groups, shared * settings["ipc"], None


def _measured(group, members, cover, centre_groups):
    covered = members[cover["covered"][members]]
    return {
        "label": group.item(),
        "points": len(members),
        "size": int((centre_groups == group).sum()),
        "radius": float(cover["distances"][covered].max()),
        "dual": float(cover["dual"][members].sum()),
        "dual_points": int(np.count_nonzero(cover["dual"][members])),
    }


def _beside(members, labels, cover, centre_labels):
    """What the table of classes says beside what `_measured` does."""
    strangers = centre_labels[cover["assignment"][members]] != labels[members]
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


def _ordered_bounds(row, claimed, on, tolerance):
    """The bound that the dual solution is said to prove on "radius" or "size", once the bounds and the status of a row
    of the table of classes contradict nothing that was measured; tolerance: relative, of a bound that makes optimal."""
    where, reached = f"class {row['label']}", row[on]
    lower, certified = float(claimed["lower_bound"]), float(claimed["certified_bound"])
    _require(np.isfinite([lower, certified]).all(), f"{where}: a claimed bound is not finite")
    _require(claimed["bounds"] == on, f"{where}: the table bounds the {claimed['bounds']}, not the {on}")
    _require(
        certified <= lower * (1 + SEARCHED) and lower <= reached * (1 + SEARCHED),
        f"{where}: bounds {certified} and {lower} are not in order below the {on} reached, {reached}",
    )
    _require(on == "radius" or certified.is_integer(), f"{where}: {certified} is no number of centres")
    proof = {"optimal": certified, "optimal by the solver's word": lower, "feasible": np.inf}
    _require(claimed["status"] in proof, f"{where}: {claimed['status']!r} is no status of a cover")
    bound = proof[claimed["status"]]
    proved = bound >= reached * (1 - tolerance)
    _require(proved, f"{where}: said to be {claimed['status']} at {on} {reached} with bound {bound}")
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
                inside[row, column] = _distances_to(points, np.array([column]), points[rows[row]], norm)[0] <= radius
        else:
            every = np.arange(len(points))
            inside = np.array([_distances_to(points, every, points[row], norm) <= radius for row in rows])
        held += dual[rows] @ inside.reshape(len(rows), len(points))
    return held


def _distances_to(points, members, centre, norm):
    """Distances of some points from a centre, given by its pixels."""
    out, order, centre = np.empty(len(members)), _order(norm), np.asarray(centre, dtype=np.float64)
    for start in range(0, len(members), 256):  # small enough for a processor's cache
        part = slice(start, start + 256)
        difference = points[members[part]].astype(np.float64) - centre
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


def _require_chosen(indices, n):
    _require(len(indices) > 0 and (np.diff(indices) > 0).all(), "the centres are not sorted and distinct")
    _require(indices[0] >= 0 and indices[-1] < n, "a centre is not one of the points")


def _require(condition, complaint):
    if not condition:
        raise CoverError(complaint)
