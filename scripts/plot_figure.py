"""Draw a figure that shows tables of the whole study."""

from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv
from finitecover.reporting.figures.registry import figure_of
from finitecover.reporting.figures.style import save, style


def plot_figure(figure, tables, study, pdf_path, png_path):
    """Figure: its name in `study.figures`; tables: {name: path}; study: as `registry` has it."""
    style()
    frames = {name: load_csv(path) for name, path in tables.items()}
    save(figure_of(figure, frames, study), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_figure(
            figure=snakemake.wildcards.figure,
            tables=dict(zip(snakemake.params.tables, snakemake.input.tables, strict=True)),
            study=snakemake.params.study,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
