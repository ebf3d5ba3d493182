"""Minimal finite covers of one class: the fewest centres for a radius, the smallest radius for k centres.

A cover of points x_1..x_n is a set of them such that each x_i lies within the radius of one. Choosing the fewest is set
cover (arXiv 2402.05675, the MILP of MFC): min sum_j s_j subject to sum_{j: d(i,j) <= eta} s_j >= 1, s binary.

Upper bounds are covers: greedy (within ln n of the optimum) without its redundant centres, and farthest-first traversal
(within 2 of the smallest radius; Gonzalez 1985). Lower bounds are proofs: any prices u >= 0 of the points with
sum_{i: d(i,j) <= eta} u_i <= 1 for every j show that no cover has fewer than sum(u) centres (LP duality).
"""

from dataclasses import dataclass, replace
from numbers import Integral
from time import monotonic

import numpy as np

from finitecover.distances import EQUAL, ROUNDING, check_norm, direct, flatten, matrix, next_distance, paired, within


@dataclass(frozen=True)
class Cover:
    """A cover of n points.

    indices: the centres, sorted int64. assignment: (n,) index into the points of each point's nearest centre.
    distances: (n,) float64, to that centre. radius: the largest of them. lower_bound: proved, on the number of centres
    (`cover_with_radius`) or on the radius (`cover_with_budget`). status: "optimal" only if the bound proves it, else
    "feasible". dual: (n,) prices that prove the bound, for the radius asked for, or for any radius below `lower_bound`.
    """

    indices: np.ndarray
    assignment: np.ndarray
    distances: np.ndarray
    radius: float
    lower_bound: float
    status: str
    dual: np.ndarray


def cover_with_radius(points, radius, norm="l2", time_limit=None):
    """MFC(eta): a cover of one class with few centres and a proved lower bound on their number.

    points: float array (n, ...) in [0, 1]. radius: eta >= 0. norm: "l1", "l2" or "linf". time_limit: seconds, None for
    no limit; when it is spent the cover at hand is returned with the bound at hand. Raises `ValueError` for empty or
    non-finite points, a negative radius, an unknown norm.
    """
    points, deadline = _checked(points, norm), _deadline(time_limit)
    if not (np.isfinite(radius) and radius >= 0):
        raise ValueError(f"radius is {radius}; it must be a finite number >= 0")
    reach = within(points, matrix(points, norm), radius, norm)
    centres = _without_redundant(reach, _greedy(reach))
    dual = _dual_ascent(reach, deadline)
    bound = _whole_bound(dual)
    return _cover(points, centres, norm, bound, len(centres) == bound, dual)


def cover_with_budget(points, k, norm="l2", time_limit=None):
    """MFC(k): k centres of small radius and a proved lower bound on the radius of any k centres.

    points: float array (n, ...) in [0, 1]. k: 1 <= k <= n. norm: "l1", "l2" or "linf". time_limit: seconds, None for no
    limit; when it is spent the cover at hand is returned with the bound at hand. Raises `ValueError` for empty or
    non-finite points, k out of range, an unknown norm.
    """
    points, deadline = _checked(points, norm), _deadline(time_limit)
    if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= len(points):
        raise ValueError(f"k is {k}; it must be a whole number between 1 and the number of points, {len(points)}")
    distances = matrix(points, norm)
    candidates = _candidates(distances)
    centres = _search_cover(points, distances, int(k), norm, candidates, deadline)
    radius = _nearest(points, centres, norm)[1].max()
    lower, dual = _search_bound(points, distances, int(k), norm, candidates[candidates < radius - ROUNDING], deadline)
    return _cover(points, centres, norm, min(lower, radius), lower >= radius * (1 - EQUAL), dual)


def frontier(points, count, norm="l2"):
    """Size of a cover and its proved lower bound for `count` radii, from one distance matrix: list of dicts.

    Radii run in equal steps from the median distance of a point to its nearest neighbour, below which covers grow to
    all points, to the radius of the best single centre.
    """
    points = _checked(points, norm)
    distances = matrix(points, norm)
    single = distances.max(axis=0).min()
    others = distances + np.diag(np.full(len(points), np.inf))
    start = np.median(others.min(axis=0)) if len(points) > 1 else single
    rows = []
    for radius in np.linspace(start, single, count):
        reach = within(points, distances, radius, norm)
        centres = _without_redundant(reach, _greedy(reach))
        rows.append({"radius": float(radius), "size": len(centres), "lower_bound": _whole_bound(_dual_ascent(reach))})
    return rows


def label_wise(points, labels, solve):
    """Cover each class on its own: `solve(points of the class, label)` -> `Cover`, indices translated to all points.

    Returns (cover of all points, list of per-class covers with their own indices). The joint bound is the sum of the
    classes' bounds where they bound sizes; for budgets read the classes'.
    """
    assignment = np.empty(len(points), dtype=np.int64)
    distances, dual = np.empty(len(points)), np.empty(len(points))
    parts = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        part = solve(points[members], int(label))
        assignment[members] = members[part.assignment]
        distances[members], dual[members] = part.distances, part.dual
        parts.append(replace(part, indices=members[part.indices]))
    whole = Cover(
        indices=np.sort(np.concatenate([part.indices for part in parts])),
        assignment=assignment,
        distances=distances,
        radius=max(part.radius for part in parts),
        lower_bound=sum(part.lower_bound for part in parts),
        status="optimal" if all(part.status == "optimal" for part in parts) else "feasible",
        dual=dual,
    )
    return whole, parts


def represented(points, cover, norms=("l2", "linf")):
    """What each centre stands for: weight w_c (points assigned to it) and radius r_c in each norm, by centre."""
    points = flatten(points)
    position = np.searchsorted(cover.indices, cover.assignment)
    pairs = np.column_stack([np.arange(len(points)), cover.assignment])
    weight = np.bincount(position, minlength=len(cover.indices)).astype(np.float64)
    radii = {}
    for norm in norms:
        radii[norm] = np.zeros(len(cover.indices))
        np.maximum.at(radii[norm], position, paired(points, points, norm, pairs))
    return weight, radii


# --- covers ---


def _greedy(reach, limit=None):
    """Centres of the greedy cover, in the order chosen: always the one that covers most of what is uncovered.

    None once it would take more than `limit` of them.
    """
    uncovered = np.ones(len(reach), dtype=bool)
    gain = reach.sum(axis=0)
    chosen = []
    while uncovered.any():
        if len(chosen) == limit:
            return None
        centre = int(gain.argmax())
        newly = np.flatnonzero(uncovered & reach[centre])
        uncovered[newly] = False
        gain -= reach[newly].sum(axis=0)
        chosen.append(centre)
    return np.array(chosen, dtype=np.int64)


def _without_redundant(reach, centres):
    """Drop centres that the others make superfluous, the smallest balls first."""
    times_covered = reach[centres].sum(axis=0)
    kept = list(centres)
    for centre in sorted(centres, key=lambda c: (reach[c].sum(), -c)):
        if times_covered[reach[centre]].min() > 1:
            times_covered -= reach[centre]
            kept.remove(centre)
    return np.sort(np.array(kept, dtype=np.int64))


def _farthest_first(distances, k, chosen=()):
    """Extend `chosen` to k centres, each the point farthest from those before; starts at the best single centre."""
    chosen = list(chosen) or [int(distances.max(axis=0).argmin())]
    nearest = distances[chosen].min(axis=0)
    while len(chosen) < k:
        nearest[chosen] = -1.0  # so that duplicates of a centre never become centres twice
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, distances[chosen[-1]])
    return np.array(chosen, dtype=np.int64)


def _search_cover(points, distances, k, norm, candidates, deadline):
    """k centres of small radius, by bisection over the distances that occur."""
    best = _farthest_first(distances, k)
    upper = _nearest(points, best, norm)[1].max()
    low, high = 0, int(np.searchsorted(candidates, upper - ROUNDING))
    while low < high and not _late(deadline):
        middle = (low + high) // 2
        reach = distances <= candidates[middle]
        centres = _greedy(reach, limit=2 * k)
        if centres is None or len(centres := _without_redundant(reach, centres)) > k:
            low = middle + 1
            continue
        best = _farthest_first(distances, k, centres)
        upper = _nearest(points, best, norm)[1].max()
        high = min(middle, int(np.searchsorted(candidates, upper - ROUNDING)))
    return best


def _candidates(distances):
    """The distances that occur, sorted, one for each group within rounding of each other (its largest)."""
    values = np.sort(distances[np.triu_indices(len(distances), 1)])
    return values[np.append(np.diff(values) > ROUNDING, True)] if len(values) else values


# --- bounds ---


def _dual_ascent(reach, deadline=None):
    """Feasible prices: the better of two ascents, from zero (a packing) and from 1 / the largest ball that covers."""
    size = reach.sum(axis=0)
    largest = np.array([size[row].max() for row in reach])
    starts = [np.zeros(len(reach)), 1.0 / largest]
    best = starts[1]
    for start in starts:
        if _late(deadline):
            break
        prices = _ascend(reach, start, np.argsort(largest, kind="stable"))
        best = max(best, prices, key=np.sum)
    return best / max(1.0, (reach @ best).max())  # rounding must not make prices infeasible


def _ascend(reach, prices, order):
    prices = prices.copy()
    slack = 1.0 - reach @ prices
    for point in order:
        rise = slack[reach[point]].min()
        if rise > 0:
            prices[point] += rise
            slack[reach[point]] -= rise
    return prices


def _whole_bound(dual):
    """The whole number of centres that the prices prove; a sum that rounding alone lifts above a number does not."""
    return max(1, int(np.ceil(dual.sum() * (1 - 1e-9) - 1e-9)))


def _search_bound(points, distances, k, norm, candidates, deadline):
    """Bisection for the largest radius at which prices prove that k centres are too few.

    Returns (bound on the radius, the prices). The optimum is a distance that occurs, so it is at least the next one.
    """
    dual = np.zeros(len(points))
    low, high = -1, len(candidates)  # as positions among the candidates: proved at low (-1: nothing), not at high
    while high - low > 1 and not _late(deadline):
        middle = (low + high) // 2
        prices = _dual_ascent(distances <= candidates[middle] + ROUNDING)
        if _whole_bound(prices) > k:
            low, dual = middle, prices
        else:
            high = middle
    if low >= 0:
        return next_distance(points, distances, candidates[low], norm), dual
    # Not even the shortest distance is too small; only radius 0 may be, where each ball holds one point and its copies.
    at_zero = _dual_ascent(within(points, distances, 0.0, norm))
    if _whole_bound(at_zero) > k:
        return next_distance(points, distances, 0.0, norm), at_zero
    return 0.0, dual


# --- helpers ---


def _checked(points, norm):
    check_norm(norm)
    points = np.asarray(points)
    if points.ndim == 0 or points.size == 0:
        raise ValueError(f"points have shape {points.shape}; expected (n, ...) with n > 0")
    points = flatten(points)
    if not np.isfinite(points).all():
        raise ValueError("points hold NaN or infinite values; remove them first")
    return points


def _deadline(time_limit):
    return None if time_limit is None else monotonic() + time_limit


def _late(deadline):
    return deadline is not None and monotonic() > deadline


def _nearest(points, centres, norm):
    """Each point's nearest centre (the lowest index among equals) and its direct distance."""
    centres = np.sort(centres)
    distances = direct(points, points[centres], norm)
    nearest = distances.argmin(axis=1)
    # A centre stands for itself even where a duplicate of it is a centre too.
    nearest[centres] = np.arange(len(centres))
    return centres[nearest], distances[np.arange(len(points)), nearest]


def _cover(points, centres, norm, lower_bound, optimal, dual):
    assignment, distances = _nearest(points, centres, norm)
    status = "optimal" if optimal else "feasible"
    return Cover(np.sort(centres), assignment, distances, float(distances.max()), lower_bound, status, dual)
