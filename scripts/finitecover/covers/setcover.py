"""Set cover with unit costs: reductions, greedy, local search, feasible dual solutions.

Compiled by Numba; deterministic for a given generator.
"""

from typing import NamedTuple

import numpy as np
from numba import njit


class Problem(NamedTuple):
    """One set-cover problem: its 0-1 matrix, by rows and by columns.

    Row i can be covered by the columns `row_columns[row_start[i]:row_start[i + 1]]`, sorted, and column j covers the
    rows `column_rows[column_start[j]:column_start[j + 1]]`, sorted. Starts are int64, entries int32.
    """

    row_start: np.ndarray
    row_columns: np.ndarray
    column_start: np.ndarray
    column_rows: np.ndarray

    @property
    def rows(self):
        """Number of rows."""
        return len(self.row_start) - 1

    @property
    def columns(self):
        """Number of columns."""
        return len(self.column_start) - 1


def from_matrix(covers):
    """The problem of a 0-1 matrix, (rows, columns) bool."""
    start = np.concatenate([[0], np.cumsum(covers.sum(axis=1))])
    entries = np.nonzero(covers)[1].astype(np.int32)
    return Problem(start, entries, *transposed(start, entries, covers.shape[1]))


@njit(cache=True, nogil=True)
def greedy(problem):
    """Columns in the order chosen: always the one that covers most of what is uncovered, lowest index first."""
    row_start, row_columns, column_start, column_rows = problem
    left = len(row_start) - 1
    gain = column_start[1:] - column_start[:-1]
    covered = np.zeros(left, np.bool_)
    chosen = np.empty(len(gain), np.int64)
    size = 0
    while left > 0:
        column = gain.argmax()
        chosen[size] = column
        size += 1
        for p in range(column_start[column], column_start[column + 1]):
            i = column_rows[p]
            if not covered[i]:
                covered[i] = True
                left -= 1
                for q in range(row_start[i], row_start[i + 1]):
                    gain[row_columns[q]] -= 1
    return chosen[:size]


@njit(cache=True, nogil=True)
def without_redundant(problem, chosen):
    """Columns, sorted, without those that the others make superfluous, tried from the smallest to the largest."""
    row_start, _, column_start, column_rows = problem
    times = np.zeros(len(row_start) - 1, np.int64)
    for j in chosen:
        for p in range(column_start[j], column_start[j + 1]):
            times[column_rows[p]] += 1
    kept = np.zeros(len(column_start) - 1, np.bool_)
    kept[chosen] = True
    for j in chosen[np.argsort(column_start[chosen + 1] - column_start[chosen], kind="mergesort")]:
        needed = False
        for p in range(column_start[j], column_start[j + 1]):
            if times[column_rows[p]] == 1:
                needed = True
                break
        if not needed:
            kept[j] = False
            for p in range(column_start[j], column_start[j + 1]):
                times[column_rows[p]] -= 1
    return np.flatnonzero(kept)


@njit(cache=True, nogil=True)
def most_covering(problem, k):
    """(k columns, sorted, that cover many rows, how many they cover): maximum coverage.

    Greedy, which covers at least 1 - 1/e of the most that k columns can (Nemhauser, Wolsey and Fisher 1978), then
    exchanges of one column for another for as long as one covers more.
    """
    row_start, _, column_start, _ = problem
    gain = column_start[1:] - column_start[:-1]  # rows of each column that none of the chosen covers
    times = np.zeros(len(row_start) - 1, np.int64)
    chosen = np.empty(k, np.int64)
    for place in range(k):
        chosen[place] = gain.argmax()
        _counted(chosen[place], 1, times, gain, problem)
        gain[chosen[place]] = -len(times)  # never chosen twice, even where nothing is left to gain
    improved = True
    while improved:
        improved = False
        for place in range(k):
            gain[chosen[place]] += len(times)
            _counted(chosen[place], -1, times, gain, problem)
            best = gain.argmax()
            if gain[best] > gain[chosen[place]]:
                chosen[place] = best
                improved = True
            _counted(chosen[place], 1, times, gain, problem)
            gain[chosen[place]] -= len(times)
    return np.sort(chosen), np.count_nonzero(times)


@njit(cache=True, nogil=True)
def _counted(column, change, times, gain, problem):
    """Add a column to the chosen ones (change 1), or take it from them (-1): how often rows are covered, and gains."""
    row_start, row_columns, column_start, column_rows = problem
    for p in range(column_start[column], column_start[column + 1]):
        i = column_rows[p]
        times[i] += change
        if times[i] == (1 if change == 1 else 0):
            for q in range(row_start[i], row_start[i + 1]):
                gain[row_columns[q]] -= change


# --- reductions ---


def reduced(problem):
    """Take away what cannot matter: (problem that is left, its rows, its columns, forced columns, their rows).

    Columns that cover no more than another are dominated; rows that hold all columns of another are covered with it
    (Beasley 1987). A row with one column forces it. An optimal cover of what is left and the forced columns are an
    optimal cover; a dual solution feasible for what is left, 1 for each of the forced columns' rows and 0 for all
    other rows are feasible for the whole.
    """
    row_start, row_columns, column_start, column_rows = problem
    rows, columns = np.arange(len(row_start) - 1), np.arange(len(column_start) - 1)
    while True:
        column_kept = ~_dominated(column_start, column_rows, row_start, row_columns)
        row_start, row_columns = restricted(row_start, row_columns, np.full(len(rows), True), column_kept)
        column_start, column_rows = transposed(row_start, row_columns, np.count_nonzero(column_kept))
        columns = columns[column_kept]
        row_kept = ~_superfluous(row_start, row_columns, column_start, column_rows)
        row_start, row_columns = restricted(row_start, row_columns, row_kept, np.full(len(columns), True))
        column_start, column_rows = transposed(row_start, row_columns, len(columns))
        rows = rows[row_kept]
        if np.count_nonzero(row_kept) > 0.99 * len(row_kept):  # little more would go
            break
    # What shares a row with a forced column was superfluous, so its rows and columns are nobody else's.
    single = np.diff(row_start) == 1
    forcing = np.full(len(columns), False)
    forcing[row_columns[row_start[:-1][single]]] = True
    row_start, row_columns = restricted(row_start, row_columns, ~single, ~forcing)
    left = Problem(row_start, row_columns, *transposed(row_start, row_columns, np.count_nonzero(~forcing)))
    return left, rows[~single], columns[~forcing], columns[forcing], rows[single]


@njit(cache=True, nogil=True)
def weighted_sum(start, entries, width, weights):
    """Sum of the rows of a 0-1 matrix in compressed rows, each times its weight: (width,)."""
    out = np.zeros(width)
    for i in range(len(weights)):
        if weights[i] != 0.0:
            for p in range(start[i], start[i + 1]):
                out[entries[p]] += weights[i]
    return out


@njit(cache=True, nogil=True)
def transposed(start, entries, width):
    """Compressed rows of the transposed matrix; `width` is the number of columns."""
    to = np.zeros(width + 1, np.int64)
    for j in entries:
        to[j + 1] += 1
    to = np.cumsum(to)
    position = to[:-1].copy()
    out = np.empty(len(entries), np.int32)
    for i in range(len(start) - 1):
        for p in range(start[i], start[i + 1]):
            out[position[entries[p]]] = i
            position[entries[p]] += 1
    return to, out


@njit(cache=True, nogil=True)
def restricted(start, entries, row_kept, column_kept):
    """Compressed rows of the kept rows and columns, numbered anew."""
    number = np.cumsum(column_kept) - 1
    to = np.zeros(row_kept.sum() + 1, np.int64)
    out = np.empty(len(entries), np.int32)
    row, size = 0, 0
    for i in range(len(row_kept)):
        if row_kept[i]:
            for p in range(start[i], start[i + 1]):
                if column_kept[entries[p]]:
                    out[size] = number[entries[p]]
                    size += 1
            row += 1
            to[row] = size
    return to, out[:size].copy()


@njit(cache=True, nogil=True)
def _subset(start, entries, a, b):
    """Whether the entries of row a are all in row b: a galloping merge that ends at the first that is not."""
    position, end = start[b], start[b + 1]
    for p in range(start[a], start[a + 1]):
        entry = entries[p]
        step = 1
        while position + step < end and entries[position + step] < entry:
            step *= 2
        high = min(position + step, end)
        while position < high:
            middle = (position + high) // 2
            if entries[middle] < entry:
                position = middle + 1
            else:
                high = middle
        if position >= end or entries[position] != entry:
            return False
    return True


@njit(cache=True, nogil=True)
def _rarest(start, entries, row, across):
    """The entry of a row that the fewest rows hold; `across` is where the transposed matrix's rows start."""
    rarest = entries[start[row]]
    for p in range(start[row], start[row + 1]):
        j = entries[p]
        if across[j + 1] - across[j] < across[rarest + 1] - across[rarest]:
            rarest = j
    return rarest


@njit(cache=True, nogil=True)
def _dominated(start, entries, across_start, across):
    """Which rows of the matrix are subsets of another (one of equals stays)."""
    gone = np.zeros(len(start) - 1, np.bool_)
    for a in range(len(gone)):
        size = start[a + 1] - start[a]
        if size == 0:
            gone[a] = True
            continue
        j = _rarest(start, entries, a, across_start)
        for q in range(across_start[j], across_start[j + 1]):
            b = across[q]
            larger = start[b + 1] - start[b] - size
            if b == a or gone[b] or larger < 0 or (larger == 0 and b > a):
                continue
            if _subset(start, entries, a, b):
                gone[a] = True
                break
    return gone


@njit(cache=True, nogil=True)
def _superfluous(start, entries, across_start, across):
    """Which rows of the matrix are supersets of another (one of equals stays)."""
    gone = np.zeros(len(start) - 1, np.bool_)
    for a in np.argsort(start[1:] - start[:-1], kind="mergesort"):
        if gone[a]:
            continue
        j = _rarest(start, entries, a, across_start)
        for q in range(across_start[j], across_start[j + 1]):
            b = across[q]
            if b != a and not gone[b] and _subset(start, entries, a, b):
                gone[b] = True
    return gone


# --- local search ---


@njit(cache=True, nogil=True)
def _toggle(j, problem, state, weight, score, times, owner, members, place, uncovered, where, sizes):
    """Take column j in, or out; keep scores, counts and the lists of chosen columns and uncovered rows up to date.

    owner[i] is the sum of the chosen columns that cover row i: while there is one, it is that column.
    """
    row_start, row_columns, column_start, column_rows = problem
    entering = not state[j]
    state[j] = entering
    score[j] = -score[j]
    if entering:
        place[j] = sizes[0]
        members[sizes[0]] = j
        sizes[0] += 1
    else:
        last = members[sizes[0] - 1]
        members[place[j]] = last
        place[last] = place[j]
        sizes[0] -= 1
    for p in range(column_start[j], column_start[j + 1]):
        i = column_rows[p]
        if entering:
            times[i] += 1
            if times[i] == 1:
                last = uncovered[sizes[1] - 1]
                uncovered[where[i]] = last
                where[last] = where[i]
                sizes[1] -= 1
                for q in range(row_start[i], row_start[i + 1]):
                    if row_columns[q] != j:
                        score[row_columns[q]] -= weight[i]
            elif times[i] == 2:
                score[owner[i]] += weight[i]
            owner[i] += j
        else:
            times[i] -= 1
            owner[i] -= j
            if times[i] == 0:
                where[i] = sizes[1]
                uncovered[sizes[1]] = i
                sizes[1] += 1
                for q in range(row_start[i], row_start[i + 1]):
                    if row_columns[q] != j:
                        score[row_columns[q]] += weight[i]
            elif times[i] == 1:
                score[owner[i]] -= weight[i]


@njit(cache=True, nogil=True)
def _best(candidates, score, stamp, barred):
    """The candidate of the highest score, the longest untouched among equals; -1 if all are barred."""
    best = -1
    for c in candidates:
        if stamp[c] == barred:
            continue
        if best < 0 or score[c] > score[best] or (score[c] == score[best] and stamp[c] < stamp[best]):
            best = c
    return best


@njit(cache=True, nogil=True)
def local_search(problem, start, steps, target, rng):
    """Row-weighting local search (Gao, Weise and Li 2015) from the cover `start`: the smallest cover found, sorted.

    While everything is covered, the column that costs least is dropped; else one column is exchanged for another that
    covers a random uncovered row, and whatever stays uncovered gains weight. Stops after `steps` exchanges or at
    `target` columns.
    """
    row_start, row_columns, column_start, _ = problem
    m, n = len(row_start) - 1, len(column_start) - 1
    state = np.zeros(n, np.bool_)
    weight = np.ones(m, np.int64)
    score = column_start[1:] - column_start[:-1]
    times, owner, stamp = np.zeros(m, np.int64), np.zeros(m, np.int64), np.full(n, -1, np.int64)
    members, place = np.empty(n, np.int64), np.full(n, -1, np.int64)
    uncovered, where = np.arange(m), np.arange(m)
    sizes = np.array([0, m])  # of members, of uncovered
    for c in start:
        _toggle(c, problem, state, weight, score, times, owner, members, place, uncovered, where, sizes)
    best = start.copy()
    for step in range(steps):
        while sizes[1] == 0:
            best = members[: sizes[0]].copy()
            if len(best) <= max(target, 1):
                return np.sort(best)
            drop = _best(best, score, stamp, -2)
            _toggle(drop, problem, state, weight, score, times, owner, members, place, uncovered, where, sizes)
            stamp[drop] = step
        drop = _best(members[: sizes[0]], score, stamp, step - 1)
        drop = members[0] if drop < 0 else drop
        _toggle(drop, problem, state, weight, score, times, owner, members, place, uncovered, where, sizes)
        stamp[drop] = step
        row = uncovered[rng.integers(0, sizes[1])]
        enter = _best(row_columns[row_start[row] : row_start[row + 1]], score, stamp, step)
        enter = drop if enter < 0 else enter
        _toggle(enter, problem, state, weight, score, times, owner, members, place, uncovered, where, sizes)
        stamp[enter] = step
        for k in range(sizes[1]):
            i = uncovered[k]
            weight[i] += 1
            for q in range(row_start[i], row_start[i + 1]):
                score[row_columns[q]] += 1
    if sizes[1] == 0 and sizes[0] < len(best):
        best = members[: sizes[0]].copy()
    return np.sort(best)


@njit(cache=True, nogil=True)
def exchanged(covers, start, weight, work, rng):
    """Row-weighting search as above among sets of as many columns as `start` has: (columns, whether they cover all
    rows, nanoseconds or so of one core spent).

    covers: (m, n) bool. weight: (m,) float32 of the rows, raised in place. Stops at a cover, or when `work`, in the
    same unit, is spent. Made for rows that are few and long: what a column would gain is summed, over the rows left
    uncovered, for all columns at once, instead of being kept up to date, and the work is that of these sums.
    """
    m, n = covers.shape
    chosen, across = start.copy(), covers.T.copy()
    score, stamp = np.zeros(n), np.full(n, -2, np.int64)
    times, owner = np.zeros(m, np.int64), np.zeros(m, np.int64)
    for c in chosen:
        _enter(c, across[c], weight, score, times, owner)
    step, spent, uncovered = 0, 0.0, np.flatnonzero(times == 0)
    while len(uncovered) > 0 and spent < work:
        drop = _best(chosen, score, stamp, step - 1)
        drop = chosen[0] if drop < 0 else drop
        _leave(drop, across[drop], weight, score, times, owner)
        stamp[drop] = step
        uncovered = np.flatnonzero(times == 0)
        row = uncovered[rng.integers(0, len(uncovered))]
        enter = _best(np.flatnonzero(covers[row]), _gains(covers, uncovered, weight), stamp, step)
        enter = drop if enter < 0 else enter
        _enter(enter, across[enter], weight, score, times, owner)
        stamp[enter] = step
        chosen[chosen == drop] = enter
        spent += n * (4 + len(uncovered)) / 12 + 2 * m + 4 * len(chosen)  # fitted to total times
        uncovered = np.flatnonzero(times == 0)
        weight[uncovered] += 1
        step += 1
    return chosen, len(uncovered) == 0, spent


@njit(cache=True, nogil=True)
def _gains(covers, uncovered, weight):
    """Weight of the uncovered rows in each column: (n,)."""
    gain = np.zeros(covers.shape[1], np.float32)
    for i in uncovered:
        line, heavy = covers[i], weight[i]
        for c in range(len(gain)):
            gain[c] += heavy * line[c]
    return gain


@njit(cache=True, nogil=True)
def _enter(column, holds, weight, score, times, owner):
    """Take in a column with these rows, (m,) bool; a chosen column's score is minus the weight it alone covers."""
    for i in range(len(holds)):
        if holds[i]:
            if times[i] == 0:
                score[column] -= weight[i]
            elif times[i] == 1:
                score[owner[i]] += weight[i]
            times[i] += 1
            owner[i] += column


@njit(cache=True, nogil=True)
def _leave(column, holds, weight, score, times, owner):
    """The reverse of `_enter`."""
    for i in range(len(holds)):
        if holds[i]:
            times[i] -= 1
            owner[i] -= column
            if times[i] == 0:
                score[column] += weight[i]
            elif times[i] == 1:
                score[owner[i]] -= weight[i]


# --- dual solutions ---


@njit(cache=True, nogil=True)
def feasible_dual(problem, given):
    """Dual values u >= 0 of the rows made feasible (no column holds more than 1), then raised until none can rise.

    Rows of small columns rise first. From zeros the result is a packing: rows no two of which share a column.
    """
    row_start, row_columns, column_start, column_rows = problem
    m, n = len(row_start) - 1, len(column_start) - 1
    held = weighted_sum(row_start, row_columns, n, given)
    u, largest = np.empty(m), np.zeros(m, np.int64)
    for i in range(m):
        excess = 1.0
        for p in range(row_start[i], row_start[i + 1]):
            j = row_columns[p]
            excess = max(excess, held[j])
            largest[i] = max(largest[i], column_start[j + 1] - column_start[j])
        u[i] = given[i] / excess
    slack = np.ones(n)
    for j in range(n):
        for p in range(column_start[j], column_start[j + 1]):
            slack[j] -= u[column_rows[p]]
    for i in np.argsort(largest, kind="mergesort"):
        rise = 1.0
        for p in range(row_start[i], row_start[i + 1]):
            rise = min(rise, slack[row_columns[p]])
        if rise > 0:
            u[i] += rise
            for p in range(row_start[i], row_start[i + 1]):
                slack[row_columns[p]] -= rise
    return u
