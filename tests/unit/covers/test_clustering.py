import numpy as np

from finitecover.covers.clustering import k_means, squared_distances

LINE = np.array([[0.0], [0.1], [0.2], [0.8], [1.0]])


def test_k_means_takes_the_image_nearest_to_each_centroid():
    assert k_means(LINE, 2, np.random.default_rng(0)).tolist() in ([1, 3], [1, 4])


def test_an_image_stands_for_one_cluster_alone():
    points = np.array([[0.0], [0.0], [1.0]])
    assert len(np.unique(k_means(points, 3, np.random.default_rng(0)))) == 3


def test_squared_distances_are_those_to_one_point():
    assert squared_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.zeros(2)).tolist() == [0, 25]
