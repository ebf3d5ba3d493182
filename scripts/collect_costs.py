"""Join the benchmark files of every job into one table: rule, job, seconds, memory."""

from pathlib import Path

import pandas as pd

from finitecover.arrays import save_csv
from finitecover.jobs import logged


def collect_costs(benchmark_paths, costs_path):
    """A benchmark lies at results/benchmarks/<rule>/<job>.tsv; `max_rss` is in MiB."""
    rows = []
    for path in map(Path, benchmark_paths):
        _, _, rule, *job = path.with_suffix("").parts
        measured = pd.read_csv(path, sep="\t").iloc[0]
        rows.append({"rule": rule, "job": "/".join(job), "seconds": measured["s"], "max_rss_mib": measured["max_rss"]})
    save_csv(costs_path, pd.DataFrame(rows))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        collect_costs(benchmark_paths=snakemake.input.benchmarks, costs_path=snakemake.output.costs)
