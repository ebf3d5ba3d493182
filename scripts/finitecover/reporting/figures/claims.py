"""The comparisons behind the claims as a forest plot."""

import numpy as np

from finitecover.reporting.figures.style import (
    AT_CHANCE,
    CROSS,
    failed_mark,
    legend_below,
    panel_keys,
    panel_title,
    plt,
    tell_failed,
)
from finitecover.reporting.verdicts import FAILS, HOLDS, NOT_TESTED, OPEN

LOOKS = {
    HOLDS: {"marker": "o", "color": "#0072B2"},
    FAILS: {"marker": "D", "color": "#D55E00"},
    OPEN: {"marker": "o", "color": "#444444", "markerfacecolor": "white"},
}
ASIDE = {"marker": CROSS, "color": AT_CHANCE}  # what does not count
LINE, LETTER = 0.105, 0.075  # inches
HEADING, GAP = 1.7, 0.6  # in lines: a group's name, what is between the budgets of one comparison and of the next


def claims(comparisons):
    """Differences in percentage points with their corrected intervals: a line per comparison and budget, grouped by
    claim and strength of training, a column per data set, norm and network; a line at zero.

    comparisons: of `collect_claims`, with gate_failed. The bound is left out: it is no difference in points. Where
    nothing else is compared, an empty panel says so.
    """
    made = comparisons[comparisons["verdict"].ne(NOT_TESTED) & comparisons["measure"].ne("bound")]
    if made.empty:
        return _nothing()
    budget = made["ipc"].map("{:.0f}".format).where(made["ipc"].notna(), "")
    made = made.assign(row=_row_names(made), group=_group_names(made), budget=budget)
    keys = panel_keys(made, norm="norm")
    columns = list(dict.fromkeys(made[keys].itertuples(index=False, name=None)))
    headings, names, budgets = _places(made)
    height = max(budgets.values()) + 1 + GAP
    longest = max(made["group"].str.len().max(), made["row"].str.len().max())
    size = (max(2.6, LETTER * longest) + 2.1 * len(columns), LINE * height + 0.7)
    figure, axes = plt.subplots(
        1, len(columns), figsize=size, squeeze=False, sharey=True, sharex=True, layout="constrained"
    )
    for axis, column in zip(axes[0], columns, strict=True):
        axis.axvline(0, color="black", linewidth=0.9, zorder=1)
        cells = made[(made[keys] == column).all(axis=1)]
        for cell in cells.itertuples():
            _draw(axis, cell, budgets[cell.group, cell.row, cell.budget])
        axis.set_title(panel_title(column), fontsize=9)
        axis.set_xlabel("difference (points)")
        axis.grid(axis="y", visible=False)
        for place in headings.values():
            axis.axhline(place - HEADING / 2, color="#CCCCCC", linewidth=0.6, zorder=0)
    axes[0, 0].set_ylim(height - 0.5, -0.5)
    _name_lines(axes[0, 0], headings, names, budgets)
    low, high = made[["effect", "low"]].min(axis=None) - 2, made[["effect", "high"]].max(axis=None) + 2
    axes[0, 0].set_xlim(max(low, -101), min(high, 101))
    return legend_below(figure, _legend(made))


def _nothing():
    figure, axis = plt.subplots(figsize=(4, 1))
    axis.axis("off")
    axis.text(0.5, 0.5, "no comparison of accuracies", ha="center", va="center")
    return figure


def _places(made):
    """Where lines are, from the top: of headings {group: place}, of names {(group, row): place}, of budgets {(group,
    row, budget): place}."""
    headings, names, budgets, place = {}, {}, {}, 0
    for group, rows in made.groupby("group", sort=False):
        headings[group] = place + (HEADING - 1) / 2
        place += HEADING
        for row, cells in rows.groupby("row", sort=False):
            lines = {(group, row, budget): place + line for line, budget in enumerate(cells["budget"].unique())}
            names[group, row] = place + (len(lines) - 1) / 2
            budgets |= lines
            place += len(lines) + GAP
    return headings, names, budgets


def _group_names(made):
    clean = np.where(made["measure"].eq("clean"), ", clean accuracy", "")
    strength = ", " + made["strength"].fillna("") if "strength" in made else ""
    return (made["claim"] + clean + strength).str.removesuffix(", ")


def _row_names(made):
    """What is compared, without the training where all of a claim's comparisons share it."""
    names = []
    alike = made.groupby("claim")["lower"].transform(lambda side: side.str.extract(r"\((.*)\)")[0].nunique() == 1)
    for cell, shared in zip(made.itertuples(), alike, strict=True):
        (method, training), (other, trained) = (side[:-1].split(" (", 1) for side in (cell.higher, cell.lower))
        if method == other:
            words = f"{method}: {training} vs {trained}"
        elif training == trained:
            words = f"{method} vs {other}" + ("" if shared else f", {training}")
        else:
            words = f"{method} {training} vs {other} {trained}"
        names.append(words)
    return names


def _draw(axis, cell, place):
    look = LOOKS.get(cell.verdict, ASIDE)
    if np.isfinite(cell.low):
        axis.plot(np.clip([cell.low, cell.high], -100, 100), [place, place], color=look["color"], linewidth=0.9)
    axis.plot(cell.effect, place, linestyle="", markersize=4, **look)
    tell_failed(axis, [cell.gate_failed], [cell.effect], [place])


def _name_lines(axis, headings, names, budgets):
    """Budgets beside the panel, what is compared to the left of them."""
    axis.set_yticks(list(budgets.values()), [budget for *_, budget in budgets], fontsize=7)
    axis.yaxis.remove_overlapping_locs = False  # a comparison at one budget has its name and its budget on one line
    named = {place: row for (_, row), place in names.items()} | {place: group for group, place in headings.items()}
    axis.set_yticks(list(named), list(named.values()), minor=True)
    axis.tick_params(axis="y", which="minor", pad=20, length=0)
    for label, place in zip(axis.get_yticklabels(minor=True), named, strict=True):
        heading = place in headings.values()
        label.set(fontsize=8 if heading else 7.5, fontweight="bold" if heading else "normal")


def _legend(made):
    named = {verdict: {**look, "linestyle": ""} for verdict, look in LOOKS.items() if verdict in set(made["verdict"])}
    aside = [verdict for verdict in dict.fromkeys(made["verdict"]) if verdict not in LOOKS]
    named |= {", ".join(aside): {**ASIDE, "linestyle": ""}} if aside else {}
    return named | failed_mark(made)
