"""Join the benchmark files of every job into a table: rule, job, time, memory, passes through networks."""

from pathlib import Path

import pandas as pd

from finitecover.arrays import load_json, save_csv
from finitecover.integrity import set_aside
from finitecover.jobs import job

WITHOUT_NETWORK = {"download_dataset", "prepare_dataset", "solve_cover", "verify_cover", "trace_frontier"}
WITHOUT_NETWORK |= {"select_coreset"}


def collect_costs(benchmark_paths, summary_paths, threads, costs_path):
    """A benchmark lies at results/benchmarks/<rule>/<job>.tsv; `max_rss` is in MiB. threads: {rule: cores
    that its jobs ask for}; core_seconds are wall-clock seconds times those.

    images_seen, gradient_evaluations: images that went forward through a network and gradients that came back, one by
    one; as the jobs count them, 0 where a job has no network, missing where a job has one and does not count.
    """
    counted = {_job(path): load_json(path) for path in map(Path, summary_paths)}
    rows = []
    for path in map(Path, benchmark_paths):
        _, _, rule, *job = path.with_suffix("").parts
        measured = _read_benchmark(path)
        row = {"rule": rule, "job": "/".join(job), "threads": threads[rule]}
        row |= {"seconds": measured["s"], "core_seconds": measured["s"] * threads[rule]}
        row["max_rss_mib"] = measured["max_rss"]
        counts = counted.get((rule, row["job"]), {})
        for name in ("images_seen", "gradient_evaluations"):
            row[name] = counts.get(name, 0 if rule in WITHOUT_NETWORK else None)
        rows.append(row)
    costs = pd.DataFrame(rows)
    save_csv(costs_path, costs.astype({"images_seen": "Int64", "gradient_evaluations": "Int64"}))


def _read_benchmark(path):
    """A line of numbers below a line of names. These files are Snakemake's: no digest tells whether one is whole."""
    try:
        names, values, _ = path.read_text(encoding="utf-8").split("\n")
        measured = dict(zip(names.split("\t"), values.split("\t"), strict=True))
        return {name: float("nan" if measured[name] == "NA" else measured[name]) for name in ("s", "max_rss")}
    except (ValueError, KeyError):
        raise set_aside(path) from None


RULES = {
    "experts": "train_expert",
    "condensed": "condense_dataset",
    "models": "train_model",
    "attacks": "attack_model",
    "certificates": "certify_model",
}


def _job(summary):
    """(rule, job) that wrote a summary: a file named like the job, or one in a folder that is."""
    _, dataset, kind, *job = summary.with_suffix("").parts
    return RULES[kind], "/".join([dataset, *(job if kind == "experts" else job[:-1])])


if __name__ == "__main__":
    with job(snakemake):
        collect_costs(
            benchmark_paths=snakemake.input.benchmarks,
            summary_paths=snakemake.input.summaries,
            threads=snakemake.params.threads,
            costs_path=snakemake.output.costs,
        )
