"""Say of every model where its numbers lie, what made them, and how long that took."""

from hashlib import sha256
from pathlib import Path

import pandas as pd

from finitecover.arrays import load_csv, save_csv
from finitecover.jobs import job

MADE_BY = ("solve_cover", "select_coreset", "condense_dataset")


def collect_provenance(set_paths, accuracy_paths, runs, costs_path, provenance_path):
    """`runs` identifies the models, in the order of the paths; set_paths: their training sets.

    Columns beside what identifies a model: training_set and accuracies, files; sha256 of the latter; core-seconds of
    the jobs that made the set (missing for all images and for sets made elsewhere), trained and attacked.
    """
    costs = load_csv(costs_path)
    spent = {rule: dict(zip(rows["job"], rows["core_seconds"], strict=True)) for rule, rows in costs.groupby("rule")}
    made = {name: seconds for rule in MADE_BY for name, seconds in spent.get(rule, {}).items()}
    table = []
    for set_path, accuracy_path, run in zip(set_paths, accuracy_paths, runs, strict=True):
        subset, seed = "{dataset}/{subset}".format(**run), "seed{seed}".format(**run)
        model = "{}/{training}/{model}/{}".format(subset, seed, **run)
        row = run | {"training_set": set_path, "accuracies": accuracy_path, "sha256": _digest(accuracy_path)}
        row["set_core_seconds"] = made.get(subset, made.get(f"{subset}/{seed}"))
        row["train_core_seconds"], row["attack_core_seconds"] = (
            spent["train_model"][model],
            spent["attack_model"][model],
        )
        table.append(row)
    save_csv(provenance_path, pd.DataFrame(table))


def _digest(path):
    return sha256(Path(path).read_bytes()).hexdigest()


if __name__ == "__main__":
    with job(snakemake):
        collect_provenance(
            set_paths=snakemake.params.sets,
            accuracy_paths=snakemake.input.accuracies,
            runs=snakemake.params.runs,
            costs_path=snakemake.input.costs,
            provenance_path=snakemake.output.provenance,
        )
