import numpy as np
import pytest
from scipy.spatial.distance import cdist

from finitecover import distances
from finitecover.distances import METRIC, ROUNDING

NORMS = sorted(METRIC)


@pytest.mark.parametrize("norm", NORMS)
def test_matrix_agrees_with_scipy_where_blocks_do_not_divide_n(norm, rng, monkeypatch):
    monkeypatch.setattr(distances, "MEMORY", 7 * 8 * 33)
    points = rng.random((33, 20))
    assert np.abs(distances.matrix(points, norm) - cdist(points, points, METRIC[norm])).max() <= ROUNDING


@pytest.mark.parametrize("norm", NORMS)
def test_duplicates_are_at_distance_zero(norm, rng):
    points = np.repeat(rng.random((4, 50)), 3, axis=0)
    assert (distances.matrix(points, norm)[:3, :3] == 0).all()


@pytest.mark.parametrize("norm", NORMS)
def test_a_point_at_exactly_the_radius_is_within(norm):
    points = np.array([[0.0, 0.0], [0.3, 0.4], [0.9, 0.9]])
    radius = distances.direct(points[:1], points[1:2], norm).item()
    indptr, indices = distances.neighbours(points, radius, norm)
    far = {0: [0, 1], 1: [0, 1, 2], 2: [1, 2]} if radius >= 0.79 else {0: [0, 1], 1: [0, 1], 2: [2]}
    assert {i: indices[indptr[i] : indptr[i + 1]].tolist() for i in range(3)} == far
    _, smaller = distances.neighbours(points, radius * (1 - 1e-9), norm)
    assert len(smaller) == len(indices) - 2


@pytest.mark.parametrize("norm", NORMS)
def test_neighbours_agree_with_scipy_whatever_the_memory(norm, rng, monkeypatch):
    points = np.round(rng.random((50, 6)) * 4) / 4
    exact = cdist(points, points, METRIC[norm])
    radius = float(np.median(exact))
    monkeypatch.setattr(distances, "MEMORY", 9 * 8 * 50)
    indptr, indices = distances.neighbours(points, radius, norm)
    given = distances.neighbours(points, radius, norm, distances.matrix(points, norm))
    assert (given[0] == indptr).all()
    assert (given[1] == indices).all()
    assert (np.diff(indptr) == (exact <= radius * (1 + 1e-12)).sum(axis=1)).all()
    assert (indices == np.nonzero(exact <= radius * (1 + 1e-12))[1]).all()


def test_next_distance_is_the_smallest_above():
    points = np.array([[0.0], [0.1], [0.4]])
    matrix = distances.matrix(points, "l2")
    assert distances.next_distance(points, matrix, 0.0, "l2") == pytest.approx(0.1, abs=1e-15)
    assert distances.next_distance(points, matrix, 0.1, "l2") == pytest.approx(0.3, abs=1e-15)
    assert distances.next_distance(points, matrix, 0.4, "l2") == np.inf


@pytest.mark.parametrize("norm", NORMS)
def test_pairs_are_direct_distances(norm, rng):
    a, b = rng.random((5, 9)), rng.random((6, 9))
    pairs = np.array([[0, 5], [4, 0], [2, 2]])
    expected = cdist(a, b, METRIC[norm])[pairs[:, 0], pairs[:, 1]]
    assert distances.paired(a, b, norm, pairs) == pytest.approx(expected, rel=1e-14)


def test_unknown_norm_says_which_are_known():
    with pytest.raises(ValueError, match="unknown norm 'l3'; choose one of l1, l2, linf"):
        distances.check_norm("l3")
