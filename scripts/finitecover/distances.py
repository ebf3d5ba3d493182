"""Pairwise distances in l1, l2 and linf.

`direct` is the definition: differences, in float64, by SciPy. The l2 matrix comes from matrix products, which is far
faster but loses digits where points are close; whatever lies within `ROUNDING` of a threshold is therefore decided by
`direct` again. Memory: one n x n float64 matrix; blocks of `BLOCK` rows otherwise.
"""

import numpy as np
from scipy.spatial.distance import cdist

METRIC = {"l1": "cityblock", "l2": "euclidean", "linf": "chebyshev"}
BLOCK = 1024  # rows at a time
ROUNDING = 1e-7  # absolute; the l2 matrix is this close to `direct` for points in [0, 1]^d, d up to about 1e4
EQUAL = 1e-12  # relative; two float64 evaluations of one distance may differ by this much


def check_norm(norm):
    """Raise `ValueError` unless the norm is known."""
    if norm not in METRIC:
        raise ValueError(f"unknown norm {norm!r}; choose one of {', '.join(METRIC)}")


def flatten(points):
    """Points (n, ...) as a float64 matrix (n, d)."""
    points = np.asarray(points, dtype=np.float64)
    return points.reshape(len(points), -1)


def direct(a, b, norm):
    """Distances between two sets of points, (n, d) and (m, d), by differences in float64: (n, m)."""
    return cdist(a, b, METRIC[norm])


def paired(a, b, norm, pairs):
    """Distances of the pairs (i, j) listed in `pairs` (m, 2), a[i] to b[j], by differences in float64: (m,)."""
    out = np.empty(len(pairs))
    for start in range(0, len(pairs), BLOCK):
        rows = slice(start, start + BLOCK)
        difference = np.abs(a[pairs[rows, 0]] - b[pairs[rows, 1]])
        if norm == "l2":
            out[rows] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        else:
            out[rows] = difference.sum(axis=1) if norm == "l1" else difference.max(axis=1)
    return out


def matrix(points, norm):
    """All distances (n, n) of `points` (n, d), each within `ROUNDING` of its direct value."""
    n = len(points)
    out = np.empty((n, n))
    square = np.einsum("ij,ij->i", points, points)
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        if norm == "l2":
            products = points[rows] @ points.T
            np.subtract(square[rows, None] + square, 2 * products, out=out[rows])
            np.sqrt(np.maximum(out[rows], 0), out=out[rows])
        else:
            out[rows] = direct(points[rows], points, norm)
    if norm == "l2":
        _mend_short(points, out, square)
    return out


def within(points, distances, radius, norm):
    """Boolean (n, n): is the direct distance at most `radius`? `distances` is `matrix(points, norm)`."""
    inside = distances <= radius
    near = np.argwhere(np.abs(distances - radius) <= ROUNDING)
    inside[tuple(near.T)] = paired(points, points, norm, near) <= radius * (1 + EQUAL)
    return inside


def next_distance(points, distances, radius, norm):
    """Smallest direct distance above `radius`; infinity where there is none."""
    above = distances[distances > radius + ROUNDING]
    limit = above.min() + ROUNDING if above.size else np.inf
    near = np.argwhere((distances > radius - ROUNDING) & (distances <= limit))
    if not len(near):
        return np.inf
    values = paired(points, points, norm, near)
    values = values[values > radius * (1 + EQUAL)]
    return values.min() if values.size else np.inf


def _mend_short(points, out, square):
    """Where a squared distance is small beside the squared norms, matrix products cancel: compute it directly."""
    scale = 1e-3 * np.sqrt(square.max(initial=0.0))
    for start in range(0, len(points), BLOCK):
        short = np.argwhere(out[start : start + BLOCK] <= scale)
        short[:, 0] += start
        out[tuple(short.T)] = paired(points, points, "l2", short)
