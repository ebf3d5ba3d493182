"""Pairwise distances in l1, l2 and linf: who lies within a radius of whom, exactly, in bounded memory.

`direct` is the definition: differences in float64. Large l2 problems use float32 matrix products, which are far faster
but lose digits. How many is bounded (Higham 2002, section 3.1), and whatever lies within that bound of a threshold is
decided by direct distances: no result depends on the products, their order, or the device they ran on.
"""

import numpy as np
from numba import njit
from scipy.spatial.distance import cdist

from finitecover.norms import PERTURBED, order

PAIRS = 1024  # direct distances of listed pairs at a time
BLOCK = 2**26  # bytes of distances at a time
MEMORY = 2**30  # bytes of distances kept by default
DIRECT_POINTS = 1000  # up to here l2 distances are direct too
EQUAL = 1e-12  # relative; two float64 evaluations of one distance may differ by this much
UNIT = 2.0**-24  # rounding unit of float32
MOST = 2**30  # pairs within a radius; more would be 8 GiB of them
TILE = 8, 64  # distances in l1 and linf computed together: differences stay in the processor's cache


def flatten(points):
    """Points (n, ...) as a float64 matrix (n, d)."""
    points = np.asarray(points, dtype=np.float64)
    return points.reshape(len(points), -1)


def direct(a, b, norm):
    """Distances between two sets of points, (n, d) and (m, d), by differences in float64: (n, m).

    Between many points in l1 and linf SciPy takes four times as long for the same numbers.
    """
    p = order(norm)
    if p in (1, np.inf) and min(len(a), len(b)) >= TILE[0]:
        return _tiled(a, b, np.isinf(p))
    metric = {1.0: "cityblock", 2.0: "euclidean", np.inf: "chebyshev"}.get(p)  # faster than minkowski, which knows all
    return cdist(a, b, metric) if metric else cdist(a, b, "minkowski", p=p)


@njit(cache=True, nogil=True)
def _tiled(a, b, largest):
    """Sums of absolute differences between points (n, d) and (m, d), or the largest difference: (n, m).

    Many sums grow at once, one coordinate at a time, so that no processor changes their order.
    """
    height, width = TILE
    d = a.shape[1]
    out, across, tile = np.empty((len(a), len(b))), np.zeros((d, width)), np.empty(TILE)
    for left in range(0, len(b), width):
        columns = b[left : left + width]
        for k in range(d):
            for j in range(len(columns)):
                across[k, j] = columns[j, k]
        for top in range(0, len(a), height):
            rows = a[top : top + height]
            tile[:] = 0.0
            for k in range(d):
                for i in range(len(rows)):
                    if largest:
                        for j in range(width):
                            tile[i, j] = max(tile[i, j], abs(rows[i, k] - across[k, j]))
                    else:
                        for j in range(width):
                            tile[i, j] += abs(rows[i, k] - across[k, j])
            out[top : top + len(rows), left : left + len(columns)] = tile[: len(rows), : len(columns)]
    return out


def paired(a, b, norm, pairs):
    """Distances of the pairs (i, j) listed in `pairs` (m, 2), a[i] to b[j], by differences in float64: (m,)."""
    out, p = np.empty(len(pairs)), order(norm)
    for start in range(0, len(pairs), PAIRS):
        rows = slice(start, start + PAIRS)
        difference = np.abs(a[pairs[rows, 0]] - b[pairs[rows, 1]])
        if p == 2:
            out[rows] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        elif p == np.inf:
            out[rows] = difference.max(axis=1)
        else:
            out[rows] = (difference if p == 1 else difference**p).sum(axis=1) ** (1 / p)
    return out


def nearest_of(pairs, values):
    """Of each point the nearest centre, the first among equals, and its distance: two (n,).

    pairs (m, 2): points, each at least once, and centres; values (m,): their distances.
    """
    order = np.lexsort((pairs[:, 1], values, pairs[:, 0]))
    order = order[np.diff(pairs[order, 0], prepend=-1) > 0]
    return pairs[order, 1], values[order]


def nearest_share(distances, uncovered):
    """Which points are left, (n,) bool, where this share of them, the farthest, is not covered."""
    covered = np.full(len(distances), True)
    order = np.argsort(distances, kind="stable")
    covered[order[left(len(distances), uncovered) :]] = False
    return covered


def left(count, uncovered):
    """How many of so many points are left where this share of them is not covered."""
    return int(np.ceil((1 - uncovered) * count))


def represented_by(points, centres, place, covered):
    """What each of k centres stands for: (weight w_c, the covered points assigned to it, (k,); radius r_c, the largest
    distance of one of them, {norm: (k,)}).

    points (n, ...), centres (k, ...), in float64; place (n,): each point's centre; covered (n,) bool.
    """
    points, centres, rows = flatten(points), flatten(centres), np.flatnonzero(covered)
    pairs = np.column_stack([rows, place[rows]])
    weight = np.bincount(place[rows], minlength=len(centres)).astype(np.float64)
    radii = {norm: np.zeros(len(centres)) for norm in PERTURBED}
    for norm, largest in radii.items():
        np.maximum.at(largest, place[rows], paired(points, centres, norm, pairs))
    return weight, radii


class Distances:
    """All distances between the points of one set.

    points: (n, d) float64. memory: bytes that may be kept; where the upper triangle of all distances is larger, it is
    computed anew, block by block, each time. device: "cpu", or "cuda" for PyTorch on a GPU.

    Blocks hold distances, or squared distances in l2 for n > DIRECT_POINTS, each off by at most `slack`.
    """

    def __init__(self, points, norm, memory=MEMORY, device="cpu"):
        self.order = order(norm)
        self.points, self.norm, self.device = points, norm, device
        self.n = len(points)
        centred = points - points.mean(axis=0)  # smaller numbers, smaller errors
        largest = np.einsum("ij,ij->i", centred, centred).max()
        # Outside this range float32 overflows, or underflows.
        self.squared = norm == "l2" and self.n > DIRECT_POINTS and 1e-30 < largest < 1e30
        self.slack = 0.0
        if self.squared:
            self._centred = centred.astype(np.float32)
            self._square = np.einsum("ij,ij->i", self._centred, self._centred, dtype=np.float64).astype(np.float32)
            # Of |x|^2 - 2 x.y + |y|^2: the product, d terms long, then sums, and the points' own rounding.
            self.slack = 2 * (points.shape[1] + 16) * UNIT * largest
        del centred
        self._on_device = None if device == "cpu" else self._sent(device)
        entry = 4 if self.squared else 8
        self.memory = memory
        self._rows = max(1, BLOCK // (entry * self.n))
        self._fits = entry * self.n * (self.n + 1) // 2 <= memory
        self._kept = None

    def within(self, radius):
        """Who lies within `radius` of whom, as compressed rows: (start (n + 1,) int64, entries int32, sorted).

        Within means a direct distance of at most radius (1 + EQUAL). Raises `ValueError` where that is true of more
        than `MOST` pairs.
        """
        counts, found, total = [np.zeros(1, dtype=np.int64)], [], 0
        for first, block in self.blocks():
            inside = self.inside(block, np.arange(first, first + len(block)), radius, first)
            inside[np.tri(*inside.shape, -1, dtype=bool)] = False
            counts.append(inside.sum(axis=1))
            total += counts[-1].sum()
            if total > MOST:
                raise ValueError(
                    f"radius {radius:g} joins more than {MOST} pairs of the {self.n} points; "
                    "choose a smaller radius or a larger budget, or cover class by class"
                )
            found.append((np.nonzero(inside)[1] + first).astype(np.int32))
        return _mirrored(np.cumsum(np.concatenate(counts)), np.concatenate(found))

    def towards(self, some, first=0):
        """What `blocks` hold, of some points (m,) to all from the `first` on: (m, n - first), not kept. On the CPU
        whatever the device."""
        if not self.squared:
            return direct(self.points[some], self.points[first:], self.norm)
        block = np.matmul(-2 * self._centred[some], self._centred[first:].T)
        block += self._square[first:]
        block += self._square[some, None]
        return block

    def inside(self, block, some, radius, first=0):
        """Who of all lies within `radius`, as of `within`, of some points (m,): (m, n) bool.

        block: their distances to all points from the `first` on, as `towards` or `blocks` give them.
        """
        limit = radius**2 if self.squared else radius * (1 + EQUAL)
        inside = block <= limit
        if margin := self._margin(limit):
            near = np.argwhere(np.abs(block - limit) <= margin)
            pairs = np.column_stack([some[near[:, 0]], near[:, 1] + first])
            inside[tuple(near.T)] = paired(self.points, self.points, self.norm, pairs) <= radius * (1 + EQUAL)
        return inside

    def after(self, radius):
        """The smallest direct distance above `radius`, by more than rounding; infinity where there is none."""
        limit = radius**2 if self.squared else radius * (1 + EQUAL)
        margin, smallest, values = self._margin(limit), np.inf, []
        for first, block in self.blocks():
            above = block > limit + margin
            smallest = min(smallest, block[above].min() + 2 * margin if above.any() else np.inf)
            near = np.argwhere((block > limit - margin) & (block <= smallest))
            near = near[near[:, 1] >= near[:, 0]]
            if not self.squared:  # one pair speaks for all that are as far apart: in linf there may be millions
                near = near[np.unique(block[tuple(near.T)], return_index=True)[1]]
            values.append(self._listed(near, first))
        values = np.concatenate(values)
        values = values[values > radius * (1 + EQUAL)]
        return float(values.min()) if len(values) else np.inf

    def occurring(self):
        """The direct distances that occur between two points, sorted, one of each group that rounding alone tells
        apart (its largest). Small sets only: it holds all of them."""
        values = [block[np.triu_indices(len(block), 1, block.shape[1])] for _, block in self.blocks()]
        values = np.sort(np.sqrt(np.concatenate(values)) if self.squared else np.concatenate(values))
        return values[np.append(np.diff(values) > EQUAL * values[1:], True)] if len(values) else values

    def central(self):
        """The best single centre, exactly: (its index, its radius, points that prove it).

        Every point lies at least that far from one of the points that prove it (for all are at a distance of 0 from
        themselves, there are at least two, or the radius is 0). Found by generating constraints: the centre nearest to
        all points known to be far, then the point farthest from it, until that is known.
        """
        far, reach = [], np.zeros(self.n)
        while True:
            centre = int(reach.argmin())
            from_centre = direct(self.points, self.points[[centre]], self.norm)[:, 0]
            farthest = int(from_centre.argmax())
            if from_centre[farthest] <= reach[centre] * (1 + EQUAL):
                return centre, float(from_centre[farthest]), far
            far.append(farthest)
            reach = np.maximum(reach, direct(self.points, self.points[[farthest]], self.norm)[:, 0])

    def spread(self):
        """(median direct distance of a point to its nearest neighbour, radius of the best single centre)."""
        if self.n == 1:
            return 0.0, 0.0
        neighbour, least = np.zeros(self.n, dtype=np.int64), np.full(self.n, np.inf)
        for first, block in self.blocks():
            rows = slice(first, first + len(block))
            others = block.copy()
            others[np.arange(len(block)), np.arange(len(block))] = np.inf
            for place, nearest in ((rows, others.argmin(axis=1)), (slice(first, None), others.argmin(axis=0))):
                values = others.min(axis=1 if place is rows else 0)
                closer = values < least[place]
                least[place][closer] = values[closer]
                neighbour[place][closer] = nearest[closer] + first
        pairs = np.column_stack([np.arange(self.n), neighbour])
        return float(np.median(paired(self.points, self.points, self.norm, pairs))), self.central()[1]

    def nearest(self, centres):
        """Each point's nearest centre (the lowest index among equals; a centre stands for itself) and its direct
        distance: two (n,)."""
        centres = np.sort(centres)
        among = self.points[centres]
        place, distances = np.empty(self.n, dtype=np.int64), np.empty(self.n)
        products = (self._centred[centres].T, self._square[centres]) if self.squared else None
        size = max(1, BLOCK // (8 * len(centres)))
        for start in range(0, self.n, size):
            rows = slice(start, min(start + size, self.n))
            if not self.squared:
                block = direct(self.points[rows], among, self.norm)
                place[rows] = block.argmin(axis=1)
                distances[rows] = block.min(axis=1)
                continue
            block = products[1] - 2 * (self._centred[rows] @ products[0])
            close = np.argwhere(block <= block.min(axis=1, keepdims=True) + 2 * self.slack)
            values = paired(self.points[rows], among, self.norm, close)
            place[rows], distances[rows] = nearest_of(close, values)
        place[centres], distances[centres] = np.arange(len(centres)), 0.0
        return centres[place], distances

    def _margin(self, limit):
        return self.slack + 4 * UNIT * limit if self.squared else 0.0

    def _listed(self, near, first):
        return paired(self.points, self.points, self.norm, near + first)

    def blocks(self):
        """(first row, block) for all rows; a block holds its rows' distances to the points from the first row on.

        See the class for what they hold; they are kept where they fit, and not to be written to.
        """
        if self._fits and self._kept is None:
            self._kept = list(self._computed())
        yield from self._kept if self._fits else self._computed()

    def _computed(self):
        for first in range(0, self.n, self._rows):
            yield first, self._block(slice(first, min(first + self._rows, self.n)))

    def _block(self, rows):
        if self._on_device is not None:
            return self._block_on_device(rows)
        return self.towards(rows, rows.start)

    def _sent(self, device):
        import torch

        tensors = (self._centred, self._square) if self.squared else (self.points,)
        return [torch.as_tensor(tensor, device=device) for tensor in tensors]

    def _block_on_device(self, rows):
        import torch

        if self.squared:
            points, square = self._on_device
            block = torch.addmm(square[None, rows.start :], points[rows], points[rows.start :].T, alpha=-2)
            block += square[rows, None]
        else:
            (points,) = self._on_device
            exact = "donot_use_mm_for_euclid_dist"
            block = torch.cdist(points[rows], points[rows.start :], p=self.order, compute_mode=exact)
        return block.cpu().numpy()


@njit(cache=True, nogil=True)
def _mirrored(start, entries):
    """Compressed rows of a symmetric matrix from its upper triangle with the diagonal."""
    n = len(start) - 1
    size = np.zeros(n + 1, np.int64)
    for i in range(n):
        for p in range(start[i], start[i + 1]):
            size[i + 1] += 1
            if entries[p] != i:
                size[entries[p] + 1] += 1
    to = np.cumsum(size)
    position = to[:-1].copy()
    out = np.empty(to[n], np.int32)
    for i in range(n):  # by then row i holds all of its entries below i, in order
        for p in range(start[i], start[i + 1]):
            j = entries[p]
            out[position[i]] = j
            position[i] += 1
            if j != i:
                out[position[j]] = i
                position[j] += 1
    return to, out
