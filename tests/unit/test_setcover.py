from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finitecover import setcover


def compressed(inside):
    return np.concatenate([[0], np.cumsum(inside.sum(axis=1))]), np.nonzero(inside)[1].astype(np.int32)


def random_reach(n, share, seed):
    """A symmetric boolean matrix in which every point reaches itself."""
    inside = np.random.default_rng(seed).random((n, n)) < share
    return inside | inside.T | np.eye(n, dtype=bool)


def fewest(inside):
    n = len(inside)
    return next(
        size
        for size in range(1, n + 1)
        if any(inside[list(chosen)].any(axis=0).all() for chosen in combinations(range(n), size))
    )


reaches = st.builds(random_reach, st.integers(1, 11), st.floats(0, 0.6), st.integers(0, 9999))


@settings(max_examples=60, deadline=None)
@given(inside=reaches, seed=st.integers(0, 5))
def test_every_step_keeps_a_cover_and_the_search_finds_the_smallest(inside, seed):
    reach = compressed(inside)
    greedy = setcover.greedy(*reach)
    pruned = setcover.without_redundant(*reach, greedy)
    found = setcover.local_search(*reach, pruned, 300, 0, np.random.default_rng(seed))
    for centres in (greedy, pruned, found):
        assert len(np.unique(centres)) == len(centres)
        assert inside[centres].any(axis=0).all()
    assert (np.diff(found) > 0).all()
    assert len(greedy) >= len(pruned) >= len(found) == fewest(inside)
    for drop in range(len(pruned)):
        assert not inside[np.delete(pruned, drop)].any(axis=0).all()


@settings(max_examples=60, deadline=None)
@given(inside=reaches)
def test_prices_are_feasible_and_bound_the_smallest_cover(inside):
    reach, n = compressed(inside), len(inside)
    packing = setcover.feasible_prices(*reach, np.zeros(n))
    ascended = setcover.lagrangian_prices(*reach, packing / 2, fewest(inside), 200)
    for prices in (packing, setcover.feasible_prices(*reach, ascended), setcover.feasible_prices(*reach, np.ones(n))):
        assert (prices >= 0).all()
        assert (inside @ prices).max() <= 1 + 1e-9
        assert prices.sum() <= fewest(inside) + 1e-9
    assert set(packing) <= {0.0, 1.0}


def test_greedy_takes_the_largest_ball_then_the_lowest_index():
    inside = np.eye(6, dtype=bool)
    for a, b in ((0, 1), (1, 2), (4, 5)):
        inside[a, b] = inside[b, a] = True
    assert setcover.greedy(*compressed(inside)).tolist() == [1, 4, 3]


def test_the_search_is_decided_by_its_seed_and_stops_at_its_target():
    inside = random_reach(120, 0.05, 1)
    reach = compressed(inside)
    start = setcover.without_redundant(*reach, setcover.greedy(*reach))
    best = setcover.local_search(*reach, start, 5000, 0, np.random.default_rng(3))
    assert best.tolist() == setcover.local_search(*reach, start, 5000, 0, np.random.default_rng(3)).tolist()
    assert len(best) < len(start)
    assert len(setcover.local_search(*reach, start, 5000, len(best) + 1, np.random.default_rng(3))) == len(best) + 1
    assert setcover.local_search(*reach, start, 0, 0, np.random.default_rng(3)).tolist() == start.tolist()


def test_lagrangian_prices_reach_the_linear_relaxation():
    linprog = pytest.importorskip("scipy.optimize").linprog
    inside = random_reach(80, 0.08, 2)
    relaxed = linprog(np.ones(80), A_ub=-inside.astype(float), b_ub=-np.ones(80), bounds=(0, 1)).fun
    reach = compressed(inside)
    packing = setcover.feasible_prices(*reach, np.zeros(80))
    ascended = setcover.feasible_prices(*reach, setcover.lagrangian_prices(*reach, packing / 2, 40, 2000))
    assert 0.97 * relaxed <= ascended.sum() <= relaxed + 1e-9
