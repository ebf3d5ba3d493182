"""Read a set from a file that a reference implementation or another study wrote and write it as a training set."""

import sys

from finitecover.condensation.exchange import load_condensed, load_images, load_indices
from finitecover.jobs.files import load_json, save_json
from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records, save_records, training_set


def import_set(imported_path, summary_path, train_path, name, settings, set_path, imported_summary_path):
    """Settings: format, experiment, normalisation: statistics the images were normalised by; absent: the data set's.

    train_path: of the training images, for places among them; name: of the data set.
    """
    dataset = load_json(summary_path) | settings.get("normalisation", {})
    clamping, notes = {}, []
    if settings["format"] == "indices":
        records = load_records(train_path)
        chosen = load_indices(imported_path, name, settings["training_set"], settings["experiment"], records["label"])
        found = training_set(records["image"][chosen], records["label"][chosen], index=chosen)
    elif settings["format"] == "npz":
        found = training_set(*load_images(imported_path, dataset))
    else:
        asked = (settings["format"], settings["experiment"], dataset)
        images, labels, clamping, notes = load_condensed(imported_path, *asked)
        found = training_set(images, labels)
    for note in notes:
        print(f"Note on {imported_path}: {note}", file=sys.stderr)
    save_records(set_path, found)
    save_json(imported_summary_path, clamping | {"notes": notes})


if __name__ == "__main__":
    with job(snakemake):
        import_set(
            imported_path=snakemake.input.condensed[0],
            summary_path=snakemake.input.summary,
            train_path=snakemake.input.get("train"),
            name=snakemake.wildcards.dataset,
            settings=snakemake.params.settings,
            set_path=snakemake.output.train,
            imported_summary_path=snakemake.output.summary,
        )
