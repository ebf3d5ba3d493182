"""Set cover with unit costs where points and candidate centres are the same: greedy, local search, prices.

A problem is a symmetric reach in compressed rows: point i can be covered by `indices[indptr[i]:indptr[i + 1]]`, sorted,
itself among them, and as a centre covers the same points. Compiled by Numba; deterministic for a given generator.
"""

import numpy as np
from numba import njit


@njit(cache=True)
def greedy(indptr, indices):
    """Centres in the order chosen: always the one that covers most of what is uncovered, lowest index first."""
    n = len(indptr) - 1
    gain = indptr[1:] - indptr[:-1]
    covered = np.zeros(n, np.bool_)
    chosen = np.empty(n, np.int64)
    size, left = 0, n
    while left > 0:
        centre = gain.argmax()
        chosen[size] = centre
        size += 1
        for p in range(indptr[centre], indptr[centre + 1]):
            i = indices[p]
            if not covered[i]:
                covered[i] = True
                left -= 1
                for q in range(indptr[i], indptr[i + 1]):
                    gain[indices[q]] -= 1
    return chosen[:size]


@njit(cache=True)
def without_redundant(indptr, indices, centres):
    """Centres, sorted, without those that the others make superfluous, tried from the smallest ball to the largest."""
    n = len(indptr) - 1
    times = np.zeros(n, np.int64)
    for c in centres:
        for p in range(indptr[c], indptr[c + 1]):
            times[indices[p]] += 1
    kept = np.zeros(n, np.bool_)
    kept[centres] = True
    for c in centres[np.argsort(indptr[centres + 1] - indptr[centres], kind="mergesort")]:
        needed = False
        for p in range(indptr[c], indptr[c + 1]):
            if times[indices[p]] == 1:
                needed = True
                break
        if not needed:
            kept[c] = False
            for p in range(indptr[c], indptr[c + 1]):
                times[indices[p]] -= 1
    return np.flatnonzero(kept)


@njit(cache=True)
def _toggle(j, indptr, indices, state, weight, score, times, owner, members, place, uncovered, where, sizes):
    """Take centre j in, or out; keep scores, counts and the lists of centres and uncovered points up to date.

    owner[i] is the sum of the centres that cover point i: while there is one, it is that centre.
    """
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
    for p in range(indptr[j], indptr[j + 1]):
        i = indices[p]
        if entering:
            times[i] += 1
            if times[i] == 1:
                last = uncovered[sizes[1] - 1]
                uncovered[where[i]] = last
                where[last] = where[i]
                sizes[1] -= 1
                for q in range(indptr[i], indptr[i + 1]):
                    if indices[q] != j:
                        score[indices[q]] -= weight[i]
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
                for q in range(indptr[i], indptr[i + 1]):
                    if indices[q] != j:
                        score[indices[q]] += weight[i]
            elif times[i] == 1:
                score[owner[i]] -= weight[i]


@njit(cache=True)
def _best(candidates, score, stamp, barred):
    """The candidate of the highest score, the longest untouched among equals; -1 if all are barred."""
    best = -1
    for c in candidates:
        if stamp[c] == barred:
            continue
        if best < 0 or score[c] > score[best] or (score[c] == score[best] and stamp[c] < stamp[best]):
            best = c
    return best


@njit(cache=True)
def local_search(indptr, indices, start, steps, target, rng):
    """Row-weighting local search (Gao, Weise and Li 2015) from the cover `start`: the smallest cover found, sorted.

    While everything is covered, the centre that costs least is dropped; else one centre is exchanged for another that
    covers a random uncovered point, and whatever stays uncovered gains weight. Stops after `steps` exchanges or at
    `target` centres.
    """
    n = len(indptr) - 1
    state = np.zeros(n, np.bool_)
    weight = np.ones(n, np.int64)
    score = indptr[1:] - indptr[:-1]
    times, owner, stamp = np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, -1, np.int64)
    members, place = np.empty(n, np.int64), np.full(n, -1, np.int64)
    uncovered, where = np.arange(n), np.arange(n)
    sizes = np.array([0, n])  # of members, of uncovered
    for c in start:
        _toggle(c, indptr, indices, state, weight, score, times, owner, members, place, uncovered, where, sizes)
    best = start.copy()
    for step in range(steps):
        while sizes[1] == 0:
            best = members[: sizes[0]].copy()
            if len(best) <= max(target, 1):
                return np.sort(best)
            drop = _best(best, score, stamp, -2)
            _toggle(drop, indptr, indices, state, weight, score, times, owner, members, place, uncovered, where, sizes)
            stamp[drop] = step
        drop = _best(members[: sizes[0]], score, stamp, step - 1)
        drop = members[0] if drop < 0 else drop
        _toggle(drop, indptr, indices, state, weight, score, times, owner, members, place, uncovered, where, sizes)
        stamp[drop] = step
        point = uncovered[rng.integers(0, sizes[1])]
        enter = _best(indices[indptr[point] : indptr[point + 1]], score, stamp, step)
        enter = point if enter < 0 else enter
        _toggle(enter, indptr, indices, state, weight, score, times, owner, members, place, uncovered, where, sizes)
        stamp[enter] = step
        for k in range(sizes[1]):
            i = uncovered[k]
            weight[i] += 1
            for q in range(indptr[i], indptr[i + 1]):
                score[indices[q]] += 1
    if sizes[1] == 0 and sizes[0] < len(best):
        best = members[: sizes[0]].copy()
    return np.sort(best)


@njit(cache=True)
def feasible_prices(indptr, indices, prices):
    """Prices u >= 0 made feasible (no ball holds more than 1), then raised, cheapest points first, until none can rise.

    From prices of zero the result is a packing: points no two of which share a centre.
    """
    n = len(indptr) - 1
    held = np.zeros(n)
    for j in range(n):
        for p in range(indptr[j], indptr[j + 1]):
            held[j] += prices[indices[p]]
    u, largest = np.empty(n), np.zeros(n, np.int64)
    for i in range(n):
        excess = 1.0
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            excess = max(excess, held[j])
            largest[i] = max(largest[i], indptr[j + 1] - indptr[j])
        u[i] = prices[i] / excess
    slack = np.ones(n)
    for j in range(n):
        for p in range(indptr[j], indptr[j + 1]):
            slack[j] -= u[indices[p]]
    for i in np.argsort(largest, kind="mergesort"):
        rise = 1.0
        for p in range(indptr[i], indptr[i + 1]):
            rise = min(rise, slack[indices[p]])
        if rise > 0:
            u[i] += rise
            for p in range(indptr[i], indptr[i + 1]):
                slack[indices[p]] -= rise
    return u


@njit(cache=True)
def lagrangian_prices(indptr, indices, prices, upper, iterations):
    """Subgradient ascent of the Lagrangian bound sum(u) + sum_j min(0, 1 - held_j) (Caprara, Fischetti and Toth 1999).

    Starts at `prices`; `upper` is the size of a known cover. Returns the best multipliers found (not yet feasible).
    """
    n = len(indptr) - 1
    u, best = prices.copy(), prices.copy()
    bound, pace, idle = -np.inf, 1.0, 0
    for _ in range(iterations):
        slope = np.ones(n)
        value = u.sum()
        for j in range(n):
            held = 0.0
            for p in range(indptr[j], indptr[j + 1]):
                held += u[indices[p]]
            if held > 1.0:
                value += 1.0 - held
                for p in range(indptr[j], indptr[j + 1]):
                    slope[indices[p]] -= 1.0
        if value > bound + 1e-3:
            idle = 0
        else:
            idle += 1
        if value > bound:
            bound = value
            best[:] = u
        if idle == 15:
            pace, idle = 0.6 * pace, 0
            u[:] = best
            if pace < 0.003:
                break
            continue
        for i in range(n):
            if u[i] == 0.0 and slope[i] < 0.0:
                slope[i] = 0.0
        length = (slope**2).sum()
        if length == 0.0 or bound > upper - 1 + 1e-6:
            break
        u = np.maximum(0.0, u + pace * (upper - value) / length * slope)
    return best
