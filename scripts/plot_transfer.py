"""Plot accuracy under the adversarial images of every other model."""

from finitecover import figures
from finitecover.arrays import load_csv
from finitecover.jobs import job


def plot_transfer(table_path, pdf_path, png_path):
    """The table is that of transferred attacks."""
    figures.style()
    figures.save(figures.transfer(load_csv(table_path)), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_transfer(
            table_path=snakemake.input.table,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
