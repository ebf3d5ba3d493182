"""Read a condensed set that a reference implementation wrote and write it as a training set."""

import sys

from finitecover.condensation.exchange import load_condensed
from finitecover.jobs.files import load_json, save_json
from finitecover.jobs.harness import job
from finitecover.jobs.records import save_records, training_set


def import_condensed(condensed_path, summary_path, settings, set_path, condensed_summary_path):
    """Settings: format, experiment, normalisation: statistics the images were normalised by; absent: the data set's."""
    dataset = load_json(summary_path) | settings.get("normalisation", {})
    asked = (settings["format"], settings["experiment"], dataset)
    images, labels, clamping, notes = load_condensed(condensed_path, *asked)
    for note in notes:
        print(f"Note on {condensed_path}: {note}", file=sys.stderr)
    save_records(set_path, training_set(images, labels))
    save_json(condensed_summary_path, clamping | {"notes": notes})


if __name__ == "__main__":
    with job(snakemake):
        import_condensed(
            condensed_path=snakemake.input[0],
            summary_path=snakemake.input.summary,
            settings=snakemake.params.settings,
            set_path=snakemake.output.train,
            condensed_summary_path=snakemake.output.summary,
        )
