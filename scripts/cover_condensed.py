"""Take condensed images as the centres of a cover: every image stands with the nearest one of its class."""

import numpy as np

from finitecover.covers.distances import represented_by
from finitecover.covers.free import cover_by, free_by_class
from finitecover.covers.tables import class_table
from finitecover.covers.verification import verify_stored
from finitecover.jobs.files import save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, pixels, save_arrays, save_records, training_set


def cover_condensed(train_path, condensed_path, settings, set_path, cover_path, classes_path):
    """Settings: norm, label_wise, given, centres, ipc, as of a cover with free centres."""
    records, condensed = load_records(train_path), load_records(condensed_path)
    points, labels = pixels(records["image"]), np.array(records["label"])

    def own(members, label):
        centres = pixels(condensed["image"][condensed["label"] == label])
        found = cover_by(members, centres.reshape(len(centres), -1), settings["norm"])
        log.info("class %d: radius %g, bound %g", label, found.radius, found.lower_bound)
        return found

    arrays, parts = free_by_class(points, labels, own)
    centres, own_labels = arrays.pop("centres"), arrays.pop("labels")
    weight, radii = represented_by(points, centres, arrays["assignment"], arrays["covered"])
    chosen = training_set(centres, own_labels, weight=weight, radii=radii)
    classes = class_table(parts, labels, labels, own_labels[arrays["assignment"]], settings["norm"], settings["ipc"])
    told = [{key: str(value) for key, value in row.items()} for row in classes]
    verify_stored(points, records, settings, arrays, chosen, told)
    save_records(set_path, chosen)
    save_arrays(cover_path, **arrays)
    save_rows(classes_path, classes)


if __name__ == "__main__":
    with job(snakemake):
        cover_condensed(
            train_path=snakemake.input.train,
            condensed_path=snakemake.input.condensed,
            settings=snakemake.params.settings,
            set_path=snakemake.output.train,
            cover_path=snakemake.output.cover,
            classes_path=snakemake.output.classes,
        )
