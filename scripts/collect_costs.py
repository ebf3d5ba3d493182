"""Join the benchmark files of every job into a table: rule, identity, time, memory, passes through networks."""

from pathlib import Path

import pandas as pd

from finitecover.jobs.files import load_json
from finitecover.jobs.harness import job
from finitecover.jobs.integrity import quarantine
from finitecover.jobs.tables import save_csv

COUNTS = ("images_seen", "gradient_evaluations")


def collect_costs(jobs, benchmark_paths, count_paths, threads, costs_path):
    """jobs: dicts of rule, what identifies the job, counted and network: whether it counts what goes through its
    network, and whether it has one; benchmark_paths in their order, count_paths in that of those that count. threads:
    {rule: cores that its jobs ask for}; core_seconds are wall-clock seconds times those.

    `max_rss` of a benchmark is in MiB. images_seen, gradient_evaluations: images that went forward through a network
    and gradients that came back, one by one; as the jobs count them, 0 where a job has no network, missing where a job
    has one and does not count.
    """
    rows, counted = [], iter(count_paths)
    for one, path in zip(jobs, benchmark_paths, strict=True):
        identity = {key: one[key] for key in one if key not in ("counted", "network")}
        measured, cores = _read_benchmark(Path(path)), threads[one["rule"]]
        counts = load_json(next(counted)) if one["counted"] else {}
        row = identity | {"threads": cores, "seconds": measured["s"], "core_seconds": measured["s"] * cores}
        row |= {"max_rss_mib": measured["max_rss"]}
        rows.append(row | {name: counts.get(name, None if one["network"] else 0) for name in COUNTS})
    save_csv(costs_path, pd.DataFrame(rows).astype({"expert": "Int64"}))


def _read_benchmark(path):
    """A line of numbers below a line of names. These files are Snakemake's: no digest tells whether one is whole."""
    try:
        names, values, _ = path.read_text(encoding="utf-8").split("\n")
        measured = dict(zip(names.split("\t"), values.split("\t"), strict=True))
        return {name: float("nan" if measured[name] == "NA" else measured[name]) for name in ("s", "max_rss")}
    except (ValueError, KeyError):
        raise quarantine(path, "not a benchmark file of Snakemake's, or truncated") from None


if __name__ == "__main__":
    with job(snakemake):
        collect_costs(
            jobs=snakemake.params.jobs,
            benchmark_paths=snakemake.input.benchmarks,
            count_paths=snakemake.input.counts,
            threads=snakemake.params.threads,
            costs_path=snakemake.output.costs,
        )
