"""Cover each class, verify cover and bound with separate code, and write the centres as a training set."""

import pandas as pd

from finitecover.arrays import load_records, pixels, save_arrays, save_csv, save_records, training_set
from finitecover.covers import cover_with_budget, cover_with_radius, label_wise, represented
from finitecover.jobs import log, logged
from finitecover.verification import verify_cover, verify_radius_bound, verify_size_bound


def solve_cover(train_path, settings, set_path, cover_path, classes_path):
    """Settings: norm, time_limit, and ipc or radius."""
    records = load_records(train_path)
    points, labels = pixels(records["image"]), records["label"]
    norm, limit = settings["norm"], settings.get("time_limit")

    def solve(members, label):
        if "radius" in settings:
            cover = cover_with_radius(members, settings["radius"], norm, limit)
            verify_size_bound(members, cover.dual, settings["radius"], cover.certified_bound, norm)
        else:
            cover = cover_with_budget(members, settings["ipc"], norm, limit)
            verify_radius_bound(members, cover.dual, settings["ipc"], cover.certified_bound, norm)
        log.info(
            "class %d: %d points, %d centres, radius %g, bound %g, %s",
            label, len(members), len(cover.indices), cover.radius, cover.lower_bound, cover.status,
        )  # fmt: skip
        return cover

    cover, parts = label_wise(points, labels, solve)
    radius = settings.get("radius", cover.radius)
    verify_cover(points, labels, cover.indices, cover.assignment, cover.distances, radius, norm)
    weight, radii = represented(points, cover)
    chosen = records[cover.indices]
    save_records(
        set_path,
        training_set(
            chosen["image"],
            chosen["label"],
            index=cover.indices,
            weight=weight,
            radius_l2=radii["l2"],
            radius_linf=radii["linf"],
        ),
    )
    save_arrays(
        cover_path, indices=cover.indices, assignment=cover.assignment, distances=cover.distances, dual=cover.dual
    )
    save_csv(classes_path, _class_table(parts, labels, norm, "radius" not in settings))


def _class_table(parts, labels, norm, bounds_radius):
    """One row per class; `bounds` says what the lower bound is on."""
    return pd.DataFrame(
        {
            "label": int(labels[part.indices[0]]),
            "norm": norm,
            "points": int((labels == labels[part.indices[0]]).sum()),
            "size": len(part.indices),
            "radius": part.radius,
            "mean_distance": part.distances.mean(),
            "bounds": "radius" if bounds_radius else "size",
            "lower_bound": part.lower_bound,
            "certified_bound": part.certified_bound,
            "status": part.status,
        }
        for part in parts
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        solve_cover(
            train_path=snakemake.input.train,
            settings=snakemake.params.settings,
            set_path=snakemake.output.train,
            cover_path=snakemake.output.cover,
            classes_path=snakemake.output.classes,
        )
