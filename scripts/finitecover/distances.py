"""Pairwise distances in l1, l2 and linf.

`direct` is the definition: differences, in float64, by SciPy. The l2 matrix comes from matrix products, which is far
faster but loses digits where points are close; whatever lies within `ROUNDING` of a threshold is therefore decided by
`direct` again.
"""

import numpy as np
from scipy.spatial.distance import cdist

METRIC = {"l1": "cityblock", "l2": "euclidean", "linf": "chebyshev"}
BLOCK = 1024  # pairs at a time
MEMORY = 2**25  # bytes of distances at a time, small enough for a processor's cache
DIRECT_POINTS = 1000  # up to here matrices are made of direct distances in l2 too
ROUNDING = 1e-7  # absolute; beyond that the l2 matrix is this close, for points in [0, 1]^d with d up to about 1e4
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
    """All distances (n, n) of `points` (n, d), each within `accuracy` of its direct value."""
    out = np.empty((len(points), len(points)))
    for _ in blocks(points, norm, out):
        pass
    return out


def accuracy(n, norm):
    """How far an entry of `matrix` or `blocks` for n points may be from the direct distance, absolutely."""
    return ROUNDING if norm == "l2" and n > DIRECT_POINTS else 0.0


def neighbours(points, radius, norm, distances=None):
    """Who lies within `radius` of whom, as compressed rows: (indptr (n + 1,) int64, indices int32, sorted).

    Decided by direct distances wherever rounding could matter. Without a matrix of `distances`, only `MEMORY` bytes of
    them at a time.
    """
    counts, found = [np.zeros(1, dtype=np.int64)], []
    pieces = blocks(points, norm) if distances is None else [(slice(0, len(points)), distances)]
    for rows, block in pieces:
        inside = block <= radius
        near = np.argwhere(np.abs(block - radius) <= accuracy(len(points), norm) + EQUAL * radius)
        values = paired(points, points, norm, near + np.array([rows.start, 0]))
        inside[tuple(near.T)] = values <= radius * (1 + EQUAL)
        counts.append(inside.sum(axis=1))
        found.append(np.nonzero(inside)[1].astype(np.int32))
    return np.cumsum(np.concatenate(counts)), np.concatenate(found)


def blocks(points, norm, out=None):
    """(slice of rows, distances of these points to all) for all rows, each within `accuracy` of its direct value.

    The rows are written into `out` (n, n) where it is given, else into memory that the next block overwrites.
    """
    n = len(points)
    size = min(n, max(1, MEMORY // (8 * n)))
    buffer = np.empty((size, n)) if out is None else None
    square = np.einsum("ij,ij->i", points, points)
    short = 1e-6 * square.max()  # squared distances at which matrix products have lost too many digits
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        block = buffer[: rows.stop - start] if out is None else out[rows]
        if accuracy(n, norm):
            np.matmul(-2 * points[rows], points.T, out=block)
            block += square
            block += square[rows, None]
            pairs = np.argwhere(block <= short)
            np.sqrt(np.maximum(block, 0, out=block), out=block)
            block[tuple(pairs.T)] = paired(points, points, norm, pairs + np.array([start, 0]))
        else:
            cdist(points[rows], points, METRIC[norm], out=block)
        yield rows, block


def next_distance(points, distances, radius, norm):
    """Smallest direct distance above `radius`; infinity where there is none."""
    margin = accuracy(len(points), norm) + EQUAL * radius
    above = distances[distances > radius + margin]
    limit = above.min() + margin if above.size else np.inf
    near = np.argwhere((distances > radius - margin) & (distances <= limit))
    if not len(near):
        return np.inf
    values = paired(points, points, norm, near)
    values = values[values > radius * (1 + EQUAL)]
    return values.min() if values.size else np.inf
