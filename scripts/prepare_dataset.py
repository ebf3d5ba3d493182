"""Check a data set's arrays; write training and test images as memory-mappable sets, and a summary."""

import sys

import numpy as np

from finitecover.data import checks, notes
from finitecover.jobs.files import load_json, save_json
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_arrays, save_records, training_set


def prepare_dataset(dataset, raw_path, notes_path, normalisation, train_path, test_path, summary_path):
    """The summary holds what models need: shape, number of classes, mean and standard deviation per channel; names of
    classes, where they have some; and notes on what was left out, changed or may be wrong, which the terminal and the
    report show."""
    arrays, found = load_arrays(raw_path), load_json(notes_path)
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
    summary |= {"class_names": found["class_names"]} if found["class_names"] else {}
    told = found["notes"] + notes_on(arrays, (x_train, y_train, x_test, y_test), found["class_names"])
    for note in told:
        print(f"Note on {dataset}: {note}", file=sys.stderr)
    summary |= {"mean": mean, "std": std, "train": len(x_train), "test": len(x_test), "notes": told}
    save_json(summary_path, summary)


def notes_on(raw, checked, class_names):
    """Sentences on arrays as they came, {name: array}, and as `standardise` returns them; a folder's names of classes
    are those of which its reader has told what is absent."""
    x_train, y_train, x_test, y_test = checked
    found = [note for name in ("x_train", "x_test") for note in notes.on_channels(raw[name], name)]
    found += checks.suspicions(x_train, "x_train") + checks.suspicions(x_test, "x_test")
    found += [] if class_names else notes.on_absent_classes(y_test, y_train.max() + 1, "x_test")
    return found + notes.on_repeated_images(*checked)


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
