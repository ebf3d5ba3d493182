"""Plot the images that each method chose or made."""

from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records, pixels
from finitecover.reporting.figures.covers import image_grid
from finitecover.reporting.figures.style import save, style


def plot_images(set_paths, names, pdf_path, png_path):
    """One training set per row; names: of the sets, in the order of the paths."""
    style()
    sets = {name: load_records(path) for name, path in zip(names, set_paths, strict=True)}
    shown = {name: (pixels(records["image"]), records["label"]) for name, records in sets.items()}
    save(image_grid(shown), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_images(
            set_paths=snakemake.input.sets,
            names=snakemake.params.names,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
