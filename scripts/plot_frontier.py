"""Plot size against radius of covers with their lower bounds."""

import pandas as pd

from finitecover import figures
from finitecover.jobs import job


def plot_frontier(frontier_paths, datasets, norm, pdf_path, png_path):
    """One table per data set, in the order of `datasets`."""
    figures.style()
    tables = {name: pd.read_csv(path) for name, path in zip(datasets, frontier_paths, strict=True)}
    figures.save(figures.frontier(tables, norm), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_frontier(
            frontier_paths=snakemake.input.frontiers,
            datasets=snakemake.params.datasets,
            norm=snakemake.params.norm,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
