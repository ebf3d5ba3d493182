import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from finitecover.covers.distances import Distances
from finitecover.covers.fewrows import FewRows
from finitecover.covers.solver import solve, whole_bound
from unit.covers.test_search import clouds, fewest, grids
from unit.covers.test_setcover import compressed

WORK = 1e7


def few_rows(points, norm="l2", count=1, **settings):
    return FewRows(Distances(points, norm, **settings), np.arange(min(count, len(points))))


def inside(points, radius):
    return cdist(points, points) <= radius * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(points=st.one_of(grids, clouds), quantile=st.floats(0, 1), share=st.floats(0, 1))
def test_few_rows_find_what_there_is_and_prove_no_more(points, quantile, share):
    n = len(points)
    radius, k = float(np.quantile(cdist(points, points), quantile)), 1 + round(share * (n - 1))
    best = fewest(points, radius, "l2")
    centres, found = few_rows(points).cover(radius, np.arange(k), WORK, np.random.default_rng(0))
    assert len(centres) == k
    assert found == inside(points, radius)[centres].any(axis=0).all()
    assert found or best > k
    few = few_rows(points)
    dual = few.relax(radius, k)
    assert (dual >= 0).all()
    assert (dual @ inside(points, radius)).max() <= 1 + 1e-9
    assert whole_bound(dual) <= best
    centres, more = few.branch(radius, k, dual)
    assert not (more and best <= k)
    if centres is not None:
        assert len(centres) <= k
        assert inside(points, radius)[centres].any(axis=0).all()


@settings(max_examples=60, deadline=None)
@given(points=st.one_of(grids, clouds), quantile=st.floats(0, 1))
def test_branch_and_bound_on_few_rows_decides_small_problems(points, quantile):
    radius = float(np.quantile(cdist(points, points), quantile))
    best = fewest(points, radius, "l2")
    for k in {best, max(1, best - 1)}:
        few = few_rows(points)
        centres, more = few.branch(radius, k, few.relax(radius, k))
        assert more == (best > k)
        assert (centres is not None) == (best <= k)


@pytest.mark.parametrize("large", [True, False])  # programs are reduced, or not
@pytest.mark.parametrize("k", [3, 15, 16, 30])
def test_few_rows_prove_what_all_rows_do(k, large, rng):
    points = rng.random((200, 3))
    radius = 0.3
    whole = solve(compressed(inside(points, radius)), effort=0.01).dual.sum()
    dual = few_rows(points, count=5).relax(radius, k, large=large)
    assert dual.sum() <= whole + 1e-6
    assert (dual @ inside(points, radius)).max() <= 1 + 1e-9
    assert (whole_bound(dual) > k) == (whole_bound(np.array([whole])) > k)


def test_rows_that_may_not_be_kept_are_computed_anew(rng, monkeypatch):
    monkeypatch.setattr("finitecover.covers.distances.DIRECT_POINTS", 0)
    monkeypatch.setattr("finitecover.covers.fewrows.ENTRIES", 500)
    points = rng.random((150, 5))
    kept, anew = (few_rows(points, memory=memory) for memory in (2**30, 0))
    for radius in (0.6, 0.5):
        start = np.arange(12)
        found = [few.cover(radius, start, WORK, np.random.default_rng(0)) for few in (kept, anew)]
        assert found[0][0].tolist() == found[1][0].tolist()
        assert np.array_equal(kept.rows, anew.rows)
        assert np.array_equal(kept.relax(radius, 11), anew.relax(radius, 11))
        assert np.array_equal(kept.rows, anew.rows)
        assert np.array_equal(kept.covers(radius), inside(points, radius)[kept.rows])


def test_a_passed_deadline_leaves_the_centres_as_they_are(rng):
    points = rng.random((50, 3))
    few = few_rows(points)
    centres, found = few.cover(0.01, np.arange(4), WORK, np.random.default_rng(0), deadline=0.0)
    assert (centres.tolist(), found) == ([0, 1, 2, 3], False)
    assert not few.relax(0.01, 4, deadline=0.0).any()
    assert few.branch(0.01, 4, np.zeros(50), deadline=0.0) == (None, False)
