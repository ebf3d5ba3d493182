"""Size and lower bound of covers against their radius, for every class of a training set."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from finitecover.arrays import load_records, pixels, save_csv
from finitecover.covers import frontier
from finitecover.jobs import cover_resources, job, log


def trace_frontier(train_path, settings, threads, mem_mb, frontier_path):
    """Settings: norm, points (number of spaced radii), budgets, radii. threads: classes at a time."""
    records = load_records(train_path)
    labels = records["label"]
    options = cover_resources(mem_mb, threads)

    def trace(label):
        points = pixels(records["image"][labels == label])
        asked = (settings["radii"], settings["budgets"], settings["points"], settings["norm"])
        table = pd.DataFrame(frontier(points, *asked, **options))
        log.info("class %d: %d points, %d radii", label, len(points), len(table))
        return table.assign(label=label, points=len(points))

    with ThreadPoolExecutor(threads) as pool:
        tables = list(pool.map(trace, np.unique(labels)))
    save_csv(frontier_path, pd.concat(tables)[["label", "points", "radius", "size", "lower_bound"]])


if __name__ == "__main__":
    with job(snakemake):
        trace_frontier(
            train_path=snakemake.input.train,
            settings=snakemake.params.settings,
            threads=snakemake.threads,
            mem_mb=snakemake.resources.mem_mb,
            frontier_path=snakemake.output.frontier,
        )
