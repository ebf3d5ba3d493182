import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from finitecover.covers import cover_with_budget, free, free_cover, free_cover_with_radius
from finitecover.covers.balls import smallest_ball
from finitecover.covers.free import cover_by, free_by_class, nearest_centres
from finitecover.covers.verification import (
    CoverError,
    verify_free_cover,
    verify_free_radius_bound,
    verify_free_size_bound,
)

POWERS = [1, 2, 4, np.inf]


def partitions(n, k):
    """Every way to part n points into at most k sets, as the set of each point."""

    def grown(chosen, used):
        if len(chosen) == n:
            yield chosen
            return
        for place in range(min(used + 1, k)):
            yield from grown([*chosen, place], max(used, place + 1))

    yield from grown([], 0)


def median_cost(points):
    """Sum of the distances to the geometric median, by a general optimiser from the best of the points and the mean."""
    total = lambda centre: np.linalg.norm(points - centre, axis=1).sum()  # noqa: E731
    start = min([*points, points.mean(axis=0)], key=total)
    found = minimize(
        total, start + 1e-6, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000}
    )
    return min(found.fun, total(start))


def ball_radius(points):
    """Radius of the smallest ball: the largest, over sets of points, of the ball that has all of them on its sphere."""
    least = np.inf
    for size in range(1, min(len(points), points.shape[1] + 1) + 1):
        for rows in subsets(len(points), size):
            centre = circumcentre(points[rows])
            reach = np.linalg.norm(points - centre, axis=1).max()
            least = min(least, reach)  # the smallest ball is one of these, and all of them hold every point
    return least


def subsets(n, size):
    from itertools import combinations

    return map(list, combinations(range(n), size))


def circumcentre(points):
    """The centre, in the points' affine hull, at equal distances from all of them."""
    first, others = points[0], points[1:] - points[0]
    if not len(others):
        return first
    return first + np.linalg.lstsq(2 * others, (others**2).sum(axis=1), rcond=None)[0]


def cost(points, power):
    if power == 1:
        return median_cost(points)
    return ((points - points.mean(axis=0)) ** 2).sum() if power == 2 else ball_radius(points)


def best_of_partitions(points, k, power):
    """The smallest cost of all ways to part points: the largest ball for infinity, else the sum."""
    costs, best = {}, np.inf
    for parts in partitions(len(points), k):
        for place in set(parts):
            costs.setdefault(key := tuple(np.flatnonzero(np.array(parts) == place)), None)
            costs[key] = cost(points[list(key)], power) if costs[key] is None else costs[key]
        each = [costs[tuple(np.flatnonzero(np.array(parts) == place))] for place in set(parts)]
        best = min(best, max(each) if power == np.inf else sum(each))
    return best


@pytest.mark.parametrize("power", [1, 2, np.inf])
@pytest.mark.parametrize("seed", range(8))
def test_small_covers_are_as_good_as_the_best_of_all_partitions(seed, power):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 8)), int(rng.integers(1, 4))
    k, points = int(rng.integers(1, 4)), rng.random((n, d))
    best = best_of_partitions(points, k, power)
    cover = free_cover(points, k, power)
    found = cover.radius if power == np.inf else (cover.distances**power).sum()
    assert found == pytest.approx(best, rel=1e-4, abs=1e-6)
    assert cover.lower_bound <= (best if power == np.inf else cover.radius) + 1e-9


@pytest.mark.parametrize("seed", [44, 112])
def test_a_search_goes_on_when_no_point_of_the_largest_ball_may_move(seed):
    points = np.random.default_rng(seed).random((8, 3))
    assert free_cover(points, 3, np.inf).radius == pytest.approx(best_of_partitions(points, 3, np.inf), rel=1e-4)


def test_midranges_come_from_several_starts():
    points = np.array([[0.002], [0.193], [0.217], [0.368], [0.787], [0.991]])
    cover = free_cover(points, 3, np.inf, "linf")
    assert (cover.radius, cover.status) == (pytest.approx(0.102), "optimal")
    assert free_cover_with_radius(points, 0.103, "linf").size == 3


@pytest.mark.parametrize(("n", "d"), [(1, 3), (2, 2), (40, 2), (200, 3), (60, 50)])
def test_a_smallest_ball_holds_all_points_and_its_weights_prove_it(n, d, rng):
    points = rng.random((n, d))
    centre, weights, radius = smallest_ball(points)
    assert np.linalg.norm(points - centre, axis=1).max() == pytest.approx(radius)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    proved = np.sqrt(weights @ ((points - weights @ points) ** 2).sum(axis=1))
    assert proved <= radius * (1 + 1e-12)
    assert radius == pytest.approx(proved, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("power", POWERS)
def test_what_a_cover_says_is_what_its_centres_do(power, rng):
    points = rng.random((60, 2, 3)).astype(np.float32)
    cover = free_cover(points, 5, power)
    assert cover.centres.shape == (5, 2, 3)
    assert cover.centres.dtype == np.float32
    assert 0 <= cover.centres.min() <= cover.centres.max() <= 1
    distances = cdist(points.reshape(60, 6).astype(float), cover.centres.reshape(5, 6).astype(float))
    assert cover.distances == pytest.approx(distances.min(axis=1))
    assert (cover.assignment == distances.argmin(axis=1)).all()
    assert cover.radius == cover.distances.max()
    assert cover.mean_distance == cover.distances.mean()
    assert 0 < cover.lower_bound <= cover.radius
    assert cover.certified_bound == cover.lower_bound
    verify_free_radius_bound(points, cover.dual, 5, cover.lower_bound, "l2")
    again = free_cover(points, 5, power)
    assert all(np.array_equal(getattr(cover, name), getattr(again, name)) for name in ("centres", "dual", "assignment"))


@pytest.mark.parametrize(("norm", "power"), [("l1", 1), ("linf", np.inf)])
def test_medians_and_midranges_serve_other_norms(norm, power, rng):
    points = rng.random((50, 3))
    cover = free_cover(points, 4, power, norm)
    subset = cover_with_budget(points, 4, norm)
    assert (
        cover.distances == pytest.approx(np.abs(points - cover.centres[cover.assignment]).max(axis=1)) or norm == "l1"
    )
    assert cover.lower_bound <= cover.radius
    verify_free_radius_bound(points, cover.dual, 4, cover.lower_bound, norm)
    if norm == "linf":
        assert cover.radius <= subset.radius
        for place in range(4):  # no midrange is farther than it must be
            own = points[cover.assignment == place]
            assert np.ptp(own, axis=0).max() / 2 <= cover.radius + 1e-12


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(2, 25), st.integers(1, 4)), elements=st.floats(0, 1, width=16)), st.data()
)
def test_moving_a_centre_does_not_help_and_order_does_not_matter(points, data):
    k, power = data.draw(st.integers(1, len(points))), data.draw(st.sampled_from([1, 2, 4]))
    cover = free_cover(points, k, power)
    value = (cover.distances**power).mean() ** (1 / power)
    rng = np.random.default_rng(0)
    for place in range(k):
        for size in (1e-3, 1e-2):
            moved = cover.centres.copy()
            moved[place] += size * rng.standard_normal(points.shape[1])
            own = np.linalg.norm(points - moved[cover.assignment], axis=1)
            assert (own**power).mean() ** (1 / power) >= value * (1 - 1e-4) - 1e-4 * size
    order = rng.permutation(len(points))
    again = free_cover(points[order], k, power)
    assert (again.distances**power).mean() ** (1 / power) == pytest.approx(value, rel=0.25, abs=1e-6)
    assert cover.lower_bound <= again.radius + 1e-12


def test_the_smallest_radius_is_that_of_no_order(rng):
    points = rng.random((40, 2))
    radii = [free_cover(points[rng.permutation(40)], 3, np.inf).radius for _ in range(3)]
    assert radii == pytest.approx([min(radii)] * 3, rel=0.02)


def test_larger_powers_have_smaller_radii_and_larger_means(rng):
    points = rng.random((300, 4)) ** 3
    covers = [free_cover(points, 6, power) for power in POWERS]
    radii, means = [cover.radius for cover in covers], [cover.mean_distance for cover in covers]
    assert radii[-1] == min(radii)
    assert means[0] == min(means)
    assert radii[-1] < cover_with_budget(points, 6).radius


@pytest.mark.parametrize("power", [8, 29, 64])
def test_large_powers_come_near_the_smallest_radius(power, rng):
    points = np.vstack(
        [rng.random((60, 3)) * 0.2, [[1.0, 1.0, 1.0]]]
    )  # whose own cluster is small beside the distances
    cover, means, minimal = (free_cover(points, 4, each) for each in (power, 2, np.inf))
    assert np.isfinite(cover.centres).all()
    assert minimal.radius * (1 - 1e-6) <= cover.radius < means.radius
    scaled = [found.distances / means.radius for found in (cover, means)]
    assert (scaled[0] ** power).mean() < (scaled[1] ** power).mean()


def test_a_median_does_not_stick_to_a_point():
    points = np.array([[0.0], [1], [2], [9], [3]]) / 9
    assert free_cover(points, 1, 1).centres[0, 0] == pytest.approx(2 / 9, abs=1e-4)


def test_centres_do_not_depend_on_the_last_digits_of_k_means(rng, monkeypatch):
    points, covers = rng.random((2000, 4)).astype(np.float32), []
    from sklearn import cluster

    fit = cluster.KMeans.fit
    for noise in (0, 1e-15):

        def noisy(model, data, noise=noise):
            fitted = fit(model, data)
            fitted.cluster_centers_ = fitted.cluster_centers_ * (1 + noise)
            return fitted

        monkeypatch.setattr(cluster.KMeans, "fit", noisy)
        covers.append([free_cover(points, 6, power).centres.tobytes() for power in (1, 2, 4)])
    assert covers[0] == covers[1]


def test_a_grid_at_its_own_spacing_is_proved_as_it_is_claimed():
    grid = np.arange(6)[:, None] / 10
    for norm in ("l2", "linf"):
        cover = free_cover_with_radius(grid, 0.05, norm)
        verify_free_size_bound(grid, cover.dual, 0.05, cover.lower_bound, norm)


def test_one_midrange_is_optimal(rng):
    points = rng.random((30, 3))
    cover = free_cover(points, 1, np.inf, "linf")
    assert (cover.status, cover.radius) == ("optimal", pytest.approx(np.ptp(points, axis=0).max() / 2))
    verify_free_radius_bound(points, cover.dual, 1, cover.lower_bound, "linf")


def test_a_search_over_assignments_beats_alternation(rng):
    points, k = rng.random((400, 10)), 8
    centres = free_cover(points, k, 2).centres
    best = np.inf
    for _ in range(30):  # assign, then take the smallest balls
        place, distances = nearest_centres(points, centres, "l2")
        best = min(best, distances.max())
        centres = np.array([smallest_ball(points[place == own])[0] for own in range(k)])
    assert free_cover(points, k, np.inf).radius < best * 0.97


def test_large_problems_have_one_start(rng, monkeypatch):
    asked, points = [], rng.random((1100, 3))
    monkeypatch.setattr(
        "sklearn.cluster.KMeans", lambda *own, **told: asked.append(told["n_init"]) or KMeans(*own, **told)
    )
    many = free_cover(points, 10)
    monkeypatch.setattr(free, "LARGE", 5000)
    one = free_cover(points, 10)
    assert asked == [4, 1]
    assert many.mean_distance <= one.mean_distance < 1.1 * many.mean_distance


def test_large_problems_are_searched_ball_by_ball(rng, monkeypatch):
    points, k = rng.random((400, 10)), 20
    means = free_cover(points, k, 2)
    monkeypatch.setattr(free, "LARGE", 1)
    monkeypatch.setattr(free, "ROUNDS", 8000)  # one of them is left
    monkeypatch.setattr(free, "LARGEST", 1)
    alternated = free_cover(points, k, np.inf).radius
    monkeypatch.setattr(free, "LARGEST", 5)
    cover = free_cover(points, k, np.inf)
    assert cover.radius < alternated * 0.99 < means.radius
    verify_free_cover(
        points, np.zeros(400), cover.centres, np.zeros(k), cover.assignment, cover.distances, cover.radius, "l2"
    )


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize(
    ("points", "k"),
    [
        (np.full((1, 3), 0.3), 1),
        (np.full((5, 3), 0.3), 2),
        (np.array([[0.0], [0.0], [1.0], [1.0]]), 2),
        (np.eye(4), 4),
        (np.array([[0.0], [0.0], [1.0]]), 3),
    ],
)
def test_duplicates_one_point_and_as_many_centres_as_points_are_ordinary(points, k, power):
    cover = free_cover(points, k, power)
    assert len(cover.centres) == k
    assert (cover.radius, cover.lower_bound, cover.status) == (0, 0, "optimal")


def test_one_ball_is_optimal_and_proved(rng):
    points = rng.random((500, 6)).astype(np.float32)
    cover = free_cover(points, 1, np.inf)
    assert cover.status == "optimal"
    assert cover.lower_bound == pytest.approx(cover.radius, rel=1e-6)
    verify_free_radius_bound(points, cover.dual, 1, cover.lower_bound, "l2")
    with pytest.raises(CoverError, match="dual values prove a radius of"):
        verify_free_radius_bound(points, cover.dual, 1, cover.radius * 1.001, "l2")


@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("radius", [0.0, 0.2, 0.45, 3.0])
def test_few_balls_hold_all_points_within_a_radius(radius, norm, rng):
    points = rng.random((60, 2))
    cover, subset = free_cover_with_radius(points, radius, norm), cover_by(points, points, norm)
    assert cover.radius <= radius
    assert subset.radius == 0
    assert cover.lower_bound <= cover.size <= 60
    assert (cover.status == "optimal") == (cover.lower_bound == cover.size)
    verify_free_size_bound(points, cover.dual, radius, cover.lower_bound, norm)
    if cover.lower_bound > 1:
        with pytest.raises(CoverError, match="balls of radius"):
            verify_free_size_bound(points, cover.dual, radius, cover.lower_bound + 1, norm)
    if radius in (0.0, 3.0):
        assert cover.size == {0.0: 60, 3.0: 1}[radius]


def test_balls_for_a_radius_are_no_more_than_centres_among_the_points(rng):
    from finitecover.covers import cover_with_radius

    points = rng.random((200, 3))
    for radius in (0.25, 0.4):
        assert free_cover_with_radius(points, radius).size <= len(cover_with_radius(points, radius).indices)


def test_what_is_left_out_counts_for_nothing(rng):
    points = np.vstack([rng.random((39, 3)) * 0.2, [[1.0, 1.0, 1.0]]])
    for power in POWERS:
        cover = free_cover(points, 3, power, uncovered=0.025)
        assert np.flatnonzero(~cover.covered).tolist() == [39]
        assert cover.radius < 0.2 < cover.distances[39]
        assert (cover.lower_bound, cover.status) == (0, "feasible")


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("uncovered", [0.5, 0.9, 0.95])
def test_fewer_points_may_count_than_there_are_centres(uncovered, power, rng):
    cover = free_cover(rng.random((12, 2)), 5, power, uncovered=uncovered)
    assert cover.covered.sum() == np.ceil((1 - uncovered) * 12)
    assert cover.radius <= (0 if uncovered > 0.8 else 0.2)


def test_a_time_limit_ends_a_search_with_a_cover(rng):
    points = rng.random((3000, 20))
    cover = free_cover(points, 20, np.inf, time_limit=0.01)
    assert cover.radius == cover.distances.max() > 0
    few = free_cover_with_radius(points, 1.2, time_limit=0.01)
    assert few.radius <= 1.2 * (1 + 1e-12)
    assert few.size < 3000  # those that lie farther from each other than the radius, not all


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda points: free_cover(points[:0], 1), "points have shape"),
        (lambda points: free_cover(points * np.nan, 1), "NaN or infinite"),
        (lambda points: free_cover(points, 0), "k is 0; it must be a whole number between 1 and"),
        (lambda points: free_cover(points, 6), "k is 6"),
        (lambda points: free_cover(points, 2, 0.5), "power is 0.5; it must be a number from 1 to 64, or infinity"),
        (lambda points: free_cover(points, 2, 65), "power is 65; it must be"),
        (lambda points: free_cover(points, 2, "inf"), "power is 'inf'"),
        (lambda points: free_cover(points, 2, 2, "l1"), "no free centres of power 2 in l1; choose l2"),
        (lambda points: free_cover(points, 2, 2, "l7"), "norm 'l7'"),
        (
            lambda points: free_cover(points, 2, uncovered=1),
            "uncovered is 1; it must be a number at least 0 and below 1",
        ),
        (lambda points: free_cover(points, 2, seed=None), "seed is None; it must be a whole number from 0 to"),
        (lambda points: free_cover(points, 2, seed=-1), "seed is -1"),
        (lambda points: free_cover(points, 2, time_limit="1"), "time_limit is '1'; it must be a number of seconds"),
        (lambda points: free_cover_with_radius(points, 1, seed=0.5), "seed is 0.5"),
        (lambda points: free_cover_with_radius(points, -1), "radius is -1"),
        (lambda points: free_cover_with_radius(points, 1, "l1"), "no free centres of power inf in l1"),
    ],
)
def test_bad_input_is_told_in_one_line(call, told, rng):
    with pytest.raises(ValueError, match=told) as error:
        call(rng.random((5, 2)))
    assert "\n" not in str(error.value)


def test_a_class_has_its_own_centres_in_the_order_of_labels(rng):
    points, labels = rng.random((30, 1, 2, 2)).astype(np.float32), np.tile([4, 7, 4], 10)
    joined, parts = free_by_class(points, labels, lambda members, label: free_cover(members, 2), threads=2)
    assert joined["labels"].tolist() == [4, 4, 7, 7]
    assert [len(part.centres) for part in parts] == [2, 2]
    own = joined["labels"], joined["assignment"], joined["distances"]
    verify_free_cover(points, labels, joined["centres"], *own, max(part.radius for part in parts), "l2")
    with pytest.raises(CoverError, match="a centre of another label"):
        verify_free_cover(points, labels[::-1].copy() + 3, joined["centres"], *own, 9, "l2")
    with pytest.raises(CoverError, match="lies outside the radius"):
        verify_free_cover(points, labels, joined["centres"], *own, max(part.radius for part in parts) * 0.99, "l2")
    with pytest.raises(CoverError, match="no centre"):
        verify_free_cover(points, labels, joined["centres"], own[0], own[1] + 4, own[2], 9, "l2")


def test_a_packing_must_be_one(rng):
    points = rng.random((80, 4))
    cover = free_cover(points, 3)
    for wrong in (np.ones(80), cover.dual * 0, -cover.dual):
        with pytest.raises(CoverError):
            verify_free_radius_bound(points, wrong, 3, cover.lower_bound, "l2")
    with pytest.raises(CoverError):  # in another norm fewer points of a ball prove less
        verify_free_radius_bound(points, cover.dual, 3, cover.radius, "linf")
