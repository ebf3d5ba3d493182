"""Cover each class, or all points at once, verify cover and bounds, and write the centres as a training set."""

import numpy as np
from threadpoolctl import threadpool_limits

from finitecover.covers.free import free_cover, free_cover_with_radius
from finitecover.covers.groups import asked_for
from finitecover.covers.relaxed import checked_relaxations, relaxed_cover
from finitecover.covers.resources import cover_resources
from finitecover.covers.search import cover_and_steps, cover_with_radius, label_wise, represented
from finitecover.covers.stored import free_set, step_table, verified_classes
from finitecover.jobs.files import save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_array, load_records, pixels, save_arrays, save_records, training_set

ASKED = ("family", "given", "norm", "label_wise", "time_limit", "space", "ipc", "radius")  # of any cover


def solve_cover(train_path, features_path, settings, threads, mem_mb, set_path, cover_path, classes_path, steps_path):
    """Settings: norm, given, time_limit, label_wise, and ipc or radius; centres and power where they are free;
    relaxations where they are asked for.

    features_path: of a space to choose in, or None. threads: classes at a time. mem_mb: for the job. Raises
    `ValueError` for a setting that no cover has.
    """
    records = load_records(train_path)
    points, labels = pixels(records["image"]), records["label"]
    groups, budget = asked_for(labels, settings)
    learned = {}
    if settings.get("centres") == "free":
        solve = _told(_free_solver(settings, budget), settings, learned)
        with threadpool_limits(1):  # products and k-means differ in their last digits by the number of their threads
            chosen, arrays, parts = free_set(points, groups, solve, threads)
    else:
        features = load_array(features_path) if features_path else None
        solve = _solver(settings, budget, groups, features, cover_resources(mem_mb, threads))
        chosen, arrays, parts = _chosen_points(records, points, groups, _told(solve, settings, learned), threads)
    classes = verified_classes(points, records, settings, chosen, arrays, parts)
    save_records(set_path, chosen)
    save_arrays(cover_path, **arrays)
    save_rows(classes_path, classes)
    save_rows(steps_path, step_table(groups, learned))


def _chosen_points(records, points, groups, solve, threads):
    """(training set of the centres, arrays of the cover, covers of the groups) of covers by points."""
    cover, parts = label_wise(points, groups, solve, threads)
    weight, radii = represented(points, cover)
    chosen = records[cover.indices]
    chosen = training_set(chosen["image"], chosen["label"], index=cover.indices, weight=weight, radii=radii)
    arrays = {key: getattr(cover, key) for key in ("indices", "distances", "dual", "covered")}
    return chosen, arrays | {"assignment": np.searchsorted(cover.indices, cover.assignment)}, parts


def _told(solve, settings, learned):
    """A solver of groups that says what it found and keeps what it learned of size against radius by group."""

    def solve_one(members, group):
        cover, learned[group] = solve(members, group)
        log.info(
            "%s: %d points, %d centres, radius %g, bound %g, %s",
            f"class {group}" if settings["label_wise"] else "all", len(members), cover.size, cover.radius,
            cover.lower_bound, cover.status,
        )  # fmt: skip
        return cover

    return solve_one


def _free_solver(settings, budget):
    """A function of the points of a group and its name: (cover, what was learned of size against radius)."""
    norm, limit = settings["norm"], {"time_limit": settings["time_limit"]}

    def within_radius(members, group):
        cover = free_cover_with_radius(members, settings["radius"], norm, **limit)
        learned = {"radius": [settings["radius"]], "size": [len(cover.centres)], "lower_bound": [cover.lower_bound]}
        return cover, learned

    def of_power(members, group):
        power, uncovered = float(settings["power"]), settings.get("uncovered", 0.0)
        cover = free_cover(members, budget, power, norm, uncovered=uncovered, **limit)
        return cover, {"radius": [cover.radius], "size": [budget], "lower_bound": [1]}

    return within_radius if budget is None else of_power


def _solver(settings, budget, groups, features, options):
    """The same of covers by points."""
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
