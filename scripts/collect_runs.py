"""Join the accuracies and the gates of every model into one tidy table each."""

import pandas as pd

from finitecover.arrays import load_csv, save_csv
from finitecover.configuration import split_subset
from finitecover.jobs import job

COLUMNS = ["dataset", "subset", "method", "ipc", "training", "model", "seed", "attack", "norm", "eps", "accuracy", "n"]
MEASURED = ["median_distance"]


def collect_runs(accuracy_paths, gate_paths, runs, runs_path, gates_path):
    """`runs` identifies the models, in the order of the paths."""
    save_csv(runs_path, _joined(accuracy_paths, runs)[COLUMNS + MEASURED])
    save_csv(gates_path, _joined(gate_paths, runs)[[*COLUMNS[:7], "gate", "passed", "value", "expected"]])


def _joined(paths, runs):
    tables = []
    for path, run in zip(paths, runs, strict=True):
        method, ipc = split_subset(run["subset"])
        tables.append(load_csv(path).assign(**run, method=method, ipc=ipc))
    return pd.concat(tables, ignore_index=True).astype({"ipc": "Int64"})


if __name__ == "__main__":
    with job(snakemake):
        collect_runs(
            accuracy_paths=snakemake.input.accuracies,
            gate_paths=snakemake.input.gates,
            runs=snakemake.params.runs,
            runs_path=snakemake.output.runs,
            gates_path=snakemake.output.gates,
        )
