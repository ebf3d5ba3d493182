"""Plot a few test images with what the attacks made of them, model by model."""

from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records
from finitecover.reporting.figures.adversarial import adversarial
from finitecover.reporting.figures.style import save, style


def plot_adversarial(picture_paths, names, threat, pdf_path, png_path):
    """Names: pairs of training set and training, in the order of the paths; threat: (norm, eps) that is shown."""
    style()
    models = [(tuple(name), load_records(path)) for name, path in zip(names, picture_paths, strict=True)]
    save(adversarial(models, *threat), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_adversarial(
            picture_paths=snakemake.input.pictures,
            names=snakemake.params.names,
            threat=snakemake.params.threat,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
