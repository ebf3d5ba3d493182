"""Say of every model where its numbers lie, what made them, and how long that took."""

from hashlib import sha256
from pathlib import Path

import pandas as pd

from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv, save_csv

SET = ["dataset", "training_set", "seed"]
MODEL = [*SET, "training", "model"]


def collect_provenance(set_paths, accuracy_paths, runs, makers, costs_path, provenance_path):
    """`runs` identifies the models, in the order of the paths; set_paths: their training sets; makers: rules that make
    training sets.

    Columns beside what identifies a model: training_set_file and accuracies, files; sha256 of the latter; core-seconds
    of the jobs that made the set (missing for all images and for sets made elsewhere), trained and attacked.
    """
    costs, table = load_csv(costs_path), pd.DataFrame(runs).drop(columns=["method", "ipc"])
    table = table.assign(training_set_file=list(set_paths), accuracies=list(accuracy_paths))
    table = table.assign(sha256=[sha256(Path(path).read_bytes()).hexdigest() for path in accuracy_paths])
    made = costs[costs["rule"].isin(makers)]
    seeded = _spent(made[made["seed"].notna()], SET, "seeded")
    shared = _spent(made[made["seed"].isna()], SET[:2], "shared")
    table = table.merge(seeded, on=SET, how="left").merge(shared, on=SET[:2], how="left")
    table["set_core_seconds"] = table.pop("seeded").fillna(table.pop("shared"))
    for name in ("train", "attack"):
        spent = _spent(costs[costs["rule"] == f"{name}_model"], MODEL, f"{name}_core_seconds")
        table = table.merge(spent, on=MODEL, how="left", validate="one_to_one")
    save_csv(provenance_path, table)


def _spent(costs, keys, name):
    """Core-seconds of jobs by what identifies them, as column `name`."""
    return costs[[*keys, "core_seconds"]].rename(columns={"core_seconds": name})


if __name__ == "__main__":
    with job(snakemake):
        collect_provenance(
            set_paths=snakemake.params.sets,
            accuracy_paths=snakemake.input.accuracies,
            runs=snakemake.params.runs,
            makers=snakemake.params.makers,
            costs_path=snakemake.input.costs,
            provenance_path=snakemake.output.provenance,
        )
