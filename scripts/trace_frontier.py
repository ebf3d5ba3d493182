"""Size and lower bound of covers against their radius, for every class of a training set."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from finitecover.covers.resources import cover_resources
from finitecover.covers.search import frontier
from finitecover.jobs.files import save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, pixels


def trace_frontier(train_path, settings, threads, mem_mb, frontier_path):
    """Settings: norm, points (number of spaced radii), budgets, radii. threads: classes at a time."""
    records = load_records(train_path)
    labels = records["label"]
    options = cover_resources(mem_mb, threads)

    def trace(label):
        points = pixels(records["image"][labels == label])
        asked = (settings["radii"], settings["budgets"], settings["points"], settings["norm"])
        steps = frontier(points, *asked, **options)
        log.info("class %d: %d points, %d radii", label, len(points), len(steps["radius"]))
        shared = {"label": label, "points": len(points)}
        return [shared | dict(zip(steps, step, strict=True)) for step in zip(*steps.values(), strict=True)]

    with ThreadPoolExecutor(threads) as pool:
        tables = list(pool.map(trace, np.unique(labels).tolist()))
    save_rows(frontier_path, [row for table in tables for row in table])


if __name__ == "__main__":
    with job(snakemake):
        trace_frontier(
            train_path=snakemake.input.train,
            settings=snakemake.params.settings,
            threads=snakemake.threads,
            mem_mb=snakemake.resources.mem_mb,
            frontier_path=snakemake.output.frontier,
        )
