"""Take synthetic images as the centres of a cover: every image stands with the nearest one of its class."""

import numpy as np

from finitecover.covers.free import cover_by
from finitecover.covers.stored import free_set, verified_classes
from finitecover.covers.verification import CoverError
from finitecover.jobs.files import save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, pixels, save_arrays, save_records


def cover_condensed(train_path, condensed_path, settings, set_path, cover_path, classes_path):
    """Settings: norm, label_wise, given, centres, ipc, as of a cover with free centres.

    Raises `CoverError` where a class has not as many images as `ipc` says.
    """
    records, condensed = load_records(train_path), load_records(condensed_path)
    for label in np.unique(records["label"]):
        found = np.count_nonzero(condensed["label"] == label)
        if found != settings["ipc"]:
            raise CoverError(f"class {label} has {found} synthetic images; ipc says {settings['ipc']}")
    points = pixels(records["image"])

    def own(members, label):
        centres = pixels(condensed["image"][condensed["label"] == label])
        found = cover_by(members, centres.reshape(len(centres), -1), settings["norm"])
        log.info("class %d: radius %g, bound %g", label, found.radius, found.lower_bound)
        return found

    chosen, arrays, parts = free_set(points, records["label"], own)
    classes = verified_classes(points, records, settings, chosen, arrays, parts)
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
