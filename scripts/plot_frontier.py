"""Plot size against radius of covers with their lower bounds."""

import pandas as pd

from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv
from finitecover.reporting.figures.covers import frontier
from finitecover.reporting.figures.style import save, style


def plot_frontier(frontier_paths, datasets, norm, pdf_path, png_path):
    """Tables of size against radius; datasets: which one each of them is about."""
    style()
    tables = [load_csv(path).assign(dataset=name) for name, path in zip(datasets, frontier_paths, strict=True)]
    tables = dict(list(pd.concat(tables).groupby("dataset", sort=False)))
    save(frontier(tables, norm), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_frontier(
            frontier_paths=snakemake.input.frontiers,
            datasets=snakemake.params.datasets,
            norm=snakemake.params.norm,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
