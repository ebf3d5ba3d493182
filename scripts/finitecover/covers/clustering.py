"""Real images that stand for clusters: points (n, d), budget k, generator in; k sorted indices out."""

import numpy as np


def k_means(points, k, rng):
    """The real image nearest to each of k centroids (scikit-learn); one already taken gives way to the next nearest."""
    from sklearn.cluster import KMeans  # two seconds to import

    model = KMeans(n_clusters=k, n_init=1, random_state=int(rng.integers(2**31))).fit(points)
    taken = []
    for centroid in model.cluster_centers_:
        distance = squared_distances(points, centroid)
        distance[taken] = np.inf
        taken.append(int(distance.argmin()))
    return np.sort(taken)


def squared_distances(points, target):
    """Squared l2 distances of points (n, d) to one, (n,)."""
    difference = points - target
    return np.einsum("ij,ij->i", difference, difference)
