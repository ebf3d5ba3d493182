"""Whether k balls of one radius around points cover all points, decided on few of the points.

k centres that cover some of the points are looked for among all of them; points that they leave uncovered join, until
there are none (Chen and Chen 2009). What proves that some of the points need more than k centres proves it of all, with
dual values of 0 for the others. So neither the pairs within the radius nor their reductions are needed, which take
most of the time where balls hold a large share of the points.
"""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from finitecover.covers import setcover
from finitecover.covers.distances import EQUAL, direct
from finitecover.covers.solver import PROGRAM, REACHED, late, matrix, time_left, whole_bound

PIECE = 1e8  # nanoseconds of a search, between two looks at the clock
ENTRIES = 2**24  # distances computed at a time, where they cannot be kept
KEPT = 4  # a quarter of the bytes that may be kept are for these distances, for others may be kept beside them
JOINING = 50  # points that join at a time, at most, because a fractional cover leaves them uncovered
REDUCED = 3.0  # as `PROGRAM`, in large problems, of which one radius takes many
TOLERATED = 1e-4  # of a point, that may stay uncovered by it
NODES = 45  # of branch and bound, for one radius
BRANCHED = 10_000  # entries of the largest program that is branched on, in a second or so; twice as many took six


class FewRows:
    """Some of the points, `rows`, and their distances to all.

    distances: `Distances` of all n points. rows: (m,) indices of those that are there from the beginning.
    """

    def __init__(self, distances, rows):
        self.distances = distances
        self.rows = np.empty(0, dtype=np.int64)
        self._block = distances.towards(self.rows)  # None once it is larger than may be kept
        self._join(np.array(rows, dtype=np.int64))
        # Of columns that gain as much the search takes the first: let it be the most central.
        points = distances.points
        self._central = direct(points, points.mean(axis=0, keepdims=True), distances.norm)[:, 0].argsort(kind="stable")

    def cover(self, radius, centres, work, rng, deadline=None):
        """(centres, whether they cover all points): as many as are given, exchanged for as long as `work` lasts, which
        is in nanoseconds or so of one core."""
        covers, weight = np.take(self.covers(radius), self._central, axis=1), np.ones(len(self.rows), np.float32)
        chosen, found = np.argsort(self._central)[centres], False
        while work > 0 and not late(deadline):
            chosen, found, spent = setcover.exchanged(covers, chosen, weight, min(work, PIECE), rng)
            work -= spent
            if found:
                joined = self._join(self._missed(radius, self._central[chosen]))
                if not joined:
                    break
                found = False
                covers = np.concatenate([covers, np.take(self.covers(radius, -joined), self._central, axis=1)])
                weight = np.ones(len(self.rows), np.float32)
        return np.sort(self._central[chosen]), found

    def relax(self, radius, k, deadline=None, large=False):
        """(n,) dual values: the linear relaxation's, or the first that prove more than k centres, or those at which it
        is known that none do. Of the rows only those with dual values stay. In large problems as many points join at a
        time as there are centres, and programs are reduced."""
        best = np.zeros(self.distances.n)
        while not late(deadline):
            covers = _sparse(self.covers(radius))
            solved = self._fractional(covers, large, deadline)
            if solved is None:
                break
            values, share, total = solved
            best = max(best, self._feasible(values, covers), key=np.sum)
            extent = self._extent(radius, share)
            # Divided by the least extent it is a fractional cover of all points: no dual solution sums to more.
            unprovable = total <= k * extent.min()
            missed = np.flatnonzero(extent < 1 - TOLERATED)
            if whole_bound(best) > k or unprovable or not len(missed):
                break
            self._join(missed[np.argsort(extent[missed], kind="stable")[: k if large else JOINING]])
        if best.any():
            self._only(best[self.rows] > 0)
        return best

    def branch(self, radius, k, dual, deadline=None):
        """(k centres that cover all points, or None; whether k are proved to be too few), by branch and bound.

        Columns whose reduced costs show them to be in no cover of k are left out (`dual`: of these rows, as `relax`
        leaves them). Large programs, and those far from a proof, are not tried; the nodes are counted.
        """
        nodes = NODES
        while k + 1 - whole_bound(dual) <= max(2, REACHED * (k + 1)) and not late(deadline):
            covers = self.covers(radius)
            held = dual[self.rows] @ _sparse(covers)
            useful = np.flatnonzero(dual.sum() + 1 - held <= k + 1e-6)
            covers = covers[:, useful]
            if not covers.any(axis=1).all():
                return None, True
            left, _, columns, forced, _ = setcover.reduced(setcover.from_matrix(covers))
            if nodes <= 0 or len(left.row_columns) > BRANCHED:
                break
            chosen, more, spent = _fewest(left, k - len(forced), nodes, deadline)
            if chosen is None:
                return None, more
            nodes -= spent
            centres = np.sort(useful[np.concatenate([forced, columns[chosen]])])
            if not self._join(self._missed(radius, centres)):
                return centres, False
        return None, False

    def covers(self, radius, first=0):
        """Whether all points lie within the radius of the rows from the `first` on: (rows, n) bool."""
        rows = self.rows[first:]
        if self._block is not None:
            return self.distances.inside(self._block[first:], rows, radius)
        pieces = np.array_split(rows, 1 + len(rows) * self.distances.n // ENTRIES)
        return np.concatenate([self.distances.inside(self.distances.towards(some), some, radius) for some in pieces])

    def _join(self, rows):
        """Add rows, if they are new; how many are."""
        rows = np.setdiff1d(rows, self.rows)
        if len(rows):
            self.rows = np.concatenate([self.rows, rows])
            fits = KEPT * 8 * len(self.rows) * self.distances.n <= self.distances.memory
            if fits and self._block is not None:
                self._block = np.concatenate([self._block, self.distances.towards(rows)])
            else:
                self._block = None
        return len(rows)

    def _only(self, kept):
        """Leave out the rows that are not kept, (rows,) bool."""
        self.rows = self.rows[kept]
        if self._block is not None:
            self._block = self._block[kept]

    def _missed(self, radius, centres):
        """Of the points of each centre the farthest, if it lies outside the radius."""
        assignment, reached = self.distances.nearest(centres)
        order = np.lexsort((-reached, assignment))
        farthest = order[np.diff(assignment[order], prepend=-1) > 0]
        return farthest[reached[farthest] > radius * (1 + EQUAL)]

    def _fractional(self, covers, large, deadline):
        """(dual values of the rows, shares of all columns, their sum) of the linear relaxation of a sparse matrix; None
        where it takes too long, or is not solved.

        A large one is reduced first, and solved by interior points: simplex took three times as long, or more.
        """
        rows, columns = (np.arange(length) for length in covers.shape)
        values, share = np.zeros(len(rows)), np.zeros(len(columns))
        if large:
            start, entries = covers.indptr.astype(np.int64), covers.indices.astype(np.int32)
            whole = setcover.Problem(start, entries, *setcover.transposed(start, entries, len(columns)))
            left, rows, columns, forced, forced_rows = setcover.reduced(whole)
            values[forced_rows], share[forced] = 1.0, 1.0
            covers = matrix(left)
        total = share.sum()
        if not len(rows):
            return values, share, total
        if 1e-9 * len(rows) * covers.nnz > (REDUCED if large else PROGRAM):
            return None
        ones, limit, method = np.ones(len(columns)), time_left(deadline), "highs-ipm" if large else "highs-ds"
        result = linprog(ones, A_ub=-covers, b_ub=-np.ones(len(rows)), method=method, options=limit)
        if result.status != 0:
            return None
        values[rows], share[columns] = -result.ineqlin.marginals, result.x
        return values, share, total + result.fun

    def _extent(self, radius, share):
        """To what extent columns taken to these shares cover each point: (n,)."""
        columns = np.flatnonzero(share > 1e-9)
        return share[columns] @ _sparse(self.distances.inside(self.distances.towards(columns), columns, radius))

    def _feasible(self, values, covers):
        """Dual values of the rows as those of all points, lowered if rounding let a column hold more than 1."""
        dual, values = np.zeros(self.distances.n), np.maximum(values, 0.0)
        dual[self.rows] = values / max(1.0, (values @ covers).max())
        return dual


def _sparse(covers):
    """Sparse products sum in one order on every machine, which dense ones do not."""
    return csr_array(covers, dtype=np.float64)


def _fewest(problem, k, nodes, deadline):
    """(at most k columns that cover the rows, or None; whether more are proved to be needed; nodes spent)."""
    if k < 0:
        return None, True, 0
    if not problem.rows:
        return np.empty(0, dtype=np.int64), False, 0
    ones = np.ones(problem.columns)
    result = milp(
        ones,
        integrality=ones,
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(matrix(problem), lb=1), LinearConstraint(ones[None], ub=k)],
        options={"node_limit": nodes} | time_left(deadline),
    )
    infeasible, bound = result.status == 2, result.mip_dual_bound
    more = infeasible or (bound is not None and np.isfinite(bound) and bound > k + 1e-6)
    chosen = None if more or result.x is None else np.flatnonzero(result.x > 0.5)
    return chosen, more, 1 + (result.mip_node_count or 0)
