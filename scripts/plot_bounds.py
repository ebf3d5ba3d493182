"""Plot the generalised adversarial loss on covers beside the adversarial loss on all images, over training."""

from finitecover import figures
from finitecover.arrays import load_csv
from finitecover.jobs import job


def plot_bounds(table_path, pdf_path, png_path):
    """The table is that of bounds."""
    figures.style()
    figures.save(figures.bounds(load_csv(table_path)), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_bounds(
            table_path=snakemake.input.table,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
