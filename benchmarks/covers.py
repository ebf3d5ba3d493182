"""Covers against plain greedy, farthest-first and HiGHS, side by side in one run: `make bench`.

MNIST and Fashion-MNIST come from the mirror folder in FINITECOVER_MIRROR. All times are of one core, quoted as ratios
too, since machines differ. `--classes 3` measures class 3 alone, `--budgets` is one list for both data sets.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from sklearn.metrics import pairwise_distances

from finitecover import data, distances, setcover
from finitecover.arrays import pixels
from finitecover.covers import cover_with_budget, cover_with_radius
from finitecover.verification import verify_cover, verify_radius_bound, verify_size_bound

SHARES = (0.01, 0.05, 0.20)  # of the class that plain greedy takes


def timed(function, *arguments):
    """(result, seconds)."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def classes(dataset, name, mirror, wanted):
    """(label, points (n, d) in [0, 1]) of the wanted classes of a data set."""
    with tempfile.TemporaryDirectory() as scratch:
        x, y, *_ = data.from_torchvision(name, dataset, mirror, Path(scratch))
    for label in wanted:
        yield label, distances.flatten(pixels(x[y == label]))


def greedy_radius(matrix, share):
    """Radius at which plain greedy takes about `share` of the points."""
    low, high = 0.0, matrix.max()
    for _ in range(18):
        middle = (low + high) / 2
        inside = matrix <= middle
        size = len(setcover.greedy(np.r_[0, np.cumsum(inside.sum(1))], np.nonzero(inside)[1].astype(np.int32)))
        low, high = (middle, high) if size > share * len(matrix) else (low, middle)
    return high


def highs(reach, seconds):
    """Size of the cover that HiGHS finds in the given time; None if it finds none."""
    n = len(reach[0]) - 1
    covering = csr_array((np.ones(len(reach[1])), reach[1], reach[0]), shape=(n, n))
    covered = LinearConstraint(covering, lb=1)
    result = milp(
        np.ones(n), integrality=np.ones(n), bounds=Bounds(0, 1), constraints=covered, options={"time_limit": seconds}
    )
    return None if result.x is None else round(result.fun)


def measure_radii(dataset, label, points):
    """A line per share: plain greedy, our cover, its bound, HiGHS in the same time."""
    matrix = distances.matrix(points, "l2")
    for share in SHARES:
        radius = greedy_radius(matrix, share)
        reach = distances.neighbours(points, radius, "l2")
        greedy, greedy_seconds = timed(setcover.greedy, *reach)
        cover, seconds = timed(cover_with_radius, points, radius)
        verify_cover(points, np.zeros(len(points)), cover.indices, cover.assignment, cover.distances, radius, "l2")
        verify_size_bound(points, cover.dual, radius, cover.certified_bound, "l2")
        rival = highs(reach, seconds)
        size, bound = len(cover.indices), cover.lower_bound
        print(
            f"| {dataset} | {label} | {share:.0%} | {radius:.3f} | {len(greedy)} | {size} | {size / len(greedy):.3f} "
            f"| {bound} | {size / bound - 1:.1%} | {rival or 'none'} | {seconds:.1f} | {greedy_seconds:.2f} |",
            flush=True,
        )


def measure_budgets(dataset, label, points, budgets):
    """A line per budget: farthest-first and our cover, with its bound."""
    for k in budgets:
        reached, chosen = np.full(len(points), np.inf), 0
        for _ in range(k):  # farthest-first traversal from the first point
            reached = np.minimum(reached, distances.direct(points, points[chosen : chosen + 1], "l2")[:, 0])
            chosen = int(reached.argmax())
        cover, seconds = timed(cover_with_budget, points, k)
        verify_radius_bound(points, cover.dual, k, cover.certified_bound, "l2")
        ratio, gap = cover.radius / reached.max(), cover.radius / cover.lower_bound - 1
        print(
            f"| {dataset} | {label} | {k} | {reached.max():.3f} | {cover.radius:.3f} | {ratio:.3f} "
            f"| {cover.lower_bound:.3f} | {gap:.1%} | {seconds:.1f} |",
            flush=True,
        )


def measure_distances(points):
    """Seconds of all distances of a class: ours, scikit-learn's, a Python loop over pairs (timed on a part)."""
    _, ours = timed(distances.matrix, points, "l2")
    _, sklearn = timed(pairwise_distances, points)
    some = points[:60]
    _, loop = timed(lambda: [[np.linalg.norm(a - b) for b in some] for a in some])
    loop *= (len(points) / len(some)) ** 2
    print(f"{len(points)} points: ours {ours:.1f} s, scikit-learn {sklearn / ours:.2f} times that, "
          f"a Python loop over pairs {loop / ours:.0f} times (from {len(some)} points)")  # fmt: skip


def main():
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--budgets", type=int, nargs="*", default=[10, 50, 100])
    options = parser.parse_args()
    mirror = os.environ.get("FINITECOVER_MIRROR")
    if not mirror:
        parser.error("FINITECOVER_MIRROR names no folder with the publishers' files")
    sources = (("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST"))
    cover_with_radius(np.random.default_rng(0).random((20, 2)), 0.3)  # compile first
    parts = [(dataset, *part) for dataset, name in sources for part in classes(dataset, name, mirror, options.classes)]
    measure_distances(parts[0][2])
    print("\n| data | class | share | radius | greedy | ours | ratio | bound | gap | HiGHS, same time | s | greedy s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for part in parts:
        measure_radii(*part)
    print("\n| data | class | k | farthest-first | ours | ratio | bound | gap | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for part in parts:
        measure_budgets(*part, options.budgets)


if __name__ == "__main__":
    main()
