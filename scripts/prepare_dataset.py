"""Check a data set's arrays; write training and test images as memory-mappable sets, and a summary."""

import sys

import numpy as np

from finitecover.data import checks
from finitecover.jobs.files import load_json, save_json
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_arrays, save_records, training_set


def prepare_dataset(dataset, raw_path, notes_path, normalisation, train_path, test_path, summary_path):
    """The summary holds what models need: shape, number of classes, mean and standard deviation per channel; and notes
    on what was left out, changed or may be wrong, which the terminal and the report show."""
    arrays = load_arrays(raw_path)
    try:
        x_train, y_train, x_test, y_test = checks.standardise(**arrays)
    except checks.DataError as error:
        raise checks.DataError(f"{dataset}: {error}") from error
    mean, std = checks.channel_statistics(x_train)
    if normalisation:
        mean, std = normalisation["mean"], normalisation["std"]
        if len(mean) != x_train.shape[1] or len(std) != x_train.shape[1]:
            raise checks.DataError(
                f"datasets.{dataset}.normalisation: needs {x_train.shape[1]} values, one per channel"
            )
    if min(std) == 0:
        raise checks.DataError(f"{dataset}: a channel is constant over the whole training set")
    sizes = np.bincount(y_train)
    log.info(
        "%d images of shape %s, classes of %d to %d images", len(x_train), x_train.shape[1:], sizes.min(), sizes.max()
    )
    save_records(train_path, training_set(x_train, y_train, index=np.arange(len(x_train))))
    save_records(test_path, training_set(x_test, y_test, index=np.arange(len(x_test))))
    summary = {"shape": list(x_train.shape[1:]), "classes": len(sizes), "class_sizes": sizes.tolist()}
    notes = load_json(notes_path) + checks.suspicions(x_train, "x_train") + checks.suspicions(x_test, "x_test")
    for note in notes:
        print(f"Note on {dataset}: {note}", file=sys.stderr)
    summary |= {"mean": mean, "std": std, "train": len(x_train), "test": len(x_test), "notes": notes}
    save_json(summary_path, summary)


if __name__ == "__main__":
    with job(snakemake):
        prepare_dataset(
            dataset=snakemake.wildcards.dataset,
            raw_path=snakemake.input.raw,
            notes_path=snakemake.input.notes,
            normalisation=snakemake.params.normalisation,
            train_path=snakemake.output.train,
            test_path=snakemake.output.test,
            summary_path=snakemake.output.summary,
        )
