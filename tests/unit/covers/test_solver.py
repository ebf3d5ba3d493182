from time import monotonic

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from finitecover.covers import solver
from unit.covers.test_setcover import compressed, fewest, matrices, random_matrix


def optimum(covers):
    """By HiGHS, without a limit."""
    ones = np.ones(covers.shape[1])
    constraint = LinearConstraint(covers.astype(float), lb=1)
    result = milp(ones, integrality=ones, bounds=Bounds(0, 1), constraints=constraint, options={"mip_rel_gap": 0})
    assert result.status == 0
    return round(result.fun)


def assert_sound(covers, found):
    assert (np.diff(found.columns) > 0).all()
    assert covers[:, found.columns].any(axis=1).all()
    assert (found.dual >= 0).all()
    assert (found.dual @ covers).max() <= 1 + 1e-12
    assert found.by_dual == solver.whole_bound(found.dual) <= found.bound <= len(found.columns)


@settings(max_examples=80, deadline=None)
@given(covers=matrices)
def test_small_problems_are_solved(covers):
    found = solver.solve(compressed(covers))
    assert_sound(covers, found)
    assert found.optimal
    assert found.bound == fewest(covers)


@settings(max_examples=80, deadline=None)
@given(covers=matrices, target=st.integers(1, 8))
def test_a_target_is_reached_or_proved_out_of_reach(covers, target):
    found = solver.solve(compressed(covers), target=target)
    assert_sound(covers, found)
    assert (len(found.columns) <= target) == (fewest(covers) <= target)
    assert (found.bound > target) == (fewest(covers) > target)


@pytest.mark.parametrize("seed", range(3))
def test_problems_above_the_exact_size_get_true_bounds(seed):
    covers = random_matrix(200, 200, 0.02, seed)
    found = solver.solve(compressed(covers), effort=0.05)
    assert_sound(covers, found)
    best = optimum(covers)
    assert found.bound <= best == len(found.columns)


def test_without_proofs_covers_are_sound_and_bounds_true():
    covers = random_matrix(200, 200, 0.02, 0)
    found = solver.solve(compressed(covers), effort=0.05, prove=False)
    assert_sound(covers, found)
    assert found.bound <= optimum(covers) <= len(found.columns)


def test_the_bound_by_the_dual_is_that_of_the_linear_relaxation():
    covers = random_matrix(300, 220, 0.04, 5)
    relaxed = linprog(np.ones(220), A_ub=-covers.astype(float), b_ub=-np.ones(300), bounds=(0, 1)).fun
    found = solver.solve(compressed(covers), effort=0.01)
    assert (1 - 1e-3) * relaxed <= found.dual.sum() <= relaxed + 1e-6


def test_a_passed_deadline_ends_the_work_with_what_is_at_hand():
    covers = random_matrix(300, 220, 0.04, 5)
    found = solver.solve(compressed(covers), deadline=monotonic() - 1)
    assert_sound(covers, found)
    assert not found.optimal


def test_rounding_proves_no_further_column():
    assert solver.whole_bound(np.array([1.0, 1.0, 1e-12])) == 2
    assert solver.whole_bound(np.array([1.0, 1.0, 1e-3])) == 3
    assert solver.whole_bound(np.zeros(3)) == 1
