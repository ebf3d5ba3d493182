"""Plot what is certified without being evaluated."""

from finitecover import figures
from finitecover.arrays import load_csv
from finitecover.jobs import job


def plot_certificates(table_path, pdf_path, png_path):
    """The table is that of certificates."""
    figures.style()
    figures.save(figures.certificates(load_csv(table_path)), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_certificates(
            table_path=snakemake.input.table,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
