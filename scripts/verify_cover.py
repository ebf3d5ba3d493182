"""Read a stored cover and check, with the verifier's code alone, that it is what training and tables take it for."""

from finitecover.covers.verification import verify_stored
from finitecover.jobs.files import load_rows, save_rows
from finitecover.jobs.harness import job
from finitecover.jobs.records import load_arrays, load_records, pixels


def verify_cover(train_path, set_path, cover_path, classes_path, settings, verified_path):
    """Settings: norm, label_wise, ipc or radius, uncovered, as asked for; nothing of the solver's is trusted."""
    records = load_records(train_path)
    stored = (load_arrays(cover_path), load_records(set_path), load_rows(classes_path))
    save_rows(verified_path, verify_stored(pixels(records["image"]), records, settings, *stored))


if __name__ == "__main__":
    with job(snakemake):
        verify_cover(
            train_path=snakemake.input.train,
            set_path=snakemake.input.chosen,
            cover_path=snakemake.input.cover,
            classes_path=snakemake.input.classes,
            settings=snakemake.params.settings,
            verified_path=snakemake.output.verified,
        )
