"""Minimal finite covers of one class: the fewest centres for a radius, the smallest radius for k centres.

A cover of points x_1..x_n is a set of them such that each x_i lies within the radius of one. Choosing the fewest is set
cover (arXiv 2402.05675, the MILP of MFC): min sum_j s_j subject to sum_{j: d(i,j) <= eta} s_j >= 1, s binary.

Upper bounds are covers: greedy (within ln n of the optimum) without its redundant centres, improved by row-weighting
local search; for a budget also farthest-first traversal (within 2 of the smallest radius; Gonzalez 1985). Lower bounds
are proofs: any prices u >= 0 of the points with sum_{i: d(i,j) <= eta} u_i <= 1 for every j show that no cover has
fewer than sum(u) centres (LP duality). What they leave open is decided by HiGHS for up to `EXACT_POINTS` points.
"""

from dataclasses import dataclass, replace
from numbers import Integral
from time import monotonic

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from finitecover import setcover
from finitecover.distances import (
    EQUAL,
    accuracy,
    check_norm,
    direct,
    flatten,
    matrix,
    neighbours,
    next_distance,
    paired,
)

EXACT_POINTS = 150  # up to here a proof of optimality is always attempted, unless a time limit ends it
# Work allowed for one radius, in seconds or so of one core. It is counted in steps, not timed: without a time limit
# the same points give the same cover on every machine.
SEARCH_EFFORT, PRICE_EFFORT = 15.0, 5.0
PROBE_EFFORT = 1.5  # the same for one of the many radii that a budget or a frontier tries


@dataclass(frozen=True)
class Cover:
    """A cover of n points.

    indices: the centres, sorted int64. assignment: (n,) index into the points of each point's nearest centre.
    distances: (n,) float64, to that centre. radius: the largest of them. lower_bound: proved, on the number of centres
    (`cover_with_radius`) or on the radius (`cover_with_budget`). status: "optimal" only if the bound proves it, else
    "feasible". dual: (n,) prices, for the radius asked for or any radius below `certified_bound`, that prove
    `certified_bound`; it is the lower bound itself, unless HiGHS's branch and bound proved more.
    """

    indices: np.ndarray
    assignment: np.ndarray
    distances: np.ndarray
    radius: float
    lower_bound: float
    status: str
    dual: np.ndarray
    certified_bound: float


def cover_with_radius(points, radius, norm="l2", time_limit=None):
    """MFC(eta): a cover of one class with few centres and a proved lower bound on their number.

    points: float array (n, ...) in [0, 1]. radius: eta >= 0. norm: "l1", "l2" or "linf". time_limit: seconds, None for
    no limit; when it is spent the cover at hand is returned with the bound at hand. Raises `ValueError` for empty or
    non-finite points, a negative radius, an unknown norm.
    """
    points, deadline = _checked(points, norm), _deadline(time_limit)
    if not (np.isfinite(radius) and radius >= 0):
        raise ValueError(f"radius is {radius}; it must be a finite number >= 0")
    reach = neighbours(points, radius, norm)
    centres, bound, dual = _solve(reach, SEARCH_EFFORT, PRICE_EFFORT, deadline)
    return _cover(points, centres, norm, bound, len(centres) == bound, dual, _whole_bound(dual))


def cover_with_budget(points, k, norm="l2", time_limit=None):
    """MFC(k): k centres of small radius and a proved lower bound on the radius of any k centres.

    points: float array (n, ...) in [0, 1]. k: 1 <= k <= n. norm: "l1", "l2" or "linf". time_limit: seconds, None for no
    limit; when it is spent the cover at hand is returned with the bound at hand. Among covers of its radius one with a
    small mean distance is chosen. Raises `ValueError` for empty or non-finite points, k out of range, an unknown norm.
    """
    points, deadline = _checked(points, norm), _deadline(time_limit)
    if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= len(points):
        raise ValueError(f"k is {k}; it must be a whole number between 1 and the number of points, {len(points)}")
    distances = matrix(points, norm)
    candidates = _candidates(distances, norm)
    centres = _search_cover(points, distances, int(k), norm, candidates, deadline)
    radius = _nearest(points, centres, norm)[1].max()
    centres = _drawn_in(points, distances, centres, radius, norm, deadline)
    radius = _nearest(points, centres, norm)[1].max()
    below = candidates[: _position(candidates, radius, norm, len(points))]
    certified, lower, dual = _search_bound(points, distances, int(k), norm, below, deadline)
    bounds = (min(lower, radius), lower >= radius * (1 - EQUAL), dual, min(certified, radius))
    return _cover(points, centres, norm, *bounds)


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
        reach = neighbours(points, radius, norm, distances)
        centres, bound, _ = _solve(reach, PROBE_EFFORT, PROBE_EFFORT)
        rows.append({"radius": float(radius), "size": len(centres), "lower_bound": bound})
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
        certified_bound=sum(part.certified_bound for part in parts),
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


def _rows(inside):
    """A symmetric boolean matrix as compressed rows."""
    return np.concatenate([[0], np.cumsum(inside.sum(axis=1))]), np.nonzero(inside)[1].astype(np.int32)


def _solve(reach, search_effort, price_effort, deadline=None):
    """(centres, proved bound on their number, prices) for one radius."""
    centres = _small_cover(reach, search_effort, deadline)
    dual = _prices(reach, len(centres), price_effort, deadline)
    bound = _whole_bound(dual)
    if bound < len(centres) and len(reach[0]) - 1 <= EXACT_POINTS:
        centres, bound = _exact(reach, centres, bound, deadline)
    return centres, bound, dual


def _small_cover(reach, effort, deadline=None, target=0):
    """A cover of few centres, or of `target` as soon as one is found: greedy, then local search."""
    centres = setcover.without_redundant(*reach, setcover.greedy(*reach))
    if len(centres) <= target or _late(deadline):
        return centres
    n = len(reach[0]) - 1
    most = 100 * n if n <= EXACT_POINTS else np.inf  # HiGHS finishes what is left of a small problem
    exchanges = int(min(most, 1e9 * effort / (3500 + 30 * len(reach[1]) / n)))
    rng = np.random.default_rng(0)  # covers have no seed of their own
    if deadline is None:
        return setcover.local_search(*reach, centres, exchanges, target, rng)
    # With a limit, in pieces, as many as there is time for: slow machines search less, never longer.
    for _ in range(20):
        if len(centres) > target and not _late(deadline):
            centres = setcover.local_search(*reach, centres, exchanges // 20 + 1, target, rng)
    return centres


def _exact(reach, centres, bound, deadline=None):
    """HiGHS on the whole problem: (centres, proved bound); what was there before where it finds nothing better."""
    n = len(reach[0]) - 1
    covering = csr_array((np.ones(len(reach[1])), reach[1], reach[0]), shape=(n, n))
    options = {} if deadline is None else {"time_limit": max(0.0, deadline - monotonic())}
    result = milp(
        np.ones(n),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(covering, lb=1),
        options=options,
    )
    if result.x is not None and round(result.fun) < len(centres):
        centres = np.flatnonzero(result.x > 0.5)
    if result.mip_dual_bound is not None and np.isfinite(result.mip_dual_bound):
        bound = max(bound, int(np.ceil(result.mip_dual_bound - 1e-6)))
    return centres, bound


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
    low, high = 0, _position(candidates, upper, norm, len(points))
    while low < high and not _late(deadline):
        middle = (low + high) // 2
        reach = _rows(distances <= candidates[middle])
        centres = _small_cover(reach, PROBE_EFFORT, deadline, target=k)
        if len(centres) > k and len(points) <= EXACT_POINTS:
            centres, _ = _exact(reach, centres, 0, deadline)
        if len(centres) > k:
            low = middle + 1
            continue
        best = _farthest_first(distances, k, centres)
        upper = _nearest(points, best, norm)[1].max()
        high = min(middle, _position(candidates, upper, norm, len(points)))
    return best


def _drawn_in(points, distances, centres, radius, norm, deadline):
    """The same number of centres and no larger radius, each moved to where its points are nearest on average."""
    mean = _nearest(points, centres, norm)[1].mean()
    while not _late(deadline):
        assignment = _nearest(points, centres, norm)[0]
        moved = []
        for centre in np.unique(assignment):
            members = np.flatnonzero(assignment == centre)
            among = distances[np.ix_(members, members)]
            total = np.where(among.max(axis=0) <= radius * (1 + EQUAL), among.sum(axis=0), np.inf)
            best = members[total.argmin()]
            moved.append(best if np.isfinite(total.min()) else centre)
        moved = np.array(moved, dtype=np.int64)
        reached = _nearest(points, moved, norm)[1]
        if reached.max() > radius * (1 + EQUAL) or reached.mean() >= mean * (1 - EQUAL):
            break
        centres, mean = moved, reached.mean()
    return centres


def _candidates(distances, norm):
    """The distances that occur, sorted, one for each group within rounding of each other (its largest)."""
    values = np.sort(distances[np.triu_indices(len(distances), 1)])
    apart = np.diff(values) > accuracy(len(distances), norm) + EQUAL * values[1:]
    return values[np.append(apart, True)] if len(values) else values


def _position(candidates, radius, norm, n):
    """How many of the candidates are smaller than a radius by more than rounding."""
    return int(np.searchsorted(candidates, radius * (1 - EQUAL) - accuracy(n, norm)))


# --- bounds ---


def _prices(reach, upper, effort, deadline=None):
    """Feasible prices of a large sum: a packing, or, where that does not prove `upper`, subgradient ascent from it."""
    packing = setcover.feasible_prices(*reach, np.zeros(len(reach[0]) - 1))
    best = packing
    if _whole_bound(packing) < upper and not _late(deadline):
        iterations = int(np.clip(1e9 * effort / (4 * len(reach[1])), 20, 1000))
        ascended = setcover.lagrangian_prices(*reach, packing / 2, upper, iterations)
        best = max(packing, setcover.feasible_prices(*reach, ascended), key=np.sum)
    covering = csr_array((np.ones(len(reach[1])), reach[1], reach[0]))
    return best / max(1.0, (covering @ best).max())  # rounding must not make prices infeasible


def _whole_bound(dual):
    """The whole number of centres that the prices prove; a sum that rounding alone lifts above a number does not."""
    return max(1, int(np.ceil(dual.sum() * (1 - 1e-9) - 1e-9)))


def _search_bound(points, distances, k, norm, candidates, deadline):
    """Bisection for the largest radius at which k centres are proved too few: by prices, and by HiGHS where it may.

    Returns (bound that the prices prove, bound, prices). The optimum is a distance that occurs, so it is at least the
    next one.
    """
    dual = np.zeros(len(points))
    certified, proved, high = -1, -1, len(candidates)  # positions among the candidates; -1: nothing; not at high
    while high - proved > 1 and not _late(deadline):
        middle = (proved + high) // 2
        reach = _rows(distances <= candidates[middle] * (1 + EQUAL) + accuracy(len(points), norm))
        prices = _prices(reach, k + 1, PROBE_EFFORT, deadline)
        if _whole_bound(prices) > k:
            certified, proved, dual = middle, middle, prices
        elif len(points) <= EXACT_POINTS and _exact(reach, np.arange(len(points)), 0, deadline)[1] > k:
            proved = middle
        else:
            high = middle
    after = lambda position: next_distance(points, distances, candidates[position], norm)  # noqa: E731
    if certified >= 0:
        return after(certified), after(proved), dual
    # Perhaps only radius 0 is too small by prices, where each ball holds one point and its copies.
    at_zero = _prices(neighbours(points, 0.0, norm), k + 1, PROBE_EFFORT, deadline)
    zero = next_distance(points, distances, 0.0, norm) if _whole_bound(at_zero) > k else 0.0
    return zero, max(zero, after(proved) if proved >= 0 else 0.0), at_zero if zero else dual


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


def _cover(points, centres, norm, lower_bound, optimal, dual, certified_bound):
    assignment, distances = _nearest(points, centres, norm)
    status = "optimal" if optimal else "feasible"
    radius = float(distances.max())
    return Cover(np.sort(centres), assignment, distances, radius, lower_bound, status, dual, certified_bound)
