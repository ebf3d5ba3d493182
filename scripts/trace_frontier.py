"""Size and lower bound of a cover against its radius, for every class of a training set."""

import numpy as np
import pandas as pd

from finitecover.arrays import load_records, pixels, save_csv
from finitecover.covers import frontier
from finitecover.jobs import log, logged


def trace_frontier(train_path, settings, frontier_path):
    """Settings: norm, and points, the number of radii."""
    records = load_records(train_path)
    labels = records["label"]
    tables = []
    for label in np.unique(labels):
        points = pixels(records["image"][labels == label])
        log.info("class %d: %d points", label, len(points))
        rows = frontier(points, settings["points"], settings["norm"])
        tables.append(pd.DataFrame(rows).assign(label=label, points=len(points)))
    save_csv(frontier_path, pd.concat(tables)[["label", "points", "radius", "size", "lower_bound"]])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        trace_frontier(
            train_path=snakemake.input.train,
            settings=snakemake.params.settings,
            frontier_path=snakemake.output.frontier,
        )
