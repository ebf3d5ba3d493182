import numpy as np
import pytest

from finitecover.covers import cover_with_budget, cover_with_radius, label_wise
from finitecover.verification import (
    CoverError,
    verify_claims,
    verify_cover,
    verify_radius_bound,
    verify_size_bound,
)


@pytest.fixture
def example(rng):
    points = rng.random((30, 3))
    cover = cover_with_radius(points, 0.4)
    return {
        "points": points,
        "labels": np.zeros(30, dtype=np.int64),
        "indices": cover.indices.copy(),
        "assignment": cover.assignment.copy(),
        "distances": cover.distances.copy(),
        "radius": 0.4,
        "norm": "l2",
    }


def a_follower(example):
    """A point that is no centre."""
    return int(np.setdiff1d(np.arange(30), example["indices"])[0])


def test_a_true_cover_passes(example):
    verify_cover(**example)


def test_a_radius_too_small_is_refused(example):
    with pytest.raises(CoverError, match="outside the radius"):
        verify_cover(**example | {"radius": example["distances"].max() - 1e-6})


def test_another_norm_is_refused(example):
    with pytest.raises(CoverError):
        verify_cover(**example | {"norm": "l1"})


def test_a_wrong_distance_is_refused(example):
    example["distances"][a_follower(example)] -= 1e-6
    with pytest.raises(CoverError, match="distances to centre"):
        verify_cover(**example)


def test_another_label_is_refused(example):
    example["labels"][a_follower(example)] = 1
    with pytest.raises(CoverError, match="another label"):
        verify_cover(**example)


def test_an_assignment_to_no_centre_is_refused(example):
    follower = a_follower(example)
    example["assignment"][follower] = follower
    with pytest.raises(CoverError, match="no centre"):
        verify_cover(**example)


def test_unsorted_repeated_or_foreign_centres_are_refused(example):
    for indices in (example["indices"][::-1], np.repeat(example["indices"], 2)):
        with pytest.raises(CoverError, match="sorted and distinct"):
            verify_cover(**example | {"indices": indices})
    with pytest.raises(CoverError, match="not one of the points"):
        verify_cover(**example | {"indices": np.append(example["indices"], 30)})


def test_a_missing_assignment_is_refused(example):
    with pytest.raises(CoverError, match="not every point"):
        verify_cover(**example | {"assignment": example["assignment"][:-1], "distances": example["distances"][:-1]})


def test_prices_must_be_feasible_and_sum_to_the_bound(rng):
    points = rng.random((30, 3))
    cover = cover_with_radius(points, 0.4)
    verify_size_bound(points, cover.dual, 0.4, cover.lower_bound, "l2")
    with pytest.raises(CoverError, match="no proof"):
        verify_size_bound(points, cover.dual, 0.4, cover.lower_bound + 1, "l2")
    with pytest.raises(CoverError, match="more than 1"):
        verify_size_bound(points, cover.dual * 1.5, 0.4, cover.lower_bound, "l2")
    with pytest.raises(CoverError, match="negative"):
        verify_size_bound(points, cover.dual - 0.01, 0.4, 1, "l2")


def test_a_radius_bound_needs_prices_above_the_budget(rng):
    points = rng.random((30, 3))
    cover = cover_with_budget(points, 5)
    verify_radius_bound(points, cover.dual, 5, cover.lower_bound, "l2")
    with pytest.raises(CoverError):
        verify_radius_bound(points, cover.dual, 5, cover.radius * 1.2, "l2")
    with pytest.raises(CoverError, match="no proof"):
        verify_radius_bound(points, np.zeros(30), 5, cover.lower_bound, "l2")


# --- what is stored ---


@pytest.fixture
def stored(rng):
    """Points of two labels, the arrays of their covers with three centres each, and the bounds claimed."""
    points, labels = rng.random((50, 4)), np.repeat([0, 1], 25)
    whole, parts = label_wise(points, labels, lambda members, _: cover_with_budget(members, 3))
    arrays = {key: getattr(whole, key).copy() for key in ("indices", "assignment", "distances", "dual", "covered")}
    claims = {int(labels[part.indices[0]]): part.certified_bound for part in parts}
    return points, labels, arrays, claims


def test_true_claims_are_measured(stored):
    rows = verify_claims(*stored, "l2", budget=3)
    assert [(row["label"], row["points"], row["size"]) for row in rows] == [(0, 25, 3), (1, 25, 3)]
    assert [row["proved_bound"] for row in rows] == list(stored[3].values())
    assert all(row["proved_bound"] <= row["radius"] for row in rows)


def test_a_bound_claimed_too_large_is_refused(stored):
    *rest, claims = stored
    with pytest.raises(CoverError, match=r"more than 1|no proof"):
        verify_claims(*rest, {0: claims[0], 1: claims[1] * 1.5}, "l2", budget=3)


def test_a_bound_that_is_no_number_is_refused(stored):
    *rest, claims = stored
    with pytest.raises(CoverError, match="a claimed bound is not finite"):
        verify_claims(*rest, claims | {1: np.nan}, "l2", budget=3)


def test_another_budget_is_refused(stored):
    with pytest.raises(CoverError, match="3 centres where 4 were asked for"):
        verify_claims(*stored, "l2", budget=4)


def test_points_left_out_must_have_been_allowed(stored):
    arrays = stored[2]
    farthest = arrays["distances"][:25].argmax()
    arrays["covered"][farthest] = False
    rows = verify_claims(*stored, "l2", budget=3, uncovered=0.04)
    assert rows[0]["radius"] == np.sort(arrays["distances"][:25])[-2]
    with pytest.raises(CoverError, match=r"less than 0\.97 of the points are covered"):
        verify_claims(*stored, "l2", budget=3, uncovered=0.03)


def test_prices_that_were_cut_off_are_refused(stored):
    stored[2]["dual"] = stored[2]["dual"][:-1]
    with pytest.raises(CoverError, match="not every point has a price"):
        verify_claims(*stored, "l2", budget=3)
