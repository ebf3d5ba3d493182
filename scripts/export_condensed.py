"""Write a condensed set in the file formats of the reference implementations."""

from finitecover.condensation.exchange import save_condensed
from finitecover.jobs.files import load_json
from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records, soft_labels_of


def export_condensed(set_path, summary_path, dc_path, mtt_images_path, mtt_labels_path):
    """Images are normalised by the data set's statistics, as the references' are; labels are a teacher's where the set
    has them."""
    records = load_records(set_path)
    soft = soft_labels_of(records)
    labels = records["label"] if soft is None else soft
    save_condensed(records["image"], labels, load_json(summary_path), dc_path, mtt_images_path, mtt_labels_path)


if __name__ == "__main__":
    with job(snakemake):
        export_condensed(
            set_path=snakemake.input.train,
            summary_path=snakemake.input.summary,
            dc_path=snakemake.output.dc,
            mtt_images_path=snakemake.output.mtt_images,
            mtt_labels_path=snakemake.output.mtt_labels,
        )
