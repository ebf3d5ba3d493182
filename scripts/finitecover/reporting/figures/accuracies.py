"""Figures of accuracies: against budget, size of perturbations and cost, and across networks."""

from fractions import Fraction

import numpy as np
import pandas as pd

from finitecover.reporting.figures.style import (
    LINES,
    NORM_NAMES,
    apart,
    chance_mark,
    failed_mark,
    heat_map,
    legend_below,
    log_ticks,
    panel_grid,
    panel_keys,
    panel_title,
    plt,
    point,
    tell_failed,
)
from finitecover.reporting.statistics import FAILED_MARK

PANEL = ["dataset", "measure", "eps"]
ASIDE, LETTER = 0.06, 0.018  # from a point to its name, in powers of ten; of a name's letter, in widths of a panel
REFERENCES = ("all images", "random images")  # families that every family is shown beside


def budgets(table, kinds, looks):
    """Worst-case accuracy of adversarially trained models against images per class, a panel per data set and norm, a
    line per method and training, named at its end; what has no budget is a level line.

    table: of `at_training_eps` and `with_gates`; kinds: {training: (kind, norm)}; looks: of `style`. Whiskers are 95 %
    intervals, grey crosses at chance.
    """
    robust = _against_own(table, kinds)
    panels = panel_keys(robust)
    groups = list(robust.groupby(panels, sort=False))
    figure, axes = panel_grid(len(groups), size=(4.2, 3.2))
    trainings = list(dict.fromkeys(robust["training"]))
    lines = dict(zip(trainings, LINES * len(kinds), strict=False))
    for axis, (panel, cells) in zip(axes, groups, strict=True):
        ends = []
        asked = sorted(cells["ipc"].dropna().astype(int).unique())
        shifts = _shifts(cells)
        for (method, training), rows in cells.groupby(["method", "training"], sort=False):
            look = {"color": looks.colour(method), "linestyle": lines[training], "linewidth": 1.1}
            rows = rows.sort_values("ipc")
            ends.append((method, 100 * rows["mean"].iloc[-1]))
            if rows["ipc"].isna().all():
                axis.axhline(100 * rows["mean"].iloc[0], **look)
                tell_failed(axis, rows["gate_failed"], [0.01] * len(rows), 100 * rows["mean"], level=True)
                continue
            places = rows["ipc"].astype(float) * shifts[method, training]
            axis.plot(places, 100 * rows["mean"], **look)
            for cell, place in zip(rows.itertuples(), places, strict=True):
                _draw_point(axis, cell, place, looks, 4.5)
        axis.set_xscale("log")
        axis.set_xticks(asked, [str(ipc) for ipc in asked])
        axis.minorticks_off()
        axis.set_ylim(0, min(100, 115 * cells["mean"].max() + 2))
        _name_ends(axis, ends, looks)
        _label_panel(axis, panel, "images per class")
    named = looks.named(robust["method"], linestyle="", markersize=5)
    named |= {name: {"color": "black", "linestyle": line} for name, line in lines.items()} if len(lines) > 1 else {}
    return legend_below(figure, named | chance_mark(robust, linestyle="") | failed_mark(robust))


def sizes(summary, kinds, attack, looks):
    """Accuracy under one attack against its size at a data set's largest budget: a row of panels per data set, norm and
    network, a column per family of methods beside all and random images; for the first pgd training of that norm and,
    dotted, standard training. Clean accuracy is shown at 0 where it is of as many images.

    summary: of `summarise` and `with_gates`; kinds: {training: (kind, norm)}; attack: name of the attack.
    """
    largest = summary.groupby("dataset")["ipc"].max()
    chosen = summary[summary["ipc"].isna() | summary["ipc"].eq(summary["dataset"].map(largest)).fillna(False)]
    attacked, clean = chosen[chosen["attack"] == attack], chosen[chosen["attack"] == "clean"]
    pairs = zip(attacked["training"], attacked["norm"], strict=True)
    attacked = attacked[[kinds[training] in (("standard", None), ("pgd", norm)) for training, norm in pairs]]
    attacked = attacked[attacked["training"].isin(_firsts(kinds))]
    rows = list(attacked.groupby(["dataset", "norm", "model"], sort=False))
    families = _families(attacked["method"], looks)
    size = (2.3 * len(families) + 0.6, 2.1 * len(rows) + 0.5)
    figure, axes = plt.subplots(
        len(rows), len(families), figsize=size, squeeze=False, sharey="row", sharex="row", layout="constrained"
    )
    for line, ((dataset, norm, network), cells) in zip(axes, rows, strict=True):
        for axis, family in zip(line, families, strict=True):
            shown = cells[[looks.families.get(name) in (family, *REFERENCES) for name in cells["method"]]]
            _draw_sizes(axis, shown, clean, kinds, family, looks)
            axis.set_title(family or "methods", fontsize=9)
            axis.set_xlabel(f"eps ({NORM_NAMES[norm]})")
        several = [network] if attacked["model"].nunique() > 1 else []
        per_class = [] if pd.isna(largest[dataset]) else [f"{largest[dataset]} per class"]
        told = [", ".join([dataset, *several]), *per_class, f"accuracy under {attack} (%)"]
        line[0].set_ylabel("\n".join(told), fontsize=8)
    styles = {"pgd": "-", "standard": ":"}
    used = {kinds[training][0] for training in attacked["training"]}
    named = looks.named(attacked["method"], markersize=5)
    named |= {kind: {"color": "black", "linestyle": style} for kind, style in styles.items() if kind in used}
    return legend_below(figure, named | chance_mark(attacked, linestyle="") | failed_mark(attacked))


def costs(table, kinds, seconds, looks):
    """Worst-case accuracy after pgd training against the seconds that making the training set took, a panel per data
    set, norm and budget, names at the points; the level line is all images, grey crosses are at chance.

    table: of `at_training_eps` and `with_gates`; kinds: {training: (kind, norm)}; seconds: {(dataset,
    training_set): of one core}.
    """
    robust = _against_own(table, kinds)
    robust = robust[[kinds[name][0] == "pgd" for name in robust["training"]]]
    robust = robust[robust["training"].isin(_firsts(kinds))]
    groups, panels = list(robust.groupby(panel_keys(robust), sort=False)), []
    for panel, cells in groups:
        asked = cells["ipc"].dropna().drop_duplicates().sort_values().tolist()
        panels += [
            (panel, ipc, cells[cells["ipc"].isna() | cells["ipc"].eq(ipc).fillna(False)]) for ipc in asked or [None]
        ]
    figure, axes = panel_grid(len(panels), size=(4.0, 3.2), columns=2 if len(panels) > len(groups) else 3)
    for axis, (panel, ipc, cells) in zip(axes, panels, strict=True):
        names, places, levels = [], [], []
        for cell in cells.itertuples():
            spent = seconds.get((cell.dataset, cell.training_set))
            if spent is None:
                axis.axhline(100 * cell.mean, color=looks.colour(cell.method), linewidth=1.1)
                tell_failed(axis, [cell.gate_failed], [0.01], [100 * cell.mean], level=True)
                levels.append(100 * cell.mean)
                continue
            _draw_point(axis, cell._replace(gate_failed=False), spent, looks, 5)
            names.append(cell.method + FAILED_MARK * cell.gate_failed)
            places.append((spent, 100 * cell.mean))
        axis.set_xscale("log")
        log_ticks(axis.xaxis)
        axis.set_ylim(0, min(100, 115 * cells["mean"].max() + 2))
        axis.margins(x=0.25)
        _name_points(axis, names, places, levels)
        _label_panel(
            axis, panel, "core-seconds for one training set (log)", [] if ipc is None else [f"{ipc} per class"]
        )
    named = looks.named(robust["method"])
    named = {label: {"linestyle": "", "markersize": 5, **look} for label, look in named.items()}
    if "full" in named:
        named["full"] = {"color": looks.colour("full")}
    return legend_below(figure, named | chance_mark(robust, linestyle="") | failed_mark(robust))


def architectures(table, kinds):
    """Heat maps of worst-case accuracy after adversarial training in percent: rows are training sets and trainings,
    columns networks, a panel per data set and norm.

    table: of `at_training_eps` and `with_gates`; kinds: {training: (kind, norm)}.
    """
    robust = _against_own(table, kinds)
    robust = robust.assign(row=robust["training_set"] + ", " + robust["training"])
    rows, columns = robust.groupby(PANEL)["row"].nunique().max(), robust["model"].nunique()
    groups = list(robust.groupby(PANEL, sort=False))
    figure, axes = panel_grid(len(groups), size=(0.75 * columns + 2.6, 0.28 * rows + 0.8))
    for axis, (panel, cells) in zip(axes, groups, strict=True):
        names = [list(dict.fromkeys(cells[key])) for key in ("row", "model")]
        shares, grey, failed = (
            cells.pivot(index="row", columns="model", values=name).loc[names[0], names[1]]
            for name in ("mean", "at_chance", "gate_failed")
        )
        heat_map(axis, shares, grey=grey.eq(True), failed=failed.eq(True))
        _label_panel(axis, panel, "")
        axis.set_ylabel("")
    return figure


def _firsts(kinds):
    """The first training of each kind and norm: the others would be lines of the same look."""
    return [name for name, kind in kinds.items() if name == next(other for other in kinds if kinds[other] == kind)]


def _families(methods, looks):
    """The families that have panels of their own; where there are none but references, one panel for these."""
    known = [looks.families.get(name) for name in looks.sorted(methods)]
    return list(dict.fromkeys(family for family in known if family not in REFERENCES)) or [REFERENCES[0]]


def _shifts(cells):
    """{(method, training): factor} that keeps the whiskers of lines apart on a logarithmic axis."""
    lines = list(cells[["method", "training"]].drop_duplicates().itertuples(index=False, name=None))
    return dict(zip(lines, np.geomspace(0.94, 1.06, len(lines)) if len(lines) > 1 else [1.0], strict=True))


def _draw_point(axis, cell, place, looks, size):
    """A cell's marker and its 95 % interval, which ends at 0 and 100 at the latest."""
    look = point(cell, looks, markersize=size)
    if np.isfinite(cell.low):
        ends = np.clip([100 * cell.low, 100 * cell.high], 0, 100)
        axis.plot([place, place], ends, color=look["color"], linewidth=0.8, alpha=0.5)
    axis.plot(place, 100 * cell.mean, **look)
    tell_failed(axis, [cell.gate_failed], [place], [100 * cell.mean])


def _name_ends(axis, ends, looks):
    """Names of methods at the right of a panel, each beside the end of its line."""
    ends = list(dict(ends).items())
    gap = 0.045 * np.diff(axis.get_ylim())[0]
    for (method, _), height in zip(ends, apart([height for _, height in ends], gap), strict=True):
        look = {"color": looks.colour(method), "fontsize": 7, "va": "center"}
        axis.text(1.02, height, method, transform=axis.get_yaxis_transform(), **look)


def _name_points(axis, names, places, levels):
    """Names beside points, moved up or down where a name, a point or a level line is in the way."""
    low, high = axis.get_ylim()
    left, right = np.log10(axis.get_xlim())
    gap, taken = 0.05 * (high - low), []
    for name, (place, height) in sorted(zip(names, places, strict=True), key=lambda named: named[1]):
        found = []  # free places: how far from the point, height, side
        for side in (1, -1):
            start = np.log10(place) + side * ASIDE
            near, far = sorted((start, start + side * LETTER * len(name) * (right - left)))
            blocked = [at for ends, at in taken if ends[0] < far and near < ends[1]]
            blocked += [at for other, at in places if near - ASIDE < np.log10(other) < far + ASIDE and other != place]
            blocked += [at for other, at in places if other == place and at != height] + levels
            moves = (height + sign * step * gap / 2 for step in range(2 * len(blocked) + 2) for sign in (1, -1))
            free = (at for at in moves if low <= at <= high and all(abs(at - other) >= gap for other in blocked))
            inside = left <= near and far <= right
            found += [(not inside, abs(at - height), at, side, near, far) for at in [next(free, height)]]
        _, _, moved, side, near, far = min(found, key=lambda place: place[:2])
        taken.append(((near, far), moved))
        arrow = {"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0, "shrinkB": 2}
        at = {"xytext": (10 ** (near if side > 0 else far), moved), "ha": "left" if side > 0 else "right"}
        at |= {"textcoords": "data", "fontsize": 6.5, "va": "center"}
        axis.annotate(name, (place, height), arrowprops=arrow if moved != height else None, **at)


def _draw_sizes(axis, attacked, clean, kinds, family, looks):
    styles = {"pgd": "-", "standard": ":"}
    keys = ["dataset", "training_set", "training", "model"]
    for (method, training), rows in attacked.groupby(["method", "training"], sort=False):
        own = (clean[keys] == rows[keys].iloc[0]).all(axis=1) & clean["n_images"].eq(rows["n_images"].max())
        line = pd.concat([clean[own], rows])
        line = line.assign(size=[float(Fraction(eps)) for eps in line["eps"]]).sort_values("size")
        width = 1.1 if looks.families.get(method) == family else 0.7
        look = {"linestyle": styles[kinds[training][0]], "color": looks.colour(method), "linewidth": width}
        axis.plot(line["size"], 100 * line["mean"], **look)
        for cell in line.itertuples():
            axis.plot(cell.size, 100 * cell.mean, **point(cell, looks, markersize=3.5))
        tell_failed(axis, line["gate_failed"], line["size"], 100 * line["mean"])
    texts = list(attacked["eps"].drop_duplicates())
    texts = ["0", *texts] if clean["n_images"].isin(attacked["n_images"]).any() else texts
    axis.set_xticks([float(Fraction(text)) for text in texts], texts)


def _against_own(table, kinds):
    """Rows of `at_training_eps` that measure models in the norm that they were trained against."""
    return table[[kinds[name][1] == norm for name, norm in zip(table["training"], table["measure"], strict=True)]]


def _label_panel(axis, panel, below, more=()):
    axis.set_title(", ".join([panel_title(panel), *more]), fontsize=9)
    axis.set_xlabel(below)
    axis.set_ylabel("robust accuracy (%)")
