"""MaxHerding and ProbCover beside those of scikit-activeml, on the bundled digits: part of `make bench`.

Both get the same kernel, or the same radius, class by class; scikit-activeml breaks ties of ProbCover at random.
"""

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
from skactiveml.pool import MaxHerding, ProbCover
from sklearn.datasets import load_digits
from sklearn.metrics import pairwise_distances

from finitecover.coresets.selection import PURE, max_herding, prob_cover

BUDGETS = (1, 10, 50)


def herded(points, k):
    """What scikit-activeml's MaxHerding chooses of a class, with the kernel of ours."""
    kernel = {"gamma": 1 / (2 * points.var(axis=0).sum())}
    query = MaxHerding(normalize_samples=False, metric="rbf", metric_dict=kernel, random_state=0)
    return np.ravel(query.query(points, np.full(len(points), np.nan), batch_size=k))


def covered(points, k, radius):
    """What scikit-activeml's ProbCover chooses of a class at a radius."""
    warnings.filterwarnings("ignore", message="The maximum purity")  # of one cluster there is none
    query = ProbCover(deltas=[radius], cluster_algo_dict={"n_clusters": 1}, random_state=0)
    return np.ravel(query.query(points, np.full(len(points), np.nan), batch_size=k))


def held(points, chosen, radius):
    """How many points lie within a radius of a chosen one."""
    return int((pairwise_distances(points, points[chosen]) <= radius).any(axis=1).sum())


def main():
    """Print a row per selection and budget, over all classes."""
    images, labels = load_digits(return_X_y=True)
    images = images / 16
    print("| selection | images per class | images chosen by both | of | held by ours | held by theirs |")
    print("| --- | --- | --- | --- | --- | --- |")
    for k in BUDGETS:
        herding, cover = [], []
        for label in np.unique(labels):
            points, others = images[labels == label], images[labels != label]
            herding.append(len(np.intersect1d(max_herding(points, k, None), herded(points, k))))
            radius = np.quantile(pairwise_distances(points, others).min(axis=1), 1 - PURE)
            ours = prob_cover(points, k, np.random.default_rng(0), others)
            theirs = covered(points, k, radius)
            both = len(np.intersect1d(ours, theirs))
            cover.append((both, held(points, ours, radius), held(points, theirs, radius)))
        print(f"| MaxHerding | {k} | {sum(herding)} | {10 * k} | | |")
        both, ours, theirs = np.sum(cover, axis=0)
        print(f"| ProbCover | {k} | {both} | {10 * k} | {ours} | {theirs} |", flush=True)


if __name__ == "__main__":
    main()
