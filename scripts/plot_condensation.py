"""Plot the loss of every condensation over its iterations, and the images of one as they change."""

from pathlib import Path

import pandas as pd

from finitecover import figures
from finitecover.arrays import load_records
from finitecover.jobs import job


def plot_condensation(history_paths, snapshot_paths, pdf_path, png_path):
    """Paths are those of the rule condense_dataset, results/<dataset>/condensed/<subset>/seed<n>/."""
    figures.style()
    histories = [
        pd.read_csv(path).assign(subset=Path(path).parts[-3], seed=Path(path).parts[-2]) for path in history_paths
    ]
    snapshots = {Path(path).parts[-3]: load_records(path) for path in snapshot_paths}
    figures.save(figures.condensation(pd.concat(histories), snapshots), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_condensation(
            history_paths=snakemake.input.histories,
            snapshot_paths=snakemake.input.snapshots,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
