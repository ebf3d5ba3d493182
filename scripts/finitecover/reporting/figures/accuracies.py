"""Figures of accuracies: clean against robust, against budget, eps and cost, and across networks."""

from fractions import Fraction

import numpy as np
import pandas as pd

from finitecover.reporting.figures.style import (
    AT_CHANCE,
    FILLINGS,
    LINES,
    NORM_NAMES,
    OPEN,
    budget_marks,
    chance_mark,
    colour_of,
    failed_mark,
    heat_map,
    marker_size,
    mpl,
    palette,
    panel_grid,
    tell_failed,
    with_legend,
)

PANEL = ["dataset", "measure", "eps"]


def tradeoff(table, kinds, order=()):
    """Clean against worst-case accuracy, a panel per data set and norm, for every training; 95 % intervals as crosses,
    budgets as sizes of markers, trainings as their fillings, grey at chance.

    table: of `at_training_eps` and `with_gates`; kinds: {training: (kind, norm)}. A panel has the trainings of
    its norm and those of none, or, where there are no such, all.
    """
    both = _with_clean(table)
    panels = _panel_keys(both)
    figure, axes = panel_grid(both, panels, size=(3.6, 3.3))
    colours, markers = palette(list(dict.fromkeys(both["method"])), order)
    others = [name for name, (kind, _) in kinds.items() if kind != "standard"]
    fillings = dict.fromkeys(kinds, OPEN) | dict(zip(others, FILLINGS * len(others), strict=False))
    for axis, (panel, cells) in zip(axes, both.groupby(panels, sort=False), strict=True):
        of_norm = [name for name, (_, norm) in kinds.items() if norm in (panel[1], None)]
        if cells["training"].isin(of_norm).any():
            cells = cells[cells["training"].isin(of_norm)]
        _draw_cells(axis, cells, colours, markers, fillings)
        _label_panel(axis, panel, "clean accuracy (%)")
        tell_failed(axis, cells["gate_failed"], 100 * cells["mean_clean"], 100 * cells["mean"])
        # Limits from the points: a few seeds can have intervals wider than the page.
        for limit, values in ((axis.set_xlim, cells["mean_clean"]), (axis.set_ylim, cells["mean"])):
            limit(100 * values.min() - 4, 100 * values.max() + 4)
    named = {name: {"marker": markers[name], "color": colours[name], "markersize": 7} for name in colours}
    open_ = {"marker": "o", "color": "black", "markerfacecoloralt": "white", "markersize": 7}
    named |= {training: open_ | {"fillstyle": fillings[training]} for training in dict.fromkeys(both["training"])}
    named |= budget_marks(sorted(both["ipc"].dropna().unique())) | chance_mark(both, markersize=7) | failed_mark(both)
    return with_legend(figure, {label: {"linestyle": "", **look} for label, look in named.items()})


def budgets(table, kinds, order=()):
    """Worst-case accuracy of adversarially trained models against images per class, a panel per data set and norm;
    what has no budget, all images or as many as a radius needs, is a level line.

    table: of `at_training_eps` and `with_gates`; kinds: {training: (kind, norm)}. Bands are 95 % intervals,
    grey markers at chance.
    """
    robust = _against_own(table, kinds)
    panels = _panel_keys(robust)
    figure, axes = panel_grid(robust, panels, size=(3.6, 3.0))
    colours, markers = palette(list(dict.fromkeys(robust["method"])), order)
    lines = dict(zip([name for name, kind in kinds.items() if kind[1]], LINES * len(kinds), strict=False))
    for axis, (panel, cells) in zip(axes, robust.groupby(panels, sort=False), strict=True):
        for (method, training), rows in cells.groupby(["method", "training"], sort=False):
            look = {"color": colours[method], "linestyle": lines[training], "linewidth": 1.1}
            if rows["ipc"].isna().all():
                axis.axhline(100 * rows["mean"].iloc[0], **look)
                tell_failed(axis, rows["gate_failed"], [0.01] * len(rows), 100 * rows["mean"], level=True)
                continue
            rows = rows.sort_values("ipc")
            places = rows["ipc"].astype(float)
            axis.plot(places, 100 * rows["mean"], marker=markers[method], markersize=5, **look)
            axis.fill_between(places, 100 * rows["low"], 100 * rows["high"], color=colours[method], alpha=0.07, lw=0)
            _grey_at_chance(axis, rows, places, markers[method], 5)
            tell_failed(axis, rows["gate_failed"], places, 100 * rows["mean"])
        asked = sorted(cells["ipc"].dropna().unique())
        axis.set_xscale("log")
        axis.set_xticks(asked, [str(ipc) for ipc in asked])
        axis.minorticks_off()
        axis.set_ylim(0, 100 * cells["mean"].max() + 6)
        _label_panel(axis, panel, "images per class")
    named = {name: {"marker": markers[name], "color": colours[name], "markersize": 6} for name in colours}
    used = [name for name in lines if name in set(robust["training"])]
    named |= {training: {"color": "black", "linestyle": lines[training]} for training in used}
    named |= chance_mark(robust, markersize=6, linestyle="") | failed_mark(robust)
    return with_legend(figure, named)


def sizes(summary, kinds, attack, order=()):
    """Accuracy under one attack against its size, eps = 0 being clean, at the largest budget; a panel per data set and
    norm, for the first pgd training of that norm and, dotted, standard training.

    summary: of `summarise` and `with_gates`; kinds: {training: (kind, norm)}; attack: name of the attack.
    """
    ipc = summary["ipc"].max()
    chosen = summary[summary["ipc"].isna() | (summary["ipc"] == ipc)]
    attacked, clean = chosen[chosen["attack"] == attack], chosen[chosen["attack"] == "clean"]
    pairs = zip(attacked["training"], attacked["norm"], strict=True)
    attacked = attacked[[kinds[training] in (("standard", None), ("pgd", norm)) for training, norm in pairs]]
    attacked = attacked[attacked["training"].isin(_firsts(kinds))]
    panels = ["dataset", "norm", "model"]
    figure, axes = panel_grid(attacked, panels, size=(3.6, 3.0))
    colours, markers = palette(list(dict.fromkeys(chosen["method"])), order)
    several, styles = attacked["model"].nunique() > 1, {"pgd": "-", "standard": ":"}
    for axis, ((dataset, norm, network), rows) in zip(axes, attacked.groupby(panels, sort=False), strict=True):
        same = (clean["dataset"] == dataset) & (clean["model"] == network) & clean["training"].isin(rows["training"])
        for (method, training), line in pd.concat([clean[same], rows]).groupby(["method", "training"], sort=False):
            line = line.assign(size=[float(Fraction(eps)) for eps in line["eps"]]).sort_values("size")
            look = {
                "linestyle": styles[kinds[training][0]],
                "color": colours[method],
                "linewidth": 1.1,
            }
            axis.plot(line["size"], 100 * line["mean"], marker=markers[method], markersize=4, **look)
            _grey_at_chance(axis, line, line["size"], markers[method], 4)
            tell_failed(axis, line["gate_failed"], line["size"], 100 * line["mean"])
        texts = ["0", *rows["eps"].drop_duplicates()]
        axis.set_xticks([float(Fraction(text)) for text in texts], texts)
        named = [dataset] + [network] * several + [NORM_NAMES[norm]] + ([] if pd.isna(ipc) else [f"{ipc} per class"])
        axis.set_title(", ".join(named))
        axis.set_xlabel("eps")
        axis.set_ylabel(f"accuracy under {attack} (%)")
    named = {name: {"marker": markers[name], "color": colours[name], "markersize": 6} for name in colours}
    used = {kinds[training][0] for training in attacked["training"]}
    named |= {kind: {"color": "black", "linestyle": style} for kind, style in styles.items() if kind in used}
    named |= chance_mark(attacked, markersize=6, linestyle="") | failed_mark(attacked)
    return with_legend(figure, named)


def costs(table, kinds, seconds, order=()):
    """Worst-case accuracy after pgd training against the seconds that making the training set took, a panel per data
    set and norm; the level line is all images.

    table: of `at_training_eps` and `with_gates`; kinds: {training: (kind, norm)}; seconds: {(dataset,
    training_set): of one core}.
    """
    robust = _against_own(table, kinds)
    robust = robust[[kinds[name][0] == "pgd" for name in robust["training"]]]
    robust = robust[robust["training"].isin(_firsts(kinds))]
    panels = _panel_keys(robust)
    figure, axes = panel_grid(robust, panels, size=(3.6, 3.0))
    colours, markers = palette(list(dict.fromkeys(robust["method"])), order)
    asked = sorted(robust["ipc"].dropna().unique())
    for axis, (panel, cells) in zip(axes, robust.groupby(panels, sort=False), strict=True):
        for cell in cells.itertuples():
            spent = seconds.get((cell.dataset, cell.training_set))
            if spent is None:
                axis.axhline(100 * cell.mean, color=colours[cell.method], linewidth=1.1)
                tell_failed(axis, [cell.gate_failed], [0.01], [100 * cell.mean], level=True)
                continue
            colour, marker = colour_of(cell, colours), markers[cell.method]
            spread = _spread(cell) if np.isfinite(cell.low) else None
            axis.errorbar(spent, 100 * cell.mean, yerr=spread, color=(*mpl.colors.to_rgb(colour), 0.35), elinewidth=0.8)
            size = marker_size(cell.ipc, asked)
            axis.plot(spent, 100 * cell.mean, linestyle="", marker=marker, color=colour, markersize=size)
            tell_failed(axis, [cell.gate_failed], [spent], [100 * cell.mean])
        axis.set_xscale("log")
        axis.set_ylim(0, 100 * cells["mean"].max() + 6)
        _label_panel(axis, panel, "core-seconds for one training set")
    named = {name: {"marker": markers[name], "color": colours[name], "markersize": 7} for name in colours}
    named |= budget_marks(asked) | chance_mark(robust, markersize=7) | failed_mark(robust)
    return with_legend(figure, {label: {"linestyle": "", **look} for label, look in named.items()})


def architectures(table, kinds):
    """Heat maps of worst-case accuracy after adversarial training in percent: rows are training sets and trainings,
    columns networks, a panel per data set and norm.

    table: of `at_training_eps` and `with_gates`; kinds: {training: (kind, norm)}.
    """
    robust = _against_own(table, kinds)
    robust = robust.assign(row=robust["training_set"] + ", " + robust["training"])
    rows, columns = robust.groupby(PANEL)["row"].nunique().max(), robust["model"].nunique()
    figure, axes = panel_grid(robust, PANEL, size=(0.75 * columns + 2.6, 0.28 * rows + 0.8))
    for axis, (panel, cells) in zip(axes, robust.groupby(PANEL, sort=False), strict=True):
        names = [list(dict.fromkeys(cells[key])) for key in ("row", "model")]
        shares, grey, failed = (
            cells.pivot(index="row", columns="model", values=name).loc[names[0], names[1]]
            for name in ("mean", "at_chance", "gate_failed")
        )
        heat_map(axis, shares, grey=grey.eq(True), failed=failed.eq(True))
        _label_panel(axis, panel, "")
        axis.set_ylabel("")
    figure.tight_layout()
    return figure


def _firsts(kinds):
    """The first training of each kind and norm: the others would be lines of the same look."""
    return [name for name, kind in kinds.items() if name == next(other for other in kinds if kinds[other] == kind)]


def _spread(cell, suffix=""):
    """How far an interval reaches below and above the mean, in percent, as Matplotlib wants it."""
    mean, low, high = (getattr(cell, name + suffix) for name in ("mean", "low", "high"))
    return [[100 * max(mean - low, 0)], [100 * max(high - mean, 0)]]


def _grey_at_chance(axis, rows, places, marker, size):
    """Grey markers over those of a line that are at chance."""
    grey = rows["at_chance"].to_numpy()
    look = {"marker": marker, "markersize": size, "color": AT_CHANCE, "linestyle": ""}
    if grey.any():
        axis.plot(places[grey], 100 * rows["mean"][grey], **look)


def _with_clean(table):
    """Worst-case rows of `at_training_eps` with the clean accuracy of the same models beside them."""
    clean, robust = table[table["measure"] == "clean"], table[table["measure"] != "clean"]
    keys = ["dataset", "training_set", "method", "ipc", "training", "model"]
    return robust.merge(clean[[*keys, "mean", "low", "high"]], on=keys, suffixes=("", "_clean"))


def _against_own(table, kinds):
    """Rows of `at_training_eps` that measure models in the norm that they were trained against."""
    return table[[kinds[name][1] == norm for name, norm in zip(table["training"], table["measure"], strict=True)]]


def _panel_keys(table):
    """What a panel is for: a data set, a norm and a size, and a network where there are several."""
    return PANEL + ["model"] * (table["model"].nunique() > 1)


def _label_panel(axis, panel, below):
    dataset, norm, eps, *network = panel
    axis.set_title(", ".join([dataset, *network, NORM_NAMES[norm], f"eps = {eps}"]))
    axis.set_xlabel(below)
    axis.set_ylabel("robust accuracy (%)")


def _draw_cells(axis, cells, colours, markers, fillings):
    budgets = sorted(cells["ipc"].dropna().unique())
    for cell in cells.itertuples():
        size = 9 if cell.method == "full" else marker_size(cell.ipc, budgets)
        x, y = 100 * cell.mean_clean, 100 * cell.mean
        spread = {}
        if np.isfinite(cell.low):
            spread = {"xerr": _spread(cell, "_clean"), "yerr": _spread(cell)}
        colour, marker = colour_of(cell, colours), markers[cell.method]
        axis.errorbar(x, y, **spread, color=colour, ecolor=(*mpl.colors.to_rgb(colour), 0.3), elinewidth=0.8)
        look = {"marker": marker, "fillstyle": fillings[cell.training], "markerfacecoloralt": "white"}
        axis.plot(x, y, linestyle="", color=colour, markersize=size, **look)
