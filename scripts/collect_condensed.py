"""One table of every condensed set: what clamping changed, the loss, what it took."""

from itertools import zip_longest

import pandas as pd

from finitecover.jobs.files import load_json
from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv, save_csv


def collect_condensed(runs, summary_paths, history_paths, condensed_path):
    """runs: dicts of dataset, training_set, seed (None of an imported set), in the order of the summaries; those that
    have a history come first.

    loss_first, loss_last: means over the first and the last stretch of the history.
    """
    rows = []
    for run, summary, history in zip_longest(runs, summary_paths, history_paths):
        row = dict(run)
        if history:
            loss = load_csv(history)["loss"]
            row |= {"loss_first": loss.iloc[0], "loss_last": loss.iloc[-1]}
        found = load_json(summary)
        rows.append(row | {key: value for key, value in found.items() if key != "notes"})
    save_csv(condensed_path, pd.DataFrame(rows))


if __name__ == "__main__":
    with job(snakemake):
        collect_condensed(
            runs=snakemake.params.runs,
            summary_paths=snakemake.input.summaries,
            history_paths=snakemake.input.histories,
            condensed_path=snakemake.output.condensed,
        )
