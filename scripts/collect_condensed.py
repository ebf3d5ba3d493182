"""One table of every condensed set: what clamping changed, the loss, what it took."""

from pathlib import Path

import pandas as pd

from finitecover.arrays import load_json, save_csv
from finitecover.jobs import job


def collect_condensed(summary_paths, condensed_path):
    """A summary lies at results/<dataset>/condensed/<subset>/seed<n>/, beside its history, or at
    results/<dataset>/imported/<subset>/, where there is none.

    loss_first, loss_last: means over the first and the last stretch of the history.
    """
    rows = []
    for path in map(Path, summary_paths):
        _, dataset, _, subset, *seed = path.parent.parts
        row = {"dataset": dataset, "subset": subset, "seed": int(seed[0].removeprefix("seed")) if seed else None}
        history = path.with_name("history.csv")
        if seed:
            loss = pd.read_csv(history)["loss"]
            row |= {"loss_first": loss.iloc[0], "loss_last": loss.iloc[-1]}
        rows.append(row | load_json(path))
    save_csv(condensed_path, pd.DataFrame(rows).astype({"seed": "Int64"}))


if __name__ == "__main__":
    with job(snakemake):
        collect_condensed(summary_paths=snakemake.input.summaries, condensed_path=snakemake.output.condensed)
