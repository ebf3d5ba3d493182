"""Plot the images that each method chose or made."""

from finitecover import figures
from finitecover.arrays import load_records, pixels
from finitecover.jobs import job


def plot_images(set_paths, subsets, pdf_path, png_path):
    """One training set per row, in the order of `subsets`."""
    figures.style()
    sets = {}
    for name, path in zip(subsets, set_paths, strict=True):
        records = load_records(path)
        sets[name] = (pixels(records["image"]), records["label"])
    figures.save(figures.image_grid(sets), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_images(
            set_paths=snakemake.input.sets,
            subsets=snakemake.params.subsets,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
