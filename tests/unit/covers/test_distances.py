from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from finitecover.covers import distances
from finitecover.covers.distances import Distances, direct

METRIC = {"l1": "cityblock", "l2": "euclidean", "linf": "chebyshev"}  # of SciPy
NORMS = sorted(METRIC)


@pytest.fixture(params=["direct", "products", "blocks", "device"])
def how(request, monkeypatch):
    """Every way to compute distances: direct, products, blocks that do not divide n and are not kept, PyTorch."""
    if request.param != "direct":
        monkeypatch.setattr(distances, "DIRECT_POINTS", 0)
    if request.param == "blocks":
        monkeypatch.setattr(distances, "BLOCK", 7 * 4 * 50)
    return {"memory": 0 if request.param == "blocks" else 2**30, "device": None if request.param == "device" else "cpu"}


def on(points, norm, how, monkeypatch):
    """Distances as asked; what a GPU would do is done by PyTorch on the CPU."""
    if how["device"]:
        return Distances(points, norm, **how)
    monkeypatch.setattr(Distances, "_sent", lambda self, _: _sent_to_cpu(self))
    return Distances(points, norm, how["memory"], "torch")


def _sent_to_cpu(self):
    torch = pytest.importorskip("torch")
    return [torch.as_tensor(array) for array in ((self._centred, self._square) if self.squared else (self.points,))]


@pytest.fixture
def grid(rng):
    """Points with many equal distances and some duplicates."""
    return np.round(rng.random((50, 6)) * 4) / 4


@pytest.mark.parametrize("norm", NORMS)
def test_within_agrees_with_scipy_at_distances_that_occur(norm, grid, how, monkeypatch):
    exact = cdist(grid, grid, METRIC[norm])
    pairs = on(grid, norm, how, monkeypatch)
    for radius in (0.0, *np.quantile(exact, [0.1, 0.5, 0.9], method="nearest"), 100.0):
        start, entries = pairs.within(radius)
        inside = exact <= radius * (1 + 1e-12)
        assert (np.diff(start) == inside.sum(axis=1)).all()
        assert (entries == np.nonzero(inside)[1]).all()


@pytest.mark.parametrize("norm", NORMS)
def test_after_is_the_smallest_distance_above(norm, grid, how, monkeypatch):
    pairs = on(grid, norm, how, monkeypatch)
    values = np.unique(cdist(grid, grid, METRIC[norm]).round(10))
    for lower, upper in pairwise(values):
        assert pairs.after(lower + 1e-9) == pytest.approx(upper, abs=1e-9)
    assert pairs.after(values[-1] + 1) == np.inf


def test_of_equally_distant_pairs_one_speaks_for_all(grid, monkeypatch):
    listed = []
    monkeypatch.setattr(
        distances, "paired", lambda a, b, norm, pairs: listed.append(len(pairs)) or cdist(a, b, METRIC[norm])[*pairs.T]
    )
    assert Distances(grid, "linf").after(0.3) == 0.5
    assert sum(listed) == 1


@pytest.mark.parametrize("shape", [(8, 8), (17, 130), (100, 64), (9, 200)])
@pytest.mark.parametrize("norm", ["l1", "linf"])
def test_distances_between_many_points_are_those_of_scipy_without_it(norm, shape, rng, monkeypatch):
    a, b = rng.random((shape[0], 50)), rng.random((shape[1], 50))
    exact = cdist(a, b, METRIC[norm])
    monkeypatch.setattr(distances, "cdist", None)
    assert np.array_equal(direct(a, b, norm), exact)


@pytest.mark.parametrize("norm", NORMS)
def test_nearest_centres_are_those_of_scipy(norm, grid, how, monkeypatch):
    centres = np.array([41, 3, 17, 8])
    assignment, reached = on(grid, norm, how, monkeypatch).nearest(centres)
    exact = cdist(grid, grid[np.sort(centres)], METRIC[norm])
    assert reached == pytest.approx(exact.min(axis=1), abs=1e-12)
    others = np.setdiff1d(np.arange(50), centres)
    close = exact[others] <= exact[others].min(axis=1, keepdims=True) * (1 + 1e-14)
    assert (assignment[others] == np.sort(centres)[close.argmax(axis=1)]).all()
    assert (assignment[centres] == centres).all()


@pytest.mark.parametrize("norm", NORMS)
def test_spread_is_from_the_nearest_neighbour_to_one_centre(norm, rng, how, monkeypatch):
    points = rng.random((50, 6))
    exact = cdist(points, points, METRIC[norm])
    near, single = on(points, norm, how, monkeypatch).spread()
    assert near == pytest.approx(np.median((exact + np.diag(np.full(50, 9.0))).min(axis=1)))
    assert single == pytest.approx(exact.max(axis=1).min())


@pytest.mark.parametrize("norm", NORMS)
def test_the_single_centre_is_the_best_and_no_smaller_ball_holds_all_that_prove_it(norm, rng):
    points = rng.random((300, 6))
    exact = cdist(points, points, METRIC[norm])
    centre, radius, far = Distances(points, norm).central()
    assert radius == pytest.approx(exact[centre].max()) == pytest.approx(exact.max(axis=1).min())
    assert 2 <= len(far) < 300
    assert (exact[:, far].max(axis=1) >= radius * (1 - 1e-12)).all()


@pytest.mark.parametrize("norm", NORMS)
def test_occurring_distances_are_distinct_and_sorted(norm, grid):
    values = Distances(grid, norm).occurring()
    assert values == pytest.approx(
        np.unique(cdist(grid, grid, METRIC[norm])[np.triu_indices(50, 1)].round(9)), abs=1e-8
    )


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e20, 1e-20])
def test_products_are_as_far_off_as_said_and_no_further(scale, rng, monkeypatch):
    monkeypatch.setattr(distances, "DIRECT_POINTS", 0)
    points = rng.random((200, 784)) * scale
    pairs = Distances(points, "l2")
    if scale in (1e20, 1e-20):
        assert not pairs.squared
        return
    ((first, block),) = pairs.blocks()
    assert first == 0
    error = np.abs(block - cdist(points, points, "sqeuclidean")).max()
    assert 0 < error <= pairs.slack
    assert pairs.slack < 1e-3 * cdist(points, points, "sqeuclidean").max()


def test_more_pairs_than_memory_can_hold_are_refused(grid, monkeypatch):
    monkeypatch.setattr(distances, "MOST", 100)
    assert len(Distances(grid, "l2").within(0.0)[1]) >= 50
    with pytest.raises(
        ValueError, match="radius 9 joins more than 100 pairs of the 50 points; choose a smaller radius"
    ):
        Distances(grid, "l2").within(9.0)


def test_one_point_is_its_own_neighbour():
    pairs = Distances(np.zeros((1, 3)), "l2")
    assert [part.tolist() for part in pairs.within(0.0)] == [[0, 1], [0]]
    assert pairs.spread() == (0.0, 0.0)
    assert pairs.occurring().tolist() == []


@pytest.mark.parametrize("norm", NORMS)
def test_pairs_are_direct_distances(norm, rng):
    a, b = rng.random((5, 9)), rng.random((6, 9))
    pairs = np.array([[0, 5], [4, 0], [2, 2]])
    expected = cdist(a, b, METRIC[norm])[pairs[:, 0], pairs[:, 1]]
    assert distances.paired(a, b, norm, pairs) == pytest.approx(expected, rel=1e-14)


def test_unknown_norm_says_which_are_known():
    for ask in (lambda: direct(np.zeros((1, 2)), np.ones((1, 2)), "l3"), lambda: Distances(np.zeros((2, 2)), "l3")):
        with pytest.raises(ValueError, match="unknown norm 'l3'; choose one of l1, l2, linf"):
            ask()
