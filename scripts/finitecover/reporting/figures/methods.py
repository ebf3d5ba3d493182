"""The main figure: robust accuracy of every method as a dot plot."""

import numpy as np

from finitecover.reporting.figures.style import (
    AT_CHANCE,
    CROSS,
    FAMILY_COLOURS,
    MARKERS,
    OTHER,
    chance_mark,
    failed_mark,
    legend_below,
    panel_keys,
    panel_title,
    plt,
    tell_failed,
)
from finitecover.study.kinds import FULL

SLOT, GAP = 0.125, 0.8  # inches that the mark of a training takes; slots between methods
KEYS = ["dataset", "training_set", "training", "model"]


def methods(table, kinds, looks, seeds=None):
    """Worst-case accuracy: a row per method, a column of panels per data set, norm and network, a row of panels per
    budget; where data sets differ in their budgets, the first row has the smallest of each. Filled marks after
    adversarial training, open ones after standard training, grey crosses at chance; ticks are seeds, thin lines 95 %
    intervals. The level line is the best of all images, the dotted one chance.

    table: of `at_training_eps` and `with_gates`; kinds: {training: (kind, norm)}; looks: of `style`; seeds: the table
    of runs, or None. A column has the trainings of its norm and those of none, or, where there are no such, all.
    """
    robust = _of_own_norm(table[table["measure"] != "clean"], kinds)
    columns = list(dict.fromkeys(robust[panel_keys(robust)].itertuples(index=False, name=None)))
    rows = _panel_rows(robust, looks)
    slots = [_slots(robust, names) for _, names in rows]
    figure, axes = _grid(columns, [sum(taken.values()) + GAP * len(taken) for taken in slots])
    marks = dict(zip(dict.fromkeys(robust["training"]), MARKERS * len(kinds), strict=False))
    for line, (budgets, names), taken in zip(axes, rows, slots, strict=True):
        ends = np.cumsum([count + GAP for count in taken.values()])
        places = dict(zip(names, ends - (np.array(list(taken.values())) + GAP) / 2, strict=True))
        for axis, column in zip(line, columns, strict=True):
            cells = robust[(robust[panel_keys(robust)] == column).all(axis=1) & robust["method"].isin(names)]
            budget = budgets.get(column[0])
            of_budget = cells["ipc"].isna() if budget is None else cells["ipc"].eq(budget).fillna(False)
            _draw_lines(axis, cells, kinds)
            _draw_cells(axis, cells[of_budget | cells["method"].eq(FULL)], places, kinds, marks, looks, seeds)
        line[0].set_yticks(list(places.values()), ["all images" if name == FULL else name for name in names])
        line[0].set_ylim(ends[-1], 0)
        for label, name in zip(line[0].get_yticklabels(), names, strict=True):
            label.set_color(looks.colour(name))
        words = [_words(budgets, dataset, names) for dataset, *_ in columns]
        for axis, word in zip(line, words, strict=True):
            if len(set(words)) > 1 or axis is line[-1]:
                axis.set_ylabel(word, rotation=270, labelpad=12)
                axis.yaxis.set_label_position("right")
    _label(axes, columns, robust)
    return legend_below(figure, _legend(robust, kinds, marks, looks, seeds))


def _of_own_norm(robust, kinds):
    """Rows of models that were trained in the norm that they are measured in, or in none; all, where there are none."""
    own = [kinds[name][1] in (norm, None) for name, norm in zip(robust["training"], robust["measure"], strict=True)]
    known = robust.assign(own=own)
    any_own = known.groupby(["dataset", "measure", "model"])["own"].transform("any")
    return robust[known["own"] | ~any_own]


def _panel_rows(robust, looks):
    """Pairs of {data set: budget}, nothing of sets without one, and the methods shown there; all images in each."""
    known = {name: sorted(map(int, ipc.dropna().unique())) for name, ipc in robust.groupby("dataset")["ipc"]}
    shown = []
    for rank in range(max(map(len, known.values()))):
        budgets = {name: found[rank] for name, found in known.items() if rank < len(found)}
        here = robust["ipc"].eq(robust["dataset"].map(budgets).astype("Int64")).fillna(False)
        shown.append((budgets, looks.sorted(robust.loc[here, "method"])))
    without = looks.sorted(robust.loc[robust["ipc"].isna() & robust["method"].ne(FULL), "method"])
    shown += [({}, without)] if without or not shown else []
    full = [FULL] if FULL in set(robust["method"]) else []
    return [(budgets, full + names) for budgets, names in shown]


def _words(budgets, dataset, names):
    if dataset in budgets:
        return f"{budgets[dataset]} per class"
    return "" if budgets or names == [FULL] else "by radius"


def _slots(robust, names):
    """{method: how many marks lie below each other in its row, one of each training}."""
    return {
        name: robust[robust["method"] == name].groupby(panel_keys(robust))["training"].nunique().max() for name in names
    }


def _grid(columns, heights):
    size = (1.4 + 2.0 * len(columns), SLOT * sum(heights) + 0.25 * len(heights) + 0.7)
    return plt.subplots(
        len(heights),
        len(columns),
        figsize=size,
        squeeze=False,
        sharex="col",
        sharey="row",
        layout="constrained",
        gridspec_kw={"height_ratios": heights},
    )


def _draw_lines(axis, cells, kinds):
    """The best of all images as a line, chance as a dotted one."""
    adversarial = [name for name, (_, norm) in kinds.items() if norm is not None]
    whole = cells[cells["method"].eq(FULL) & cells["training"].isin(adversarial)]
    if len(whole):
        axis.axvline(100 * whole["mean"].max(), color="black", linewidth=0.9, zorder=1)
    if "chance" in cells:
        axis.axvline(100 * cells["chance"].max(), color="#5F6B7A", linewidth=1, linestyle=":", zorder=1)


def _draw_cells(axis, cells, places, kinds, marks, looks, seeds):
    for cell in cells.itertuples():
        beside = cells.loc[cells["method"] == cell.method, "training"]
        own = [training for training in marks if training in set(beside)]
        height, mean = places[cell.method] + own.index(cell.training) - (len(own) - 1) / 2, 100 * cell.mean
        colour = AT_CHANCE if cell.at_chance else looks.colour(cell.method)
        if np.isfinite(cell.low):
            ends = np.clip([100 * cell.low, 100 * cell.high], 0, 100)
            axis.plot(ends, [height, height], color=colour, linewidth=0.8, alpha=0.6, zorder=2)
        if seeds is not None:
            of_seeds = 100 * _of_seeds(cell, seeds)
            axis.plot(of_seeds, [height] * len(of_seeds), "|", color=colour, markersize=4, markeredgewidth=0.7)
        face = colour if kinds[cell.training][1] is not None else "white"
        look = {"marker": CROSS} if cell.at_chance else {"marker": marks[cell.training], "markerfacecolor": face}
        axis.plot(mean, height, linestyle="", color=colour, markersize=4.5, zorder=3, **look)
        tell_failed(axis, [cell.gate_failed], [mean], [height])


def _of_seeds(cell, seeds):
    """Worst-case accuracies of a cell's seeds."""
    same = np.all([seeds[key] == getattr(cell, key) for key in [*KEYS, "norm", "eps", "attack"]], axis=0)
    return seeds.loc[same, "accuracy"].to_numpy()


def _label(axes, columns, robust):
    for index, column in enumerate(columns):
        top, bottom = axes[0, index], axes[-1, index]
        top.set_title(panel_title(column), fontsize=9)
        bottom.set_xlabel("robust accuracy (%)")
        same = (robust[panel_keys(robust)] == column).all(axis=1)
        highest, widest = 100 * robust.loc[same, "mean"].max(), 100 * robust.loc[same, "high"].fillna(0).max()
        reach = min(100, max(highest + 1, min(widest, 1.4 * highest + 5)))  # a few seeds have intervals wider than that
        top.set_xlim(-0.02 * reach, 1.03 * reach)
        for axis in axes[:, index]:
            axis.grid(axis="x", linewidth=0.5)
            axis.grid(axis="y", linewidth=0.5, color="#EEEEEE")
            axis.tick_params(labelsize=8)


def _legend(robust, kinds, marks, looks, seeds):
    def open_or_filled(training):
        return {"color": "black", "markerfacecolor": "black" if kinds[training][1] is not None else "white"}

    named = {
        training: {"marker": mark, "linestyle": "", **open_or_filled(training)} for training, mark in marks.items()
    }
    families = {looks.families.get(name) for name in robust["method"]} - {None, "all images"}
    named |= {
        family: {"marker": "s", "linestyle": "", "color": FAMILY_COLOURS.get(family, OTHER), "markersize": 7}
        for family in FAMILY_COLOURS
        if family in families
    }
    if seeds is not None:
        named["one seed"] = {"marker": "|", "linestyle": "", "color": "black", "markersize": 5}
    if FULL in set(robust["method"]):
        named["best of all images"] = {"color": "black", "linewidth": 0.9}
    if "chance" in robust:
        named["chance"] = {"color": "#5F6B7A", "linestyle": ":"}
    return named | chance_mark(robust, linestyle="") | failed_mark(robust)
