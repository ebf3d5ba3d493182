"""Plot clean against robust accuracy at the headline sizes."""

from finitecover import figures
from finitecover.arrays import load_csv
from finitecover.jobs import job
from finitecover.statistics import headline_table


def plot_tradeoff(summary_path, headline, pdf_path, png_path):
    """Headline: the size of perturbation per data set and norm."""
    figures.style()
    table = headline_table(load_csv(summary_path), headline)
    figures.save(figures.tradeoff(table), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_tradeoff(
            summary_path=snakemake.input.summary,
            headline=snakemake.params.headline,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
