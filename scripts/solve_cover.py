"""Cover each class, or all points at once, verify cover and bounds, and write the centres as a training set."""

import pandas as pd

from finitecover.arrays import load_array, load_records, pixels, save_arrays, save_csv, save_records, training_set
from finitecover.covers import cover_and_steps, cover_with_radius, label_wise, represented
from finitecover.jobs import cover_resources, job, log
from finitecover.relaxed import relaxed_cover
from finitecover.verification import asked_for, verify_claims


def solve_cover(train_path, features_path, settings, threads, mem_mb, set_path, cover_path, classes_path, steps_path):
    """Settings: norm, time_limit, label_wise, and ipc or radius; uncovered, slack, density where they are asked for.

    features_path: of a space to choose in, or None. threads: classes at a time. mem_mb: for the job.
    """
    records = load_records(train_path)
    points, labels = pixels(records["image"]), records["label"]
    groups, budget = asked_for(labels, settings)
    norm, radius = settings["norm"], settings.get("radius")
    options = cover_resources(mem_mb, threads) | {"time_limit": settings["time_limit"]}

    relaxed = {key: settings[key] for key in ("uncovered", "slack", "density") if key in settings}
    features, learned = load_array(features_path) if features_path else None, {}

    def solve(members, group):
        if relaxed or features is not None:
            where = None if features is None else features[groups == group]
            cover = relaxed_cover(members, budget, norm, features=where, **relaxed, **options)
            steps = {"radius": [cover.distances.max()], "size": [budget], "lower_bound": [1]}
        elif radius is None:
            cover, steps = cover_and_steps(members, budget, norm, **options)
        else:
            cover = cover_with_radius(members, radius, norm, **options)
            steps = {"radius": [radius], "size": [len(cover.indices)], "lower_bound": [int(cover.lower_bound)]}
        learned[group] = pd.DataFrame(steps).assign(label=group, points=len(members))
        log.info(
            "%s: %d points, %d centres, radius %g, bound %g, %s",
            f"class {group}" if settings["label_wise"] else "all", len(members), len(cover.indices), cover.radius,
            cover.lower_bound, cover.status,
        )  # fmt: skip
        return cover

    cover, parts = label_wise(points, groups, solve, threads)
    arrays = {key: getattr(cover, key) for key in ("indices", "assignment", "distances", "dual", "covered")}
    claims = {groups[part.indices[0]].item(): part.certified_bound for part in parts}
    verify_claims(points, groups, arrays, claims, norm, budget, radius, settings.get("uncovered", 0.0))
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
    save_arrays(cover_path, **arrays)
    strangers = labels[cover.assignment] != labels
    save_csv(classes_path, _class_table(parts, groups, strangers, norm, radius is None))
    steps = pd.concat([learned[group] for group in sorted(learned)])
    save_csv(steps_path, steps[["label", "points", "radius", "size", "lower_bound"]])


def _class_table(parts, groups, strangers, norm, bounds_radius):
    """One row per group: `bounds` says what the lower bound is on, `other_label` counts points whose centre has
    another label (possible in label-blind covers alone)."""
    rows = []
    for part in parts:
        members = groups == groups[part.indices[0]]
        rows.append(
            {
                "label": groups[part.indices[0]].item(),
                "norm": norm,
                "points": int(members.sum()),
                "covered": int(part.covered.sum()),
                "size": len(part.indices),
                "radius": part.radius,
                "mean_distance": part.distances.mean(),
                "bounds": "radius" if bounds_radius else "size",
                "lower_bound": part.lower_bound,
                "certified_bound": part.certified_bound,
                "status": part.status,
                "other_label": int(strangers[members].sum()),
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    with job(snakemake):
        solve_cover(
            train_path=snakemake.input.train,
            features_path=snakemake.input.get("features"),
            settings=snakemake.params.settings,
            threads=snakemake.threads,
            mem_mb=snakemake.resources.mem_mb,
            set_path=snakemake.output.train,
            cover_path=snakemake.output.cover,
            classes_path=snakemake.output.classes,
            steps_path=snakemake.output.steps,
        )
