"""One table of every condensed set: what clamping changed, the loss, what it took."""

import pandas as pd

from finitecover.jobs.files import load_json
from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv, save_csv


def collect_condensed(runs, condensed_path):
    """runs: dicts of dataset, training_set, seed (None of an imported set), summary and history (paths, or None).

    loss_first, loss_last: means over the first and the last stretch of the history.
    """
    rows = []
    for run in runs:
        row = {key: run[key] for key in ("dataset", "training_set", "seed")}
        if run["history"]:
            loss = load_csv(run["history"])["loss"]
            row |= {"loss_first": loss.iloc[0], "loss_last": loss.iloc[-1]}
        found = load_json(run["summary"])
        rows.append(row | {key: value for key, value in found.items() if key != "notes"})
    save_csv(condensed_path, pd.DataFrame(rows).astype({"seed": "Int64"}))


if __name__ == "__main__":
    with job(snakemake):
        collect_condensed(runs=snakemake.params.runs, condensed_path=snakemake.output.condensed)
