"""What is written of a cover beside its arrays: a row per group of points, and size against radius."""

import numpy as np


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
