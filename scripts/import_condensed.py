"""Read a condensed set that a reference implementation wrote and write it as a training set."""

from finitecover.arrays import load_json, save_json, save_records, training_set
from finitecover.exchange import load_condensed
from finitecover.jobs import job


def import_condensed(condensed_path, summary_path, settings, normalisation, set_path, condensed_summary_path):
    """Settings: format, experiment. normalisation: statistics the images were normalised by; None: the data set's."""
    dataset = load_json(summary_path) | (normalisation or {})
    images, labels, clamping = load_condensed(condensed_path, settings["format"], settings["experiment"], dataset)
    save_records(set_path, training_set(images, labels))
    save_json(condensed_summary_path, clamping)


if __name__ == "__main__":
    with job(snakemake):
        import_condensed(
            condensed_path=snakemake.input.condensed,
            summary_path=snakemake.input.summary,
            settings=snakemake.params.settings,
            normalisation=snakemake.params.normalisation,
            set_path=snakemake.output.train,
            condensed_summary_path=snakemake.output.summary,
        )
