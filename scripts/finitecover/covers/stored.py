"""What is stored of covers: a training set of the centres, arrays, a row per group of points, size against radius."""

import numpy as np

from finitecover.covers.distances import represented_by
from finitecover.covers.free import free_by_class
from finitecover.covers.groups import asked_for
from finitecover.covers.verification import verify_stored
from finitecover.jobs.records import training_set


def free_set(points, groups, solve, threads=1):
    """(training set of the centres, arrays of the cover, covers of the groups) of `free.free_by_class`."""
    cover, parts = free_by_class(points, groups, solve, threads)
    centres, labels = cover.pop("centres"), cover.pop("labels")
    weight, radii = represented_by(points, centres, cover["assignment"], cover["covered"])
    return training_set(centres, labels, weight=weight, radii=radii), cover, parts


def verified_classes(points, records, settings, chosen, arrays, parts):
    """The table of classes, `class_table`, once all that is stored has been verified: see `verify_stored`."""
    groups, budget = asked_for(records["label"], settings)
    centre_labels = chosen["label"][arrays["assignment"]]
    classes = class_table(parts, groups, records["label"], centre_labels, settings["norm"], budget)
    told = [{key: str(value) for key, value in row.items()} for row in classes]
    verify_stored(points, records, settings, arrays, chosen, told)
    return classes


def class_table(parts, groups, labels, centre_labels, norm, budget):
    """One row per group of points that was covered on its own; parts: their covers, in order of the groups.

    groups, labels (n,): of each point; centre_labels (n,): of the centre that each is assigned to. `bounds` says what
    the lower bound is on: the radius, or without a budget (None) the size. `other_label` counts points whose centre has
    another label (possible in label-blind covers alone).
    """
    rows = []
    for group, part in zip(np.unique(groups), parts, strict=True):
        members = groups == group
        rows.append(
            {
                "label": group.item(),
                "norm": norm,
                "points": int(members.sum()),
                "covered": int(part.covered.sum()),
                "size": part.size,
                "radius": part.radius,
                "mean_distance": float(part.distances.mean()),
                "bounds": "size" if budget is None else "radius",
                "lower_bound": part.lower_bound,
                "certified_bound": part.certified_bound,
                "status": part.status,
                "other_label": int((centre_labels != labels)[members].sum()),
            }
        )
    return rows


def step_table(groups, learned):
    """Size and lower bound by radius, a row per group and radius; learned: {group: dict of equally long lists}."""
    columns, rows = ("radius", "size", "lower_bound"), []
    for group in sorted(learned):
        shared = {"label": group, "points": int((groups == group).sum())}
        steps = zip(*(learned[group][key] for key in columns), strict=True)
        rows += [shared | dict(zip(columns, step, strict=True)) for step in steps]
    return rows
