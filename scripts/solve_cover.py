"""Cover each class, or all points at once, verify cover and bounds, and write the centres as a training set."""

from finitecover.covers.groups import asked_for
from finitecover.covers.relaxed import checked_relaxations, relaxed_cover
from finitecover.covers.resources import cover_resources
from finitecover.covers.search import cover_and_steps, cover_with_radius, label_wise, represented
from finitecover.covers.verification import verify_stored
from finitecover.jobs.files import save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_array, load_records, pixels, save_arrays, save_records, training_set

ASKED = ("family", "given", "norm", "label_wise", "time_limit", "space", "ipc", "radius")  # of any cover


def solve_cover(train_path, features_path, settings, threads, mem_mb, set_path, cover_path, classes_path, steps_path):
    """Settings: norm, given, time_limit, label_wise, and ipc or radius; relaxations where they are asked for.

    features_path: of a space to choose in, or None. threads: classes at a time. mem_mb: for the job. Raises
    `ValueError` for a setting that no cover has.
    """
    records = load_records(train_path)
    points, labels = pixels(records["image"]), records["label"]
    groups, budget = asked_for(labels, settings)
    features = load_array(features_path) if features_path else None
    solve = _solver(settings, budget, groups, features, cover_resources(mem_mb, threads))
    learned = {}

    def solve_one(members, group):
        cover, learned[group] = solve(members, group)
        log.info(
            "%s: %d points, %d centres, radius %g, bound %g, %s",
            f"class {group}" if settings["label_wise"] else "all", len(members), len(cover.indices), cover.radius,
            cover.lower_bound, cover.status,
        )  # fmt: skip
        return cover

    cover, parts = label_wise(points, groups, solve_one, threads)
    weight, radii = represented(points, cover)
    chosen, centres = records[cover.indices], {"index": cover.indices, "weight": weight, "radii": radii}
    chosen = training_set(chosen["image"], chosen["label"], **centres)
    arrays = {key: getattr(cover, key) for key in ("indices", "assignment", "distances", "dual", "covered")}
    classes = _class_table(parts, groups, labels, cover, settings["norm"], budget is not None)
    told = [{key: str(value) for key, value in row.items()} for row in classes]
    verify_stored(points, records, settings, arrays, chosen, told)
    save_records(set_path, chosen)
    save_arrays(cover_path, **arrays)
    save_rows(classes_path, classes)
    save_rows(steps_path, [row for group in sorted(learned) for row in _step_rows(group, groups, learned[group])])


def _solver(settings, budget, groups, features, options):
    """A function of the points of a group and its name: (cover, what was learned of size against radius)."""
    norm, options = settings["norm"], options | {"time_limit": settings["time_limit"]}
    relaxations = checked_relaxations({key: value for key, value in settings.items() if key not in ASKED})

    def relaxed(members, group):
        where = None if features is None else features[groups == group]
        cover = relaxed_cover(members, budget, norm, features=where, **relaxations, **options)
        return cover, {"radius": [cover.distances.max()], "size": [budget], "lower_bound": [1]}

    def for_radius(members, group):
        cover = cover_with_radius(members, settings["radius"], norm, **options)
        bound = int(cover.lower_bound)
        return cover, {"radius": [settings["radius"]], "size": [len(cover.indices)], "lower_bound": [bound]}

    if relaxations or features is not None:
        return relaxed
    return for_radius if budget is None else lambda members, group: cover_and_steps(members, budget, norm, **options)


def _class_table(parts, groups, labels, cover, norm, bounds_radius):
    """One row per group: `bounds` says what the lower bound is on, `other_label` counts points whose centre has
    another label (possible in label-blind covers alone)."""
    strangers, rows = labels[cover.assignment] != labels, []
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
                "mean_distance": float(part.distances.mean()),
                "bounds": "radius" if bounds_radius else "size",
                "lower_bound": part.lower_bound,
                "certified_bound": part.certified_bound,
                "status": part.status,
                "other_label": int(strangers[members].sum()),
            }
        )
    return rows


def _step_rows(group, groups, steps):
    shared = {"label": group, "points": int((groups == group).sum())}
    columns = ("radius", "size", "lower_bound")
    return [
        shared | dict(zip(columns, step, strict=True)) for step in zip(*(steps[key] for key in columns), strict=True)
    ]


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
