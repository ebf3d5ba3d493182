from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from finitecover.covers import setcover


def compressed(covers):
    """A problem from a boolean matrix, rows x columns."""
    rows = np.concatenate([[0], np.cumsum(covers.sum(axis=1))]), np.nonzero(covers)[1].astype(np.int32)
    return setcover.Problem(*rows, *setcover.transposed(*rows, covers.shape[1]))


def random_matrix(m, n, share, seed):
    """Every row has a column that covers it."""
    rng = np.random.default_rng(seed)
    covers = rng.random((m, n)) < share
    covers[np.arange(m), rng.integers(0, n, m)] = True
    return covers


def fewest(covers):
    n = covers.shape[1]
    return next(
        size
        for size in range(n + 1)
        if any(covers[:, list(chosen)].any(axis=1).all() for chosen in combinations(range(n), size))
    )


matrices = st.builds(random_matrix, st.integers(1, 12), st.integers(1, 10), st.floats(0, 0.6), st.integers(0, 9999))


@settings(max_examples=60, deadline=None)
@given(covers=matrices, seed=st.integers(0, 5))
def test_every_step_keeps_a_cover_and_the_search_finds_the_smallest(covers, seed):
    problem = compressed(covers)
    greedy = setcover.greedy(problem)
    pruned = setcover.without_redundant(problem, greedy)
    found = setcover.local_search(problem, pruned, 300, 0, np.random.default_rng(seed))
    for chosen in (greedy, pruned, found):
        assert len(np.unique(chosen)) == len(chosen)
        assert covers[:, chosen].any(axis=1).all()
    assert (np.diff(found) > 0).all()
    assert len(greedy) >= len(pruned) >= len(found) == fewest(covers)
    for drop in range(len(pruned)):
        assert not covers[:, np.delete(pruned, drop)].any(axis=1).all()


@settings(max_examples=100, deadline=None)
@given(covers=matrices)
def test_reductions_keep_the_optimum_and_the_dual(covers):
    left, rows, columns, forced, forced_rows = setcover.reduced(compressed(covers))
    core = covers[np.ix_(rows, columns)]
    assert (left.row_start == np.concatenate([[0], np.cumsum(core.sum(axis=1))])).all()
    assert (left.row_columns == np.nonzero(core)[1]).all()
    assert (left.column_rows == np.nonzero(core.T)[1]).all()
    assert len(forced) == len(forced_rows)
    assert (fewest(core) if len(rows) else 0) + len(forced) == fewest(covers)
    if len(rows):  # nothing more can be taken away
        assert (core.sum(axis=1) > 1).all()
        others = ~np.eye(len(columns), dtype=bool)
        assert not ((core[:, :, None] <= core[:, None, :]).all(axis=0) & others).any()
        dual = np.zeros(len(covers))
        dual[rows] = -linprog(
            np.ones(len(columns)), A_ub=-core.astype(float), b_ub=-np.ones(len(rows))
        ).ineqlin.marginals
        dual[forced_rows] = 1
        assert (dual @ covers).max() <= 1 + 1e-9


@settings(max_examples=60, deadline=None)
@given(covers=matrices)
def test_dual_solutions_are_feasible_and_bound_the_smallest_cover(covers):
    problem, m = compressed(covers), len(covers)
    packing = setcover.feasible_dual(problem, np.zeros(m))
    for dual in (packing, setcover.feasible_dual(problem, np.ones(m))):
        assert (dual >= 0).all()
        assert (dual @ covers).max() <= 1 + 1e-9
        assert dual.sum() <= fewest(covers) + 1e-9
    assert set(packing) <= {0.0, 1.0}


def test_greedy_takes_the_largest_ball_then_the_lowest_index():
    inside = np.eye(6, dtype=bool)
    for a, b in ((0, 1), (1, 2), (4, 5)):
        inside[a, b] = inside[b, a] = True
    assert setcover.greedy(compressed(inside)).tolist() == [1, 4, 3]


def test_the_search_is_decided_by_its_seed_and_stops_at_its_target():
    problem = compressed(random_matrix(120, 120, 0.05, 1))
    start = setcover.without_redundant(problem, setcover.greedy(problem))
    best = setcover.local_search(problem, start, 5000, 0, np.random.default_rng(3))
    assert best.tolist() == setcover.local_search(problem, start, 5000, 0, np.random.default_rng(3)).tolist()
    assert len(best) < len(start)
    assert len(setcover.local_search(problem, start, 5000, len(best) + 1, np.random.default_rng(3))) == len(best) + 1
    assert setcover.local_search(problem, start, 0, 0, np.random.default_rng(3)).tolist() == start.tolist()


@settings(max_examples=60, deadline=None)
@given(covers=matrices, more=st.integers(-1, 2), seed=st.integers(0, 5))
def test_exchanges_find_a_cover_of_their_size_where_there_is_one(covers, more, seed):
    best, n = fewest(covers), covers.shape[1]
    start = np.arange(np.clip(best + more, 1, n))

    def exchanged(work):
        weight = np.ones(len(covers), np.float32)
        return setcover.exchanged(covers, start, weight, work, np.random.default_rng(seed))

    chosen, found, spent = exchanged(1e6)
    assert len(np.unique(chosen)) == len(start)
    assert found == covers[:, chosen].any(axis=1).all() == (len(start) >= best)
    assert chosen.tolist() == exchanged(1e6)[0].tolist()
    assert found or spent >= 1e6
    assert exchanged(0.0)[0].tolist() == start.tolist()


def test_a_matrix_and_its_problem_are_the_same():
    covers = random_matrix(7, 5, 0.4, 2)
    for part, expected in zip(setcover.from_matrix(covers), compressed(covers), strict=True):
        assert part.tolist() == expected.tolist()
        assert part.dtype == expected.dtype


@pytest.mark.parametrize("weights", [[0.0, 0.0, 0.0], [1.0, 0.0, 2.5]])
def test_weighted_sums_are_products_with_the_matrix(weights):
    covers = random_matrix(3, 5, 0.5, 0)
    start, entries, *_ = compressed(covers)
    assert setcover.weighted_sum(start, entries, 5, np.array(weights)).tolist() == (np.array(weights) @ covers).tolist()
