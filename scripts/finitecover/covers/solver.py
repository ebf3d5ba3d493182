"""The fewest columns that cover all rows (unicost set cover): a cover, a bound, and the dual solution that proves it.

Reductions first; on what they leave, a greedy cover; the linear relaxation, whose dual solution proves a bound;
row-weighting local search; and branch and bound for what is still open. HiGHS solves the linear and integer programs,
each on a few of the rows: a program with fewer rows bounds the whole from below, and rows that its solution leaves
uncovered are added until there are none (as for p-centres, Chen and Chen 2009). Its dual solution is feasible for
the whole, with 0 for all other rows, so a bound from a few rows has the same proof.
"""

from dataclasses import dataclass
from time import monotonic

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from finitecover.covers import setcover

EXACT_COLUMNS = 150  # up to here the optimum is always proved, unless a time limit ends it
# Work allowed for one problem, counted in steps so that the same problem has the same solution on every machine:
SEARCH = 10.0  # local search, in seconds or so of one core
PROGRAM = 60.0  # the largest linear program, likewise
NODES = 300  # branch and bound
BRANCHED = 20_000  # entries of the largest program that is branched on
REACHED = 0.03  # the share of a bound that branch and bound may be expected to add


@dataclass(frozen=True)
class Solution:
    """columns: of a cover, sorted. bound: proved, on the number of columns of any cover. dual: (rows,), no column holds
    more than 1 of it; its sum, rounded up, is `by_dual`, the part of the bound that it proves alone."""

    columns: np.ndarray
    bound: int
    dual: np.ndarray
    by_dual: int

    @property
    def optimal(self):
        """Whether the bound proves that no cover is smaller."""
        return self.bound == len(self.columns)


def solve(problem, effort=1.0, target=None, deadline=None, prove=True):
    """A small cover of a problem (see `setcover`) and a bound.

    effort: multiplies the work allowed. target: stop as soon as a cover of at most so many columns is found, or more
    are proved to be needed. deadline: on the monotonic clock, None for none; what is at hand then is returned. prove:
    False for covers alone, with what bound comes for nothing.
    """
    left, rows, columns, forced, forced_rows = setcover.reduced(problem)
    dual = np.zeros(problem.rows)
    dual[forced_rows] = 1.0
    if not len(rows):
        return _solution(problem, forced, dual, 0)
    target = None if target is None else target - len(forced)
    rng = np.random.default_rng(0)  # covers have no seed of their own
    chosen = setcover.without_redundant(left, setcover.greedy(left))
    chosen = _searched(left, chosen, 0.1 * effort, 0 if target is None else target, rng, deadline)
    relaxed = setcover.feasible_dual(left, np.zeros(len(rows)))
    if prove and not _settled(chosen, whole_bound(relaxed), target):
        relaxed = _relaxed(left, relaxed, chosen, target, deadline)
    bound, nodes = whole_bound(relaxed), int(NODES * effort)
    if prove and deadline is None:  # else it might take all the time; what it can close at once needs no more search
        chosen, bound = _branched(left, relaxed, bound, chosen, target, nodes, deadline)
    before = len(chosen)
    if not _settled(chosen, bound, target):
        chosen = _searched(left, chosen, 0.9 * effort, max(bound, target or 0), rng, deadline)
    if prove and (len(chosen) < before or deadline is not None):
        chosen, bound = _branched(left, relaxed, bound, chosen, target, nodes, deadline)
    dual[rows] = relaxed
    return _solution(problem, np.sort(np.concatenate([columns[chosen], forced])), dual, bound + len(forced))


def _settled(chosen, bound, target):
    """Whether a cover is proved optimal, or the question of the target answered."""
    return bound >= len(chosen) or (target is not None and (len(chosen) <= target or bound > target))


def whole_bound(dual):
    """The whole number of columns that a feasible dual solution proves; a sum that rounding alone lifts above one does
    not."""
    return max(1, int(np.ceil(dual.sum() * (1 - 1e-9) - 1e-9)))


def late(deadline):
    """Whether a deadline has passed."""
    return deadline is not None and monotonic() > deadline


def _solution(problem, columns, dual, bound):
    dual = _feasible(problem, dual)
    by_dual = whole_bound(dual)
    return Solution(columns, max(bound, by_dual), dual, by_dual)


def _feasible(problem, dual):
    """The dual solution, lowered as a whole if rounding let a column hold more than 1."""
    dual = np.maximum(dual, 0.0)
    return dual / max(1.0, _held(problem, dual).max())


def _held(problem, dual):
    """What each column holds of a dual solution."""
    return setcover.weighted_sum(problem.row_start, problem.row_columns, problem.columns, dual)


def _covered(problem, share):
    """How often, or to what extent, the columns taken to these shares cover each row."""
    return setcover.weighted_sum(problem.column_start, problem.column_rows, problem.rows, share)


def _taken(problem, chosen):
    """Shares of 1 for the chosen columns."""
    share = np.zeros(problem.columns)
    share[chosen] = 1.0
    return share


def matrix(problem):
    """The problem's 0-1 matrix for HiGHS, (rows, columns)."""
    entries = (np.ones(len(problem.row_columns)), problem.row_columns, problem.row_start)
    return csr_array(entries, shape=(problem.rows, problem.columns))


def _searched(problem, chosen, effort, target, rng, deadline):
    """Local search from a cover for as many exchanges as the effort allows."""
    n = problem.columns
    step = 500 + 4.5 * len(problem.row_columns) / n + 2 * len(chosen)  # nanoseconds, as measured
    exchanges = int(1e9 * SEARCH * effort / step)
    if n <= EXACT_COLUMNS:
        exchanges = min(exchanges, 100 * n)  # branch and bound finishes these
    # With a limit, in pieces, as many as there is time for: slow machines search less, never longer.
    pieces = 1 if deadline is None else 20
    for _ in range(pieces):
        if len(chosen) > target and not late(deadline):
            chosen = setcover.local_search(problem, chosen, exchanges // pieces + 1, target, rng)
    return chosen


def _some_rows(problem, rows, column_kept):
    """What reductions leave of the problem with these rows and columns alone: (problem, its rows, its columns, forced
    columns, their rows), all numbered as in the whole."""
    row_kept = np.zeros(problem.rows, dtype=bool)
    row_kept[rows] = True
    start, entries = setcover.restricted(problem.row_start, problem.row_columns, row_kept, column_kept)
    width = np.count_nonzero(column_kept)
    part = setcover.Problem(start, entries, *setcover.transposed(start, entries, width))
    left, left_rows, left_columns, forced, forced_rows = setcover.reduced(part)
    rows, columns = np.flatnonzero(row_kept), np.flatnonzero(column_kept)
    return left, rows[left_rows], columns[left_columns], columns[forced], rows[forced_rows]


def _relaxed(problem, best, chosen, target, deadline):
    """Dual solution of the linear relaxation, or the first that settles the question; never less than the one given."""
    m, n = problem.rows, problem.columns
    every = np.ones(n, dtype=bool)
    # Rows that the cover at hand covers once, those of few columns first, are where dual values are.
    times, degree = _covered(problem, _taken(problem, chosen)), np.diff(problem.row_start)
    rows = np.argsort(times + degree / (degree.max() + 1), kind="stable")[: max(300, 2 * len(chosen))]
    while not _settled(chosen, whole_bound(best), target) and not late(deadline):
        left, kept, columns, forced, forced_rows = _some_rows(problem, rows, every)
        if 1e-9 * len(kept) * len(left.row_columns) > PROGRAM:
            break
        dual, share = np.zeros(m), np.zeros(n)
        dual[forced_rows], share[forced] = 1.0, 1.0
        if len(kept):
            result = linprog(
                np.ones(len(columns)),
                A_ub=-matrix(left),
                b_ub=-np.ones(len(kept)),
                method="highs-ipm",
                options=time_left(deadline),
            )
            if result.status != 0:
                break
            dual[kept], share[columns] = -result.ineqlin.marginals, result.x
        best = max(best, _feasible(problem, dual), key=np.sum)
        covered = _covered(problem, share)
        missed = np.flatnonzero(covered < 1 - 1e-4)
        if not len(missed):
            break
        rows = np.union1d(rows, missed[np.argsort(covered[missed], kind="stable")[:300]])
    return best


def _branched(problem, dual, bound, chosen, target, nodes, deadline):
    """Branch and bound on a few rows, then on those its solutions miss: (cover, bound on the size of any).

    Columns whose reduced costs show them to be in no smaller cover are left out. Without a deadline, large programs
    are not tried and the nodes are counted; up to `EXACT_COLUMNS` columns there is no limit.
    """
    m, n = problem.rows, problem.columns
    small = n <= EXACT_COLUMNS
    goal = len(chosen) if target is None else target + 1
    rows = np.arange(m) if small else np.flatnonzero(dual)
    while not _settled(chosen, bound, target) and not late(deadline):
        useful = dual.sum() + (1 - _held(problem, dual)) <= len(chosen) - 1 + 1e-6
        if (_covered(problem, useful.astype(float)) == 0).any():
            return chosen, len(chosen)
        left, kept, columns, forced, _ = _some_rows(problem, rows, useful)
        found, least = forced, len(forced)
        if len(kept):
            far = goal - bound > max(2, REACHED * goal)
            if not small and deadline is None and (far or nodes <= 0 or len(left.row_columns) > BRANCHED):
                break
            result = milp(
                np.ones(len(columns)),
                integrality=np.ones(len(columns)),
                bounds=Bounds(0, 1),
                constraints=LinearConstraint(matrix(left), lb=1),
                options=time_left(deadline) if small or deadline is not None else {"node_limit": nodes},
            )
            nodes -= 1 + (result.mip_node_count or 0)
            if result.mip_dual_bound is not None and np.isfinite(result.mip_dual_bound):
                least += int(np.ceil(result.mip_dual_bound - 1e-6))
            if result.x is None:
                return chosen, min(len(chosen), max(bound, least))
            found = np.sort(np.concatenate([forced, columns[result.x > 0.5]]))
        # A cover is no smaller than the one at hand, or it uses useful columns alone and covers these rows.
        bound = min(len(chosen), max(bound, least))
        missed = np.flatnonzero(_covered(problem, _taken(problem, found)) < 0.5)
        if len(missed):
            rows = np.union1d(rows, missed[:200])
        elif len(found) < len(chosen):
            chosen = found
        else:
            break
    return chosen, bound


def time_left(deadline):
    """Options of HiGHS that end it at a deadline."""
    return {} if deadline is None else {"time_limit": max(0.01, deadline - monotonic())}
