from itertools import combinations

import numpy as np
import pytest

from finitecover.covers import setcover
from finitecover.covers.distances import Distances, direct
from finitecover.covers.relaxed import relaxed_cover
from finitecover.covers.search import cover_with_budget, represented, within_problem


def balls(points, radius):
    return direct(points, points, "l2") <= radius


@pytest.mark.parametrize("seed", range(20))
def test_most_covering_reaches_its_guarantee_and_no_exchange_covers_more(seed):
    rng = np.random.default_rng(seed)
    points, radius, k = rng.random((14, 2)), rng.uniform(0.1, 0.5), int(rng.integers(1, 5))
    inside = balls(points, radius)
    chosen, count = setcover.most_covering(within_problem(Distances(points, "l2"), radius), k)
    assert len(np.unique(chosen)) == k
    assert count == inside[chosen].any(axis=0).sum()
    best = max(inside[list(columns)].any(axis=0).sum() for columns in combinations(range(14), k))
    assert (1 - 1 / np.e) * best <= count <= best
    for place in range(k):
        others = np.delete(chosen, place)
        assert all(inside[[*others, j]].any(axis=0).sum() <= count for j in range(14))


def with_an_outlier(rng, n=40):
    return np.vstack([rng.random((n - 1, 3)) * 0.2, [[1.0, 1.0, 1.0]]])


def test_a_partial_cover_leaves_the_outlier_out_and_says_so(rng):
    points = with_an_outlier(rng)
    whole, partial = cover_with_budget(points, 3), relaxed_cover(points, 3, uncovered=0.025)
    assert 39 in whole.indices
    assert 39 not in partial.indices
    assert partial.covered.sum() == 39
    assert not partial.covered[39]
    assert partial.radius == partial.distances[:39].max() < whole.radius
    weight, radii = represented(points, partial)
    assert weight.sum() == 39
    assert radii["l2"].max() == pytest.approx(partial.radius)
    assert (partial.lower_bound, partial.status, partial.dual.any()) == (0, "feasible", False)


@pytest.mark.parametrize("uncovered", [0.1, 0.3, 0.5])
def test_the_smallest_radius_of_a_partial_cover_is_nearly_found(uncovered, rng):
    points = rng.random((12, 2))
    cover = relaxed_cover(points, 2, uncovered=uncovered)
    wanted = int(np.ceil((1 - uncovered) * 12))
    distances = direct(points, points, "l2")
    best = min(np.sort(distances[list(pair)].min(axis=0))[wanted - 1] for pair in combinations(range(12), 2))
    assert cover.covered.sum() == wanted
    assert best <= cover.radius <= 1.5 * best


def test_slack_lowers_the_mean_distance_within_its_radius(rng):
    points = rng.random((60, 4))
    whole, slack = cover_with_budget(points, 4), relaxed_cover(points, 4, slack=0.3)
    assert slack.distances.mean() < whole.distances.mean()
    assert slack.radius <= 1.3 * whole.radius * (1 + 1e-9)
    part, both = relaxed_cover(points, 4, uncovered=0.2), relaxed_cover(points, 4, uncovered=0.2, slack=0.3)
    assert both.distances[both.covered].mean() < part.distances[part.covered].mean()
    assert both.radius <= 1.3 * part.radius * (1 + 1e-9)


def test_density_takes_centres_where_points_are(rng):
    points = with_an_outlier(rng)
    dense, mixed = relaxed_cover(points, 4, density=1.0), relaxed_cover(points, 4, density=0.5)
    assert len(dense.indices) == len(mixed.indices) == 4
    assert mixed.radius <= dense.radius
    assert len(np.intersect1d(relaxed_cover(points, 2, density=1.0).indices, mixed.indices)) == 2


def test_features_decide_who_is_chosen_and_pixels_what_is_guaranteed(rng):
    points = rng.random((30, 5))
    features = points[:, :1]
    cover = relaxed_cover(points, 3, features=features)
    assert np.array_equal(cover.indices, cover_with_budget(features, 3).indices)
    assert np.allclose(cover.distances, direct(points, points[cover.indices], "l2").min(axis=1))


def test_nothing_relaxed_is_the_minimal_cover(rng):
    points = rng.random((50, 3))
    assert relaxed_cover(points, 4).radius == cover_with_budget(points, 4).radius


def test_duplicates_still_make_k_centres():
    points = np.repeat(np.eye(2), 5, axis=0)
    for options in ({"uncovered": 0.2}, {"density": 0.5}, {"density": 1.0}, {"slack": 0.1}):
        assert len(relaxed_cover(points, 4, **options).indices) == 4


def test_a_budget_beyond_the_points_is_refused():
    with pytest.raises(ValueError, match="k is 5; it must be a whole number between 1 and"):
        relaxed_cover(np.eye(3), 5)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"density": 2}, "density is 2; it must be a number between 0 and 1"),
        ({"slack": -1}, "slack is -1; it must be a number at least 0"),
        ({"slack": np.inf}, "slack is inf; it must be a number at least 0"),
        ({"uncovered": -0.1}, "uncovered is -0.1; it must be a number at least 0 and below 1"),
        ({"uncovered": 1}, "uncovered is 1; it must be a number at least 0 and below 1"),
        ({"uncovered": "0.1"}, "uncovered is '0.1'; it must be a number"),
        ({"density": np.nan}, "density is nan; it must be a number between 0 and 1"),
        ({"features": np.zeros((10, 2))}, "features are of 10 points; expected 12, one row per point"),
        ({"features": np.full((12, 2), np.nan)}, "features: points hold NaN or infinite values"),
    ],
)
def test_what_cannot_be_asked_of_a_relaxed_cover_is_refused(asked, message, rng):
    with pytest.raises(ValueError, match=message):
        relaxed_cover(rng.random((12, 2)), 4, **asked)
