"""Covers measured against other solvers, side by side in one run: `make bench`.

In order: distances against scikit-learn and loops over pairs; optimality of small instances against HiGHS without a
limit; the fewest centres for a radius against plain greedy, HiGHS, SCIP, CP-SAT and CFT (pycft) in the same time on one
core, and against the dominating sets of radius-clustering; the smallest radius for a budget against farthest-first; the
smallest mean distance against FasterPAM (kmedoids) and facility location (apricot); free centres against k-means,
bisecting k-means and a textbook alternation; all of MNIST as one class, and how time and memory grow up to it. Every
cover and bound is verified. kmedoids and radius-clustering are under the GPL: the project itself uses neither.
MNIST and Fashion-MNIST come from the mirror folder in FINITECOVER_MIRROR. Quote ratios: machines differ. The options
choose data sets, classes, and parts.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import kmedoids
import numpy as np
from apricot import FacilityLocationSelection
from ortools.sat.python import cp_model
from pycft import SetCoverSolver
from pyscipopt import Model, quicksum
from radius_clustering import RadiusClustering
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.datasets import load_digits
from sklearn.metrics import pairwise_distances

from finitecover.covers import setcover
from finitecover.covers.balls import smallest_ball
from finitecover.covers.distances import Distances, direct, flatten
from finitecover.covers.free import free_cover, nearest_centres
from finitecover.covers.relaxed import relaxed_cover
from finitecover.covers.search import cover_with_budget, cover_with_radius, within_problem
from finitecover.covers.verification import (
    CoverError,
    verify_cover,
    verify_free_cover,
    verify_free_radius_bound,
    verify_radius_bound,
    verify_size_bound,
)
from finitecover.data import sources
from finitecover.jobs.records import pixels
from finitecover.norms import ORDER

SOURCES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
SHARES = (0.01, 0.05, 0.20)  # of the class that plain greedy takes
NEIGHBOURS = 100  # on average, of a point of the whole data set
SIZES = (1000, 10_000, 60_000)  # points drawn from all
SECONDS = 1200  # of one of them, verification among them, at most
ROUNDS = 50  # of the alternation, at most


def timed(function, *arguments):
    """(result, seconds)."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def images(dataset, mirror):
    """(points (n, d) in [0, 1], labels) of a data set's training images."""
    with tempfile.TemporaryDirectory() as scratch:
        x, y, *_ = sources.from_torchvision(SOURCES[dataset], dataset, mirror, Path(scratch))
    return flatten(pixels(x)), y


def row(*values):
    """A line of a Markdown table."""
    print("|", " | ".join(str(value) for value in values), "|", flush=True)


def header(*names):
    """The first two lines of a Markdown table."""
    print()
    row(*names)
    row(*("---" for _ in names))


# --- other solvers: the size of the cover found in so many seconds on one core, None if none was ---


def matrix(start, entries):
    """The reach as SciPy's sparse matrix."""
    return csr_array((np.ones(len(entries)), entries, start), shape=(len(start) - 1, len(start) - 1))


def highs(start, entries, seconds=None):
    """HiGHS's branch and bound, through SciPy; without a limit, the optimum."""
    ones = np.ones(len(start) - 1)
    options = {"mip_rel_gap": 0.0} | ({} if seconds is None else {"time_limit": seconds})
    constraint = LinearConstraint(matrix(start, entries), lb=1)
    result = milp(ones, integrality=ones, bounds=Bounds(0, 1), constraints=constraint, options=options)
    if seconds is None and result.status != 0:
        raise RuntimeError(f"HiGHS without a limit: {result.message}")
    return None if result.x is None else round(result.fun)


def scip(start, entries, seconds):
    """SCIP, through PySCIPOpt."""
    model = Model()
    model.hideOutput()
    chosen = [model.addVar(vtype="B", obj=1) for _ in range(len(start) - 1)]
    for i in range(len(start) - 1):
        model.addCons(quicksum(chosen[j] for j in entries[start[i] : start[i + 1]]) >= 1)
    model.setParam("limits/time", seconds)
    model.optimize()
    return round(model.getObjVal()) if model.getNSols() else None


def cp_sat(start, entries, seconds):
    """OR-tools' CP-SAT."""
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in range(len(start) - 1)]
    for i in range(len(start) - 1):
        model.add_bool_or([chosen[j] for j in entries[start[i] : start[i + 1]]])
    model.minimize(sum(chosen))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    return round(solver.objective_value) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def cft(start, entries, seconds):
    """The heuristic of Caprara, Fischetti and Toth (1999), through pycft; each point covers those that it reaches."""
    solver = SetCoverSolver()
    for i in range(len(start) - 1):
        solver.add_set(entries[start[i] : start[i + 1]].tolist(), 1.0)
    solver.solve(time_limit=seconds, verbose=0)
    chosen = solver.get_solution()
    reached = {int(j) for i in chosen for j in entries[start[i] : start[i + 1]]}
    return len(chosen) if len(reached) == len(start) - 1 else None


def dominating_set(points, radius):
    """(size, seconds) of the approximate minimum dominating set of radius-clustering, distances among its work."""
    found, seconds = timed(RadiusClustering(manner="approx", radius=radius).fit, points)
    return len(found.centers_), seconds


# --- what is measured; points of a class (n, d), the rest of all classes ---


def measure_distances(points):
    """Seconds of all distances of a class: ours and scikit-learn's, the best of three, and loops over pairs."""
    import torch

    ours, sklearn = np.inf, np.inf
    for _ in range(3):
        ours = min(ours, timed(lambda: list(Distances(points, "l2").blocks()))[1])
        sklearn = min(sklearn, timed(pairwise_distances, points)[1])
    some = points[:100]
    tensors = torch.as_tensor(some, dtype=torch.float32)
    times = (len(points) / len(some)) ** 2
    _, with_numpy = timed(lambda: [[np.linalg.norm(a - b) for b in some] for a in some])
    _, with_torch = timed(lambda: [[torch.norm(a - b, 2) for b in tensors] for a in tensors])
    header("distances of one class", "seconds", "times ours")
    row(f"ours, {len(points)} points of {points.shape[1]} numbers", f"{ours:.2f}", 1)
    row("scikit-learn, pairwise_distances", f"{sklearn:.2f}", f"{sklearn / ours:.1f}")
    row(
        "a loop over pairs with numpy.linalg.norm (from a part)",
        f"{with_numpy * times:.0f}",
        round(with_numpy * times / ours),
    )
    row(
        "a loop over pairs with torch.norm (from a part)", f"{with_torch * times:.0f}", round(with_torch * times / ours)
    )


def small_instances(mirror, count):
    """(kind, points (n, d)) with n <= 150."""
    rng = np.random.default_rng(0)
    for size, dimension in product((20, 60, 150), (2, 10)):
        for _ in range(count):
            yield "random", rng.random((size, dimension))
            centres = rng.random((5, dimension))
            yield (
                "clustered",
                np.clip(centres[rng.integers(0, 5, size)] + 0.05 * rng.normal(size=(size, dimension)), 0, 1),
            )
            yield "duplicated", np.repeat(np.round(rng.random((size // 3, dimension)), 1), 3, axis=0)
    digits = load_digits()
    points, labels = images("mnist", mirror)
    for label in range(10):
        yield "digits", digits.data[digits.target == label][:150] / 16
        yield "mnist", points[labels == label][:150]


def measure_small(mirror, count):
    """Instances of at most 150 points in three norms: is the cover the optimum, the bound below it, all verified?"""
    header(
        "n <= 150",
        "norm",
        "instances",
        "optimal",
        "said so",
        "bound above the optimum",
        "refused by the verifier",
        "s",
        "HiGHS s",
    )
    counts = {}
    for kind, points in small_instances(mirror, count):
        for norm in ORDER:
            exact = direct(points, points, norm)
            for quantile in (0.02, 0.1, 0.3):
                radius = float(np.quantile(exact, quantile, method="nearest"))
                cover, seconds = timed(cover_with_radius, points, radius, norm)
                inside = exact <= radius * (1 + 1e-12)
                reach = np.concatenate([[0], np.cumsum(inside.sum(axis=1))]), np.nonzero(inside)[1]
                best, by_other = timed(highs, *reach)
                size = len(cover.indices)
                told = (
                    size == best,
                    cover.status != "feasible",
                    cover.lower_bound > best,
                    refused(points, cover, radius, norm),
                )
                total = counts.setdefault((kind, norm), np.zeros(7))
                total += [1, *told, seconds, by_other]
    for (kind, norm), total in counts.items():
        row(kind, norm, *total[:5].astype(int), *total[5:].round(1))


def refused(points, cover, radius, norm):
    """Whether the verifier refuses a cover of a radius or its bound."""
    try:
        verify_cover(points, np.zeros(len(points)), cover.indices, cover.assignment, cover.distances, radius, norm)
        verify_size_bound(points, cover.dual, radius, cover.certified_bound, norm)
    except CoverError as error:
        print("refused:", error)
        return True
    return False


def greedy_radius(pairs, share):
    """Radius at which plain greedy takes about `share` of the points."""
    low, high = 0.0, pairs.spread()[1]
    for _ in range(14):
        middle = (low + high) / 2
        size = len(setcover.greedy(within_problem(pairs, middle)))
        low, high = (middle, high) if size > share * pairs.n else (low, middle)
    return high


def measure_radii(dataset, label, points, rest, others):
    """A line per share: plain greedy, our cover and bound, other solvers in the same time, a dominating set."""
    pairs = Distances(points, "l2")
    for share in SHARES:
        radius = greedy_radius(pairs, share)
        reach = pairs.within(radius)
        greedy = len(setcover.greedy(setcover.Problem(*reach * 2)))
        cover, seconds = timed(cover_with_radius, points, radius)
        note = "refused" if refused(points, cover, radius, "l2") else ""
        found = [solve(*reach, seconds) or "none" if label in others else "" for solve in (highs, scip, cp_sat, cft)]
        found += ["{} ({:.1f})".format(*dominating_set(points, radius)) if label in others else ""]
        size, bound = len(cover.indices), cover.lower_bound
        gap = f"{size / bound - 1:.1%}"
        row(dataset, label, f"{share:.0%}", f"{radius:.3f}", greedy, size, f"{size / greedy:.3f}", bound, gap, *found,
            f"{seconds:.1f}", note)  # fmt: skip


def measure_budgets(dataset, label, points, rest, budgets):
    """A line per budget: farthest-first and our cover, with its bound."""
    for k in budgets:
        reached, chosen = np.full(len(points), np.inf), 0
        for _ in range(k):  # farthest-first traversal from the first point
            reached = np.minimum(reached, direct(points, points[chosen : chosen + 1], "l2")[:, 0])
            chosen = int(reached.argmax())
        cover, seconds = timed(cover_with_budget, points, k)
        verify_radius_bound(points, cover.dual, k, cover.certified_bound, "l2")
        ratio, gap = cover.radius / reached.max(), cover.radius / cover.lower_bound - 1
        lengths = (f"{value:.3f}" for value in (reached.max(), cover.radius, ratio, cover.lower_bound))
        row(dataset, label, k, *lengths, f"{gap:.1%}", f"{seconds:.1f}")


def measure_norms(dataset, label, points, rest, budgets):
    """A line per budget: radius, gap and seconds of a cover in each norm."""
    for k in budgets:
        told = []
        for norm in ORDER:
            cover, seconds = timed(cover_with_budget, points, k, norm)
            verify_radius_bound(points, cover.dual, k, cover.certified_bound, norm)
            told += [f"{cover.radius:.3f}", f"{cover.radius / cover.lower_bound - 1:.1%}", f"{seconds:.1f}"]
        row(dataset, label, k, *told)


def measure_medoids(dataset, label, points, rest, budgets):
    """A line per budget: mean distance to the nearest of k points of the class, and seconds, distances among them."""
    for k in budgets:
        ours, seconds = timed(partial(relaxed_cover, density=1.0), points, k)
        told = [f"{ours.distances.mean():.4f}", f"{seconds:.1f}"]
        for choose in (_fasterpam, _facility_location):
            chosen, spent = timed(choose, points, k)
            told += [f"{direct(points, points[chosen], 'l2').min(1).mean():.4f}", f"{spent:.1f}"]
        row(dataset, label, k, *told)


def _fasterpam(points, k):
    found = kmedoids.fasterpam(pairwise_distances(points), k, init="build", random_state=0, n_cpu=1)
    return found.medoids


def _facility_location(points, k):
    return FacilityLocationSelection(k, metric="euclidean", verbose=False, random_state=0).fit(points).ranking


def alternated(points, k):
    """Largest radius of k balls where assignment to the nearest centre and the smallest ball around each one's points
    alternate, from k-means, as long as it falls: k-centre as textbooks have it."""
    best, centres = np.inf, KMeans(k, n_init=1, random_state=0).fit(points).cluster_centers_
    for _ in range(ROUNDS):
        place, _ = nearest_centres(points, centres, "l2")
        balls = [smallest_ball(points[place == own], centre) for own, centre in enumerate(centres)]
        radius = max(radius for _, _, radius in balls)
        if radius >= best:
            break
        best, centres = radius, np.array([centre for centre, _, _ in balls])
    return best


def verify_subset(points, cover, k):
    """Raise `CoverError` unless a cover by points and its bound hold."""
    one = np.zeros(len(points)), cover.indices, cover.assignment, cover.distances
    verify_cover(points, *one, cover.radius, "l2")
    verify_radius_bound(points, cover.dual, k, cover.certified_bound, "l2")


def verify_free(points, cover, k):
    """Raise `CoverError` unless a free cover and its bound hold."""
    one = np.zeros(len(points), int), cover.centres, np.zeros(k, int)
    verify_free_cover(points, *one, cover.assignment, cover.distances, cover.radius, "l2")
    verify_free_radius_bound(points, cover.dual, k, cover.lower_bound, "l2")


def measure_free(dataset, label, points, rest, budgets):
    """A line per budget: root mean square distances of means, and the smallest radii found."""
    for k in budgets:
        means, seconds = timed(free_cover, points, k)
        others = []
        for made in (KMeans(k, n_init=4, random_state=0), BisectingKMeans(k, n_init=4, random_state=0)):
            fitted, spent = timed(made.fit, points)
            others += [f"{np.sqrt(fitted.inertia_ / len(points)):.4f}", f"{spent:.1f}"]
        minimal, spent = timed(free_cover, points, k, np.inf)
        for cover in (means, minimal):
            verify_free(points, cover, k)
        textbook, turned = timed(alternated, points, k)
        square = np.sqrt((means.distances**2).mean())
        row(dataset, label, k, f"{square:.4f}", f"{seconds:.1f}", *others, f"{minimal.radius:.3f}", f"{spent:.1f}",
            f"{textbook:.3f}", f"{turned:.1f}", f"{minimal.lower_bound:.3f}")  # fmt: skip


def measure_reach(dataset, label, points, rest, budgets):
    """A line per budget and kind of cover: how far its centres lie from what they stand for, and from other classes.

    No model that is right at an image of another class can be certified at a centre beyond that image, so the images
    that lie nearer to their centre than that are all that any certificate can be carried to.
    """
    for k in budgets:
        for kind in ("subset", "free, smallest radius", "free, power 2"):
            if kind == "subset":
                cover = cover_with_budget(points, k)
                centres, places = points[cover.indices], np.searchsorted(cover.indices, cover.assignment)
            else:
                cover = free_cover(points, k, np.inf if "radius" in kind else 2)
                centres, places = cover.centres.reshape(k, -1), cover.assignment
            ceilings = np.concatenate([direct(part, rest, "l2").min(1) for part in np.array_split(centres, k)])
            reached = (cover.distances < ceilings[places]).mean()
            told = (cover.radius, cover.distances.mean(), ceilings.mean())
            row(dataset, label, k, kind, *(f"{value:.2f}" for value in told), f"{reached:.1%}")


def measure_sizes(mirror, centres):
    """How time and memory grow with the numbers of points, for the first number of centres, and of centres, for all
    points; each in a process of its own."""
    header("points of mnist", "k", "cover", "radius", "bound", "s", "verified in s", "peak GiB")
    asked = [(n, centres[0]) for n in SIZES] + [(SIZES[-1], k) for k in centres[1:]]
    for (n, k), kind in product(asked, ("free, power 2", "free, smallest radius", "subset")):
        process = get_context("spawn").Process(target=_sized, args=(mirror, n, k, kind))
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            row(n, k, kind, "", "", f"over {SECONDS}", "", "")
        elif process.exitcode:
            sys.exit(f"{kind}: the process of {n} points and {k} centres ended with code {process.exitcode}")


def peak_memory():
    """GiB that this process has held at most, on Linux; what `getrusage` says of a child begins with its parent's."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 2**20


def _sized(mirror, n, k, kind):
    points, _ = images("mnist", mirror)
    points = points[np.random.default_rng(0).permutation(len(points))[:n]].astype(np.float32)
    power = 2 if "power" in kind else np.inf
    cover, seconds = timed(cover_with_budget, points, k) if kind == "subset" else timed(free_cover, points, k, power)
    _, checked = timed(verify_subset if kind == "subset" else verify_free, points, cover, k)
    peak = peak_memory()
    lengths = f"{cover.radius:.3f}", f"{cover.certified_bound:.3f}"
    row(n, k, kind, *lengths, f"{seconds:.0f}", f"{checked:.0f}", f"{peak:.1f}")


def measure_whole(mirror):
    """All of MNIST as one class, at the radius of `NEIGHBOURS` on average, in a process of its own."""
    header(
        "all of", "points", "radius", "neighbours", "greedy", "ours", "bound", "gap", "s", "verified in s", "peak GiB"
    )
    process = get_context("spawn").Process(target=_whole, args=(mirror,))
    process.start()
    process.join()


def _whole(mirror):
    points, _ = images("mnist", mirror)
    some = np.random.default_rng(0).choice(len(points), 2000, replace=False)
    near = np.sort(direct(points[some], points, "l2"), axis=1)
    radius = float(np.quantile(near, (NEIGHBOURS + 1) / len(points)))
    cover, seconds = timed(cover_with_radius, points, radius)
    complaint, checked = timed(refused, points, cover, radius, "l2")
    peak = peak_memory()
    reach = Distances(points, "l2").within(radius)
    neighbours, greedy = len(reach[1]) / len(points) - 1, len(setcover.greedy(setcover.Problem(*reach * 2)))
    size, bound = len(cover.indices), cover.lower_bound
    row("mnist", len(points), f"{radius:.3f}", f"{neighbours:.0f}", greedy, size, bound, f"{size / bound - 1:.1%}",
        f"{seconds:.0f}", "refused" if complaint else f"{checked:.0f}", f"{peak:.1f}")  # fmt: skip


# Parts that go through classes: the head of their table, what prints a class's lines, and the option it is given.
CLASS = ["data", "class"]
RADII = "share, radius, greedy, ours, ratio, bound, gap, HiGHS, SCIP, CP-SAT, CFT, dominating set (s), s, note"
BUDGETS = "k, farthest-first, ours, ratio, bound, gap, s"
NORMS = "k, l1, gap, s, l2, gap, s, linf, gap, s"
MEDOIDS = "k, k-means images: mean distance, s, FasterPAM, s, apricot, s"
FREE = "k, free: root mean square, s, k-means, s, bisecting, s, smallest radius, s, alternation, s, bound"
REACH = "k, cover, largest distance, mean distance, to another class on average, images that a certificate can reach"
BY_CLASS = {
    "radii": (RADII, measure_radii, "others"),
    "budgets": (BUDGETS, measure_budgets, "budgets"),
    "norms": (NORMS, measure_norms, "budgets"),
    "medoids": (MEDOIDS, measure_medoids, "budgets"),
    "free": (FREE, measure_free, "budgets"),
    "reach": (REACH, measure_reach, "reaches"),
}


def main():
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("distances", "small", *BY_CLASS, "whole", "sizes")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--datasets", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--classes", type=int, nargs="+", default=[3])
    parser.add_argument("--others", type=int, nargs="*", default=[3], help="classes that other solvers cover too")
    parser.add_argument("--budgets", type=int, nargs="+", default=[10, 50, 100])
    parser.add_argument("--reaches", type=int, nargs="+", default=[10, 100, 1000], help="budgets of reach")
    parser.add_argument("--centres", type=int, nargs="+", default=[10, 100], help="of sizes; 1000 take 45 minutes")
    parser.add_argument("--count", type=int, default=2, help="instances of each random kind and size")
    options = parser.parse_args()
    mirror = os.environ.get("FINITECOVER_MIRROR")
    if not mirror:
        parser.error("FINITECOVER_MIRROR names no folder with the publishers' files")
    cover_with_budget(np.random.default_rng(0).random((200, 2)), 3)  # compile first
    if "distances" in options.parts:
        points, labels = images("mnist", mirror)
        measure_distances(points[labels == 3])
    if "small" in options.parts:
        measure_small(mirror, options.count)
    for head, measure, option in (BY_CLASS[part] for part in BY_CLASS if part in options.parts):
        header(*CLASS, *head.split(", "))
        for dataset in options.datasets:
            points, labels = images(dataset, mirror)
            for label in options.classes:
                measure(dataset, label, points[labels == label], points[labels != label], getattr(options, option))
    if "whole" in options.parts:
        measure_whole(mirror)
    if "sizes" in options.parts:
        measure_sizes(mirror, options.centres)


if __name__ == "__main__":
    main()
