"""Minimal finite covers of one class: the fewest centres for a radius, the smallest radius for k centres, and between.

A cover of points x_1..x_n is a set of them such that each x_i lies within the radius of one. Choosing the fewest is set
cover (arXiv 2402.05675, the MILP of MFC): min sum_j s_j subject to sum_{j: d(i,j) <= eta} s_j >= 1, s binary; `solver`
solves it. Any dual values u >= 0 of the points with sum_{i: d(i,j) <= eta} u_i <= 1 for every j prove that no cover has
fewer than sum(u) centres (LP duality). The smallest radius of k centres (the discrete k-centre problem) is the smallest
distance at which k of them suffice: found by bisection, begun by farthest-first traversal, which is within a factor 2
and whose points are a packing that proves so (Gonzalez 1985). One centre needs no search: see `Distances.central`.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import monotonic
from typing import NamedTuple

import numpy as np

from finitecover.covers import solver
from finitecover.covers.arguments import check_budget, check_radius, check_time_limit, checked
from finitecover.covers.distances import (
    DIRECT_POINTS,
    EQUAL,
    MEMORY,
    Distances,
    direct,
    nearest_share,
    represented_by,
)
from finitecover.covers.fewrows import FewRows
from finitecover.covers.setcover import Problem

# Of a cover, from what is proved to what is not: by dual values that anyone can check; by them and HiGHS's branch and
# bound, of which nothing is left to check; not at all.
STATUSES = ("optimal", "optimal by the solver's word", "feasible")
PROBE = 0.15  # effort for one of the many radii that a budget or a frontier tries
PRECISION = 1e-3  # relative; more than DIRECT_POINTS points are bisected to this, fewer to the last distance
FEW = 100  # points per centre from which on covers are looked for on few points; with 60, reductions of all did better
PROVED = 10  # and from which on bounds are proved on few points; with 6, that was slower
FOUND = 5e-4  # relative; to this radii are bisected for covers where a try is cheap, on few points
HEAVY = 10**11  # pairs of points times centres, from which on a problem is large
COARSE = 1e-2  # likewise, for covers and for bounds, in large problems
TRIAL = 0.3e9  # nanoseconds or so of one core for the search at one such radius,
EACH = 0.01e9  # and for each of its centres
ROUGH = 0.1  # of that effort, and of that precision, for a cover that is only a beginning


@dataclass(frozen=True)
class Cover:
    """A cover of n points.

    indices: the centres, sorted int64. assignment: (n,) index into the points of each point's nearest centre.
    distances: (n,) float64, to that centre. radius: the largest of those of covered points. lower_bound: proved, on the
    number of centres (`cover_with_radius`) or on the radius (`cover_with_budget`). status: "optimal" only if
    `certified_bound` proves it, "optimal by the solver's word" if `lower_bound` does, else "feasible". dual: (n,), for
    the radius asked for or any radius below `certified_bound`, that proves `certified_bound`; it is the lower bound
    itself, unless HiGHS's branch and bound proved more. covered: (n,) bool, the points that the radius speaks for: all
    of them, but for partial covers (`relaxed`).
    """

    indices: np.ndarray
    assignment: np.ndarray
    distances: np.ndarray
    radius: float
    lower_bound: float
    status: str
    dual: np.ndarray
    certified_bound: float
    covered: np.ndarray

    @property
    def size(self):
        """Number of centres."""
        return len(self.indices)


def cover_with_radius(points, radius, norm="l2", time_limit=None, *, memory=MEMORY, device="cpu"):
    """MFC(eta): a cover of one class with few centres and a proved lower bound on their number.

    points: float array (n, ...) in [0, 1]. radius: eta >= 0. norm: "l1", "l2" or "linf". time_limit: seconds, None for
    no limit; when it is spent the cover at hand is returned with the bound at hand. memory: bytes of distances kept;
    device: where they are computed, "cpu" or "cuda"; neither changes the result. Raises `ValueError` for empty or
    non-finite points, a negative radius, an unknown norm.
    """
    points, deadline = checked(points, norm), deadline_after(time_limit)
    check_radius(radius)
    distances = Distances(points, norm, memory, device)
    found = solver.solve(within_problem(distances, radius), deadline=deadline)
    status = status_of(len(found.columns), found.bound, found.by_dual)
    return _cover(distances, found.columns, found.bound, status, found.dual, found.by_dual)


def cover_with_budget(points, k, norm="l2", time_limit=None, *, memory=MEMORY, device="cpu"):
    """MFC(k): k centres of small radius and a proved lower bound on the radius of any k centres.

    points: float array (n, ...) in [0, 1]. k: 1 <= k <= n. The rest is as for `cover_with_radius`. Among covers of its
    radius one with a small mean distance is chosen. Raises `ValueError` for empty or non-finite points, k out of range,
    an unknown norm.
    """
    return cover_and_steps(points, k, norm, time_limit, memory=memory, device=device)[0]


def cover_and_steps(points, k, norm="l2", time_limit=None, *, memory=MEMORY, device="cpu"):
    """`cover_with_budget`, and what its search learned about size against radius on its way, as of `frontier`."""
    points, deadline = checked(points, norm), deadline_after(time_limit)
    check_budget(k, len(points))
    search = Search(points, norm, memory, device)
    return search.cover(int(k), deadline), search.steps()


def frontier(points, radii=(), budgets=(), spaced=0, norm="l2", *, memory=MEMORY, device="cpu"):
    """All that one search learns about size against radius: dict of three (m,) lists, radius, size and lower_bound.

    radii, budgets: what is asked for, in any order; every budget's search starts from what the ones before have found.
    spaced: number of further radii in equal steps, from the median distance of a point to its nearest neighbour, below
    which covers grow to all points, to the radius of one centre. Rows are sorted by radius; at each, size is the
    smallest cover known and lower_bound the largest size proved, both whatever radius they came from. Raises
    `ValueError` as `cover_with_radius` and `cover_with_budget` do.
    """
    points, radii, budgets = checked(points, norm), list(radii), list(budgets)  # iterated more than once
    for radius in radii:
        check_radius(radius)
    for k in budgets:
        check_budget(k, len(points))
    search = Search(points, norm, memory, device)
    for radius in [*radii, *(np.linspace(*search.distances.spread(), spaced) if spaced else [])]:
        search.at(float(radius))
    for k in sorted(budgets):
        search.bracket(int(k))
    return search.steps()


class Bound(NamedTuple):
    """Proof that covers of a radius, or of a smaller one, have at least `size` centres; `by_dual` of them by the dual
    solution alone."""

    radius: float
    size: int
    by_dual: int
    dual: np.ndarray


class Search:
    """The covers and bounds known for one class, for every radius tried."""

    def __init__(self, points, norm, memory=MEMORY, device="cpu"):
        self.distances = Distances(points, norm, memory, device)
        self.covers = {}  # size: (radius reached, centres), the smallest radius of each size
        self.bounds = []
        self._occurring = None
        self._order, self._gaps, self._reach = [], [], None  # the farthest-first traversal so far
        self._priced = None  # the points that dual solutions are looked for on

    def at(self, radius, target=None, deadline=None, rough=False):
        """Look for a small cover of a radius and a bound; True if `target` centres suffice, False if they are proved
        not to, None if neither is known."""
        effort = PROBE * ROUGH if rough else PROBE
        found = solver.solve(within_problem(self.distances, radius), effort, target, deadline, prove=not rough)
        self.bounds.append(Bound(radius, found.bound, found.by_dual, found.dual))
        self._keep(found.columns)
        if target is None:
            return None
        if len(found.columns) <= target:
            self._keep(self.filled(found.columns, target))
            return True
        return False if found.bound > target else None

    def find(self, k, deadline=None, rough=False):
        """Look for k centres of a small radius, between what is proved and what is found.

        rough: with less effort, to less precision, and without proofs. Returns (radius reached, centres, radii below
        that were left undecided).
        """
        if k == 1:
            self._central()
        else:
            self._packed(k)
        undecided, precision = [], PRECISION / ROUGH if rough else PRECISION
        while not solver.late(deadline):
            low = max([self._proved(k), *undecided])
            if (radius := self._between(low, self._reached(k)[0], precision)) is None:
                break
            if self.at(radius, k, deadline, rough) is None:
                undecided.append(radius)
        return *self._reached(k), undecided

    def bracket(self, k, deadline=None):
        """Narrow the interval between the best radius of k centres found and the largest proved too small.

        Returns (radius reached, centres, largest radius proved too small, the same by dual solutions alone), -inf where
        there is none.
        """
        if k > 1 and self.distances.n > max(DIRECT_POINTS, PROVED * k):
            self._bracket_on_few(k, deadline)
            return *self._reached(k), self._proved(k), self._proved(k, "by_dual")
        reached, _, undecided = self.find(k, deadline)
        high = min([reached, *undecided])
        while (radius := self._between(self._proved(k), high)) is not None and not solver.late(deadline):
            if self.at(radius, k, deadline) is not False:
                high = radius
        return *self._reached(k), self._proved(k), self._proved(k, "by_dual")

    def _bracket_on_few(self, k, deadline):
        """As `bracket`: covers first, then what dual solutions prove, then what branch and bound does."""
        self._packed(k)
        self._priced = FewRows(self.distances, self._order)
        unproved = np.inf
        if self.distances.n >= FEW * k or self._large(k):
            unproved = self._find_on_few(k, deadline)
        else:
            self.find(k, deadline)
        self._lift(k, "by_dual", min(unproved, self._reached(k)[0]), self._relaxed, deadline)
        if not self._large(k):
            self._lift(k, "size", self._reached(k)[0], self._branched, deadline)

    def _large(self, k):
        """Whether pairs within a radius are too many to list, and programs too large for branch and bound."""
        return self.distances.n**2 * k > HEAVY

    def _find_on_few(self, k, deadline):
        """As `find`. Returns the smallest radius at which the linear relaxation is known to prove nothing."""
        few, rng = FewRows(self.distances, self._order), np.random.default_rng(0)
        undecided, unproved, work = [], np.inf, TRIAL + k * EACH
        precision = COARSE if self._large(k) else FOUND
        while not solver.late(deadline):
            reached, centres = self._reached(k)
            low = max([self._proved(k), *undecided])
            if (radius := self._between(low, reached, precision)) is None:
                break
            centres, found = few.cover(radius, self.filled(centres, k), ROUGH * work, rng, deadline)
            if not found and radius < unproved:
                if self._relaxed(radius, k, deadline):
                    continue
                unproved = radius
            if not found:
                centres, found = few.cover(radius, centres, (1 - ROUGH) * work, rng, deadline)
            self._keep(centres)
            if not found:
                undecided.append(radius)
        return unproved

    def _lift(self, k, by, high, prove, deadline):
        """Raise the largest radius proved too small for k centres, below `high`, by bisection."""
        precision = COARSE if self._large(k) else PRECISION
        while not solver.late(deadline):
            if (radius := self._between(self._proved(k, by), high, precision)) is None:
                break
            if not prove(radius, k, deadline):
                high = radius

    def _relaxed(self, radius, k, deadline):
        """Whether a dual solution proves a radius too small for k centres."""
        dual = self._priced.relax(radius, k, deadline, self._large(k))
        self.bounds.append(Bound(radius, solver.whole_bound(dual), solver.whole_bound(dual), dual))
        return self.bounds[-1].size > k

    def _branched(self, radius, k, deadline):
        """Whether branch and bound does."""
        if self._relaxed(radius, k, deadline):
            return True
        by_dual, dual = self.bounds[-1][2:]
        centres, more = self._priced.branch(radius, k, dual, deadline)
        if centres is not None:
            self._keep(centres)
        if more:
            self.bounds.append(Bound(radius, k + 1, by_dual, dual))
        return more

    def cover(self, k, deadline=None):
        """The best cover with k centres and its bound."""
        reached, centres, proved, by_dual = self.bracket(k, deadline)
        centres = self._drawn_in(self.filled(centres, k), reached, deadline)
        after = {radius: self._after(radius) for radius in {proved, by_dual}}  # often one, and all distances take long
        lower, certified = (min(reached, after[radius]) for radius in (proved, by_dual))
        proofs = [bound.dual for bound in self.bounds if bound.radius == by_dual and bound.by_dual > k]
        dual = proofs[0] if proofs else np.zeros(self.distances.n)
        return _cover(self.distances, centres, lower, status_of(reached, lower, certified), dual, certified)

    def steps(self):
        """Size and lower bound at every radius at which one of them changes: see `frontier`."""
        reached = [radius for radius, _ in self.covers.values()]
        radii = np.unique([*reached, *(bound.radius for bound in self.bounds)])
        sizes = [min((size for size, (own, _) in self.covers.items() if own <= r), default=None) for r in radii]
        bounds = [max((bound.size for bound in self.bounds if bound.radius >= r), default=1) for r in radii]
        known = [place for place, size in enumerate(sizes) if size is not None]
        return {
            "radius": [float(radii[place]) for place in known],
            "size": [sizes[place] for place in known],
            "lower_bound": [bounds[place] for place in known],
        }

    def _central(self):
        """The best single centre, and the proof: every ball smaller than its own misses one of the points `far`."""
        centre, radius, far = self.distances.central()
        self._keep(np.array([centre]))
        if radius > 0:
            self._prove(radius, 2, far, 1 / (len(far) - 1))

    def _packed(self, k):
        """The first k points of the farthest-first traversal, and what they prove with the next: no ball of less than
        half their distance holds two of them."""
        chosen, packed = self.farthest_first(k)
        self._keep(chosen)
        if packed > 0:
            self._prove(packed / 2, k + 1, self._order[: k + 1], 1.0)

    def _prove(self, radius, size, points, value):
        """Note that radii below this one need `size` centres, since these points have this dual value each."""
        dual = np.zeros(self.distances.n)
        dual[points] = value
        self.bounds.append(Bound(radius * (1 - 2 * EQUAL), size, size, dual))

    def _keep(self, centres):
        reached = float(self.distances.nearest(centres)[1].max())
        if reached < self.covers.get(len(centres), (np.inf,))[0]:
            self.covers[len(centres)] = reached, centres

    def _reached(self, k):
        """The smallest radius of at most k centres known, and the centres."""
        return min((known for size, known in self.covers.items() if size <= k), key=lambda known: known[0])

    def _proved(self, k, by="size"):
        """The largest radius proved too small for k centres; -inf where none is."""
        return max((bound.radius for bound in self.bounds if getattr(bound, by) > k), default=-np.inf)

    def _between(self, low, high, precision=PRECISION):
        """A radius to try in (low, high), about the middle; None where nothing is left between them."""
        if self.distances.n > DIRECT_POINTS:
            low = max(low, 0.0)
            return (low + high) / 2 if high - low > precision * high else None
        if self._occurring is None:
            self._occurring = np.concatenate([[0.0], self.distances.occurring()])
        first = np.searchsorted(self._occurring, low * (1 + EQUAL), side="right") if low >= 0 else 0
        last = np.searchsorted(self._occurring, high * (1 - EQUAL))
        return float(self._occurring[(first + last) // 2]) if first < last else None

    def _after(self, radius):
        """The smallest radius that matters above one proved too small: a distance that occurs."""
        return self.distances.after(radius) if radius >= 0 else 0.0

    def farthest_first(self, k):
        """The first k points of the traversal and how far the next one is from them (0 where there is none)."""
        points, norm = self.distances.points, self.distances.norm
        if not self._order:
            centre = int(direct(points, points.mean(axis=0, keepdims=True), norm).argmin())
            self._order = [centre]
            self._reach = direct(points, points[[centre]], norm)[:, 0]
        while len(self._order) <= k and len(self._order) < len(points):
            self._reach[self._order] = -1.0  # duplicates of a centre never become centres twice
            farthest = int(self._reach.argmax())
            self._gaps.append(max(0.0, float(self._reach[farthest])))
            self._order.append(farthest)
            self._reach = np.minimum(self._reach, direct(points, points[[farthest]], norm)[:, 0])
        return np.sort(self._order[:k]), self._gaps[k - 1] if k < len(points) else 0.0

    def filled(self, centres, k):
        """The centres and the points farthest from them, k in all."""
        centres = list(centres)
        if len(centres) < k:
            reach = self.distances.nearest(np.array(centres))[1]
            while len(centres) < k:
                reach[centres] = -1.0
                centres.append(int(reach.argmax()))
                newest = direct(self.distances.points, self.distances.points[centres[-1:]], self.distances.norm)
                reach = np.minimum(reach, newest[:, 0])
        return np.sort(np.array(centres, dtype=np.int64))

    def _drawn_in(self, centres, radius, deadline):
        """The same number of centres and no larger radius, each moved to where its points are nearest on average."""
        points, norm = self.distances.points, self.distances.norm
        assignment, reached = self.distances.nearest(centres)
        while not solver.late(deadline):
            moved = []
            for centre in np.unique(assignment):
                members = np.flatnonzero(assignment == centre)
                # Of many, only those nearest to the mean: the best is among them, if not always.
                middle = direct(points[members], points[members].mean(axis=0, keepdims=True), norm)[:, 0]
                tried = members[np.sort(np.argsort(middle, kind="stable")[:500])]
                among = direct(points[members], points[tried], norm)
                total = np.where(among.max(axis=0) <= radius * (1 + EQUAL), among.sum(axis=0), np.inf)
                moved.append(tried[total.argmin()] if np.isfinite(total.min()) else centre)
            moved = np.sort(np.array(moved, dtype=np.int64))
            again, nearer = self.distances.nearest(moved)
            if nearer.max() > radius * (1 + EQUAL) or nearer.mean() >= reached.mean() * (1 - EQUAL):
                break
            centres, assignment, reached = moved, again, nearer
        return centres


def label_wise(points, labels, solve, threads=1):
    """Cover each class on its own: `solve(points of the class, label)` -> `Cover`, indices translated to all points.

    Returns (cover of all points, list of per-class covers with their own indices). The joint bound is the sum of the
    classes' bounds where they bound sizes; for budgets read the classes'. Up to `threads` classes at a time.
    """
    groups, parts = class_by_class(points, labels, solve, threads)
    joined = by_point(groups, parts, ("distances", "dual", "covered"))
    assignment = np.empty(len(points), dtype=np.int64)
    for place, (members, part) in enumerate(zip(groups, parts, strict=True)):
        assignment[members] = members[part.assignment]
        parts[place] = replace(part, indices=members[part.indices])
    whole = Cover(
        indices=np.sort(np.concatenate([part.indices for part in parts])),
        assignment=assignment,
        radius=max(part.radius for part in parts),
        lower_bound=sum(part.lower_bound for part in parts),
        status=max((part.status for part in parts), key=STATUSES.index),
        certified_bound=sum(part.certified_bound for part in parts),
        **joined,
    )
    return whole, parts


def class_by_class(points, labels, solve, threads=1):
    """(positions of each class's points, what `solve(points of the class, label)` returns for it), by label."""
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    with ThreadPoolExecutor(threads) as pool:
        return groups, list(pool.map(lambda members: solve(points[members], labels[members[0]].item()), groups))


def by_point(groups, parts, names):
    """Arrays of the classes' covers that have an entry per point, as arrays of all points: {name: array}."""
    order = np.argsort(np.concatenate(groups))
    return {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}


def represented(points, cover):
    """What each centre stands for: weight w_c (covered points assigned to it), radius r_c in each norm, by centre."""
    place = np.searchsorted(cover.indices, cover.assignment)
    return represented_by(points, points[cover.indices], place, cover.covered)


# --- helpers ---


def deadline_after(time_limit):
    """On the monotonic clock, None for no limit; raises `ValueError` for what is no number of seconds."""
    check_time_limit(time_limit)
    return None if time_limit is None else monotonic() + time_limit


def within_problem(distances, radius):
    """Set cover for a radius: points to be covered and candidate centres are the same, so rows and columns are."""
    return Problem(*distances.within(radius) * 2)


def cover_of(distances, centres, uncovered=0.0):
    """The cover by some centres, of which nothing is proved; `covered` leaves out a share of points, the farthest."""
    cover = _cover(distances, centres, 0.0, STATUSES[-1], np.zeros(distances.n), 0.0)
    covered = nearest_share(cover.distances, uncovered)
    return replace(cover, covered=covered, radius=float(cover.distances[covered].max()))


def status_of(reached, lower_bound, certified_bound):
    """One of `STATUSES`, of a size or a radius."""
    if certified_bound >= reached * (1 - EQUAL):
        return STATUSES[0]
    return STATUSES[1] if lower_bound >= reached * (1 - EQUAL) else STATUSES[2]


def _cover(distances, centres, lower_bound, status, dual, certified_bound):
    assignment, reached = distances.nearest(centres)
    radius, every = float(reached.max()), np.full(distances.n, True)
    return Cover(np.sort(centres), assignment, reached, radius, lower_bound, status, dual, certified_bound, every)
