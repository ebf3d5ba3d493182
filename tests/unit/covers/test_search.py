import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from finitecover.covers.search import (
    cover_and_steps,
    cover_with_budget,
    cover_with_radius,
    frontier,
    label_wise,
    represented,
)
from finitecover.covers.verification import verify_cover, verify_radius_bound, verify_size_bound

METRIC = {"l1": "cityblock", "l2": "euclidean", "linf": "chebyshev"}  # of SciPy
NORMS = sorted(METRIC)
LINE = np.array([[0.0], [0.1], [0.2], [0.8], [0.9]])

# Points on a coarse grid, so that duplicates and equal distances are common.
grids = arrays(
    np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.sampled_from(np.linspace(0, 1, 6))
)
clouds = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=st.floats(0, 1, width=32))


def fewest(points, radius, norm):
    """Size of the smallest cover, by trying all subsets."""
    reach = cdist(points, points, METRIC[norm]) <= radius * (1 + 1e-12)
    for size in range(1, len(points) + 1):
        if any(reach[list(chosen)].any(axis=0).all() for chosen in combinations(range(len(points)), size)):
            return size
    raise AssertionError


def smallest_radius(points, k, norm):
    """Radius of the best k centres, by trying all subsets."""
    distances = cdist(points, points, METRIC[norm])
    return min(distances[list(chosen)].min(axis=0).max() for chosen in combinations(range(len(points)), k))


def assert_sound(points, cover, norm, radius):
    verify_cover(points, np.zeros(len(points)), cover.indices, cover.assignment, cover.distances, radius, norm)
    assert cover.indices.dtype == np.int64
    assert cover.distances.dtype == np.float64
    assert cover.radius == cover.distances.max()


# --- by hand ---


def test_two_groups_on_a_line_need_two_centres():
    cover = cover_with_radius(LINE, 0.1)
    assert cover.indices.tolist() in ([1, 3], [1, 4])
    assert (len(cover.indices), cover.lower_bound, cover.status) == (2, 2, "optimal")
    assert cover.radius == pytest.approx(0.1)


def test_two_centres_on_a_line_reach_a_tenth():
    cover = cover_with_budget(LINE, 2)
    assert cover.indices[0] == 1
    assert cover.radius == pytest.approx(0.1)
    assert cover.status == "optimal"


def test_corners_of_a_square_are_nearer_in_linf_than_in_l1():
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert [len(cover_with_radius(square, 1.0, norm).indices) for norm in ("linf", "l2", "l1")] == [1, 2, 2]


@pytest.mark.parametrize("norm", NORMS)
def test_ordinary_cases_at_the_edges(norm, rng):
    points = rng.random((6, 2, 3))
    one = cover_with_radius(points[:1], 0.0, norm)
    assert (one.indices.tolist(), one.radius, one.status) == ([0], 0.0, "optimal")
    assert len(cover_with_radius(points, 0.0, norm).indices) == 6
    assert len(cover_with_radius(points, 100.0, norm).indices) == 1
    everyone = cover_with_budget(points, 6, norm)
    assert (everyone.indices.tolist(), everyone.radius, everyone.status) == (list(range(6)), 0.0, "optimal")
    copies = np.repeat(points[:2], 5, axis=0)
    assert len(cover_with_radius(copies, 0.0, norm).indices) == 2
    pair = cover_with_budget(copies, 2, norm)
    assert (len(pair.indices), pair.radius, pair.status) == (2, 0.0, "optimal")
    assert len(cover_with_budget(copies, 4, norm).indices) == 4


# --- against all subsets ---


@settings(max_examples=60, deadline=None)
@given(points=st.one_of(grids, clouds), norm=st.sampled_from(NORMS), quantile=st.floats(0, 1))
def test_radius_covers_are_optimal(points, norm, quantile):
    radius = float(np.quantile(cdist(points, points, METRIC[norm]), quantile))
    cover = cover_with_radius(points, radius, norm)
    assert_sound(points, cover, norm, radius)
    best = fewest(points, radius, norm)
    assert cover.lower_bound == best == len(cover.indices)
    assert cover.status == "optimal"
    verify_size_bound(points, cover.dual, radius, cover.certified_bound, norm)
    assert cover.certified_bound <= cover.lower_bound


@settings(max_examples=60, deadline=None)
@given(points=st.one_of(grids, clouds), norm=st.sampled_from(NORMS), share=st.floats(0, 1))
def test_budget_covers_are_optimal(points, norm, share):
    k = 1 + round(share * (len(points) - 1))
    cover = cover_with_budget(points, k, norm)
    assert_sound(points, cover, norm, cover.radius)
    assert len(cover.indices) == k
    best = smallest_radius(points, k, norm)
    assert cover.radius == pytest.approx(best, rel=1e-11)
    assert cover.lower_bound == pytest.approx(best, rel=1e-11)
    assert cover.status == "optimal"
    verify_radius_bound(points, cover.dual, k, cover.certified_bound, norm)
    assert cover.certified_bound <= cover.lower_bound


@pytest.mark.parametrize("few", [0, 10**6])  # points per centre, from which on covers are looked for on few points
@settings(max_examples=30, deadline=None)
@given(points=st.one_of(grids, clouds), norm=st.sampled_from(NORMS), share=st.floats(0, 1))
def test_budget_covers_decided_on_few_points_are_as_good_as_bisection_makes_them(few, points, norm, share):
    k = 1 + round(share * (len(points) - 1))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("search.DIRECT_POINTS", 0), ("distances.DIRECT_POINTS", 0), ("search.PROVED", 0)):
            patch.setattr(f"finitecover.covers.{name}", value)
        patch.setattr("finitecover.covers.search.FEW", few)
        patch.setattr("finitecover.covers.search.TRIAL", 1e6)
        patch.setattr("finitecover.covers.search.EACH", 0.0)
        cover = cover_with_budget(points, k, norm)
    assert_sound(points, cover, norm, cover.radius)
    assert len(cover.indices) == k
    best = smallest_radius(points, k, norm)
    assert best * (1 - 1e-11) <= cover.radius <= best * 1.0011 + 1e-11
    assert cover.lower_bound <= best * (1 + 1e-11)
    assert cover.lower_bound >= cover.radius * (1 - 2e-3) - 1e-11
    verify_radius_bound(points, cover.dual, k, cover.certified_bound, norm)
    assert cover.certified_bound <= cover.lower_bound


@pytest.mark.parametrize("norm", NORMS)
def test_one_centre_of_many_points_is_optimal(norm, rng):
    points = rng.random((1500, 8))
    cover = cover_with_budget(points, 1, norm)
    assert_sound(points, cover, norm, cover.radius)
    assert cover.radius == pytest.approx(cdist(points, points, METRIC[norm]).max(axis=1).min())
    assert cover.status == "optimal"
    assert cover.certified_bound == pytest.approx(cover.radius, rel=1e-11)
    verify_radius_bound(points, cover.dual, 1, cover.certified_bound, norm)
    assert np.count_nonzero(cover.dual) >= 2


# --- properties ---


def test_the_same_points_give_the_same_cover(rng):
    points = rng.random((80, 5))
    first, second = cover_with_budget(points, 7), cover_with_budget(points, 7)
    assert first.indices.tolist() == second.indices.tolist()
    assert (first.radius, first.lower_bound) == (second.radius, second.lower_bound)


def test_a_spent_time_limit_gives_a_feasible_cover_and_a_true_bound(rng):
    points = rng.random((60, 3))
    cover = cover_with_budget(points, 5, time_limit=1e-9)
    assert_sound(points, cover, "l2", cover.radius)
    assert cover.status == "feasible"
    assert cover.lower_bound <= cover_with_budget(points, 5).radius


def test_weights_and_radii_describe_the_assignment(rng):
    points = rng.random((40, 1, 3, 3))
    cover = cover_with_budget(points, 4)
    weight, radii = represented(points, cover)
    assert weight.sum() == 40
    flat = points.reshape(40, -1)
    for place, centre in enumerate(cover.indices):
        members = flat[cover.assignment == centre]
        assert weight[place] == len(members)
        assert radii["l2"][place] == pytest.approx(np.linalg.norm(members - flat[centre], axis=1).max())
        assert radii["linf"][place] == pytest.approx(np.abs(members - flat[centre]).max())


def test_label_wise_covers_never_mix_classes(rng):
    points, labels = rng.random((50, 4)), rng.integers(0, 3, 50)
    whole, parts = label_wise(points, labels, lambda members, _: cover_with_radius(members, 0.4))
    verify_cover(points, labels, whole.indices, whole.assignment, whole.distances, 0.4, "l2")
    assert whole.lower_bound == sum(part.lower_bound for part in parts)
    assert whole.indices.tolist() == sorted(index for part in parts for index in part.indices)


@pytest.mark.parametrize("norm", NORMS)
def test_the_frontier_of_few_points_is_exact(norm, rng):
    points = rng.random((11, 2))
    known = frontier(points, radii=[0.2], budgets=[5, 1, 3], spaced=4, norm=norm)
    radii, sizes, bounds = (np.array(known[key]) for key in ("radius", "size", "lower_bound"))
    assert (np.diff(radii) > 0).all()
    assert (np.diff(sizes) <= 0).all()
    assert (np.diff(bounds) <= 0).all()
    assert sizes[-1] == bounds[-1] == 1
    for radius, size, bound in zip(radii, sizes, bounds, strict=True):
        assert bound <= fewest(points, radius, norm) <= size
    assert sizes[radii == 0.2] == fewest(points, 0.2, norm)
    for k in (1, 3, 5):
        assert radii[sizes <= k][0] == pytest.approx(smallest_radius(points, k, norm), rel=1e-11)


def test_what_a_cover_learns_on_its_way_is_true(rng):
    points = rng.random((30, 2))
    cover, steps = cover_and_steps(points, 5)
    assert np.array_equal(cover.indices, cover_with_budget(points, 5).indices)
    rows = list(zip(steps["radius"], steps["size"], steps["lower_bound"], strict=True))
    assert any(size == 5 and radius == pytest.approx(cover.radius) for radius, size, _ in rows)
    for radius, size, bound in rows:
        assert bound <= len(cover_with_radius(points, radius).indices) <= size


def test_the_frontier_of_many_points_agrees_with_covers_one_by_one(rng, monkeypatch):
    monkeypatch.setattr("finitecover.covers.search.DIRECT_POINTS", 0)
    monkeypatch.setattr("finitecover.covers.distances.DIRECT_POINTS", 0)
    points = rng.random((160, 3))
    known = frontier(points, budgets=[4, 9])
    for k in (4, 9):
        cover = cover_with_budget(points, k)
        assert_sound(points, cover, "l2", cover.radius)
        verify_radius_bound(points, cover.dual, k, cover.certified_bound, "l2")
        best = min(radius for radius, size in zip(known["radius"], known["size"], strict=True) if size <= k)
        assert best == pytest.approx(cover.radius, rel=0.02)
        assert cover.lower_bound <= best


def test_memory_and_threads_change_nothing(rng, monkeypatch):
    monkeypatch.setattr("finitecover.covers.distances.DIRECT_POINTS", 0)
    monkeypatch.setattr("finitecover.covers.distances.BLOCK", 4 * 40 * 7)
    points, labels = rng.random((120, 5)), rng.integers(0, 3, 120)
    results = [
        label_wise(points, labels, lambda part, _, memory=memory: cover_with_budget(part, 4, memory=memory), threads)[0]
        for memory, threads in ((2**30, 1), (0, 1), (2**30, 3))
    ]
    for other in results[1:]:
        for key in ("indices", "assignment", "distances", "dual", "covered"):
            assert np.array_equal(getattr(other, key), getattr(results[0], key))


def test_pairs_of_many_points_are_not_listed(rng, monkeypatch):
    points = rng.random((250, 3))
    settings = {"HEAVY": 10**6, "DIRECT_POINTS": 0, "TRIAL": 1e6, "EACH": 0.0, "within_problem": None}
    for name, value in settings.items():
        monkeypatch.setattr(f"finitecover.covers.search.{name}", value)
    cover = cover_with_budget(points, 20)
    assert_sound(points, cover, "l2", cover.radius)
    verify_radius_bound(points, cover.dual, 20, cover.certified_bound, "l2")


# --- bad input ---


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((0, 3)), "points have shape \\(0, 3\\); expected \\(n, ...\\) with n > 0"),
        (np.array(0.5), "expected \\(n, ...\\)"),
        (np.array([[0.1 + 1j], [0.2]]), "points are of type complex128; expected real numbers"),
        (np.array([["0.1"], ["0.2"]]), "points are of type <U3; expected real numbers"),
        (np.array([[None], [0.2]]), "points are of type object; expected real numbers"),
        (np.array([[0.1], [np.nan]]), "NaN or infinite"),
        (np.array([[0.1], [np.inf]]), "NaN or infinite"),
        (np.ma.masked_greater([[0.1], [0.2], [0.9]], 0.5), "points hold masked values, which would count like others"),
        (np.array([[0.0], [1e200]]), r"points reach 1e\+200, where distances are no numbers; scale them to \[0, 1\]"),
        (np.array([[0.0], [1e-200]]), "points reach 1e-200, where distances are no numbers"),
    ],
)
def test_bad_points_are_refused(points, message):
    with pytest.raises(ValueError, match=message):
        cover_with_radius(points, 0.1)
    with pytest.raises(ValueError, match=message):
        cover_with_budget(points, 1)


def test_a_mask_that_hides_nothing_and_points_that_are_all_alike_are_ordinary():
    assert cover_with_budget(np.ma.asarray(LINE), 2).radius == cover_with_budget(LINE, 2).radius
    assert cover_with_budget(np.zeros((3, 2)), 1).radius == 0


@pytest.mark.parametrize("radius", [-0.1, np.nan, np.inf, "0.5", None, np.array([0.5])])
def test_bad_radius_is_refused(radius):
    with pytest.raises(ValueError, match=rf"radius is {re.escape(repr(radius))}; it must be a finite number >= 0"):
        cover_with_radius(LINE, radius)


@pytest.mark.parametrize("k", [0, 6, -1, 2.5, True, np.inf, np.nan, "4", np.array(4)])
def test_bad_budget_is_refused(k):
    told = f"k is {k!r}; it must be a whole number between 1 and the number of points, 5"
    with pytest.raises(ValueError, match=re.escape(told)):
        cover_with_budget(LINE, k)


def test_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="choose one of l1, l2, linf"):
        cover_with_radius(LINE, 0.1, norm="l7")
    with pytest.raises(ValueError, match="choose one of l1, l2, linf"):
        cover_with_budget(LINE, 2, norm="l7")


def test_a_frontier_takes_what_can_be_iterated_once():
    asked = {"radii": [0.5], "budgets": [1, 2]}
    once = {name: iter(values) for name, values in asked.items()}
    assert frontier(LINE, **once) == frontier(LINE, **asked)
    assert len(frontier(LINE, **asked)["radius"]) > 1
