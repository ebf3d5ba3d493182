"""The comparisons behind the claims as a forest plot."""

import numpy as np
import pandas as pd

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
ROW, LETTER = 0.165, 0.075  # inches


def claims(comparisons):
    """Differences in percentage points with their corrected intervals: a row per comparison, grouped by claim and
    strength of training, a column per data set, norm and network; a line at zero.

    comparisons: of `collect_claims`, with gate_failed. The bound is left out: it is no difference in points. Where
    nothing else is compared, an empty panel says so.
    """
    made = comparisons[comparisons["verdict"].ne(NOT_TESTED) & comparisons["measure"].ne("bound")]
    if made.empty:
        return _nothing()
    made = made.assign(row=_row_names(made), group=_group_names(made))
    keys = panel_keys(made, norm="norm")
    columns = list(dict.fromkeys(made[keys].itertuples(index=False, name=None)))
    places = _places(made)
    height = max(places.values()) + 1
    longest = max(made["group"].str.len().max(), made["row"].str.len().max())
    size = (max(2.6, LETTER * longest) + 2.1 * len(columns), ROW * height + 0.7)
    figure, axes = plt.subplots(
        1, len(columns), figsize=size, squeeze=False, sharey=True, sharex=True, layout="constrained"
    )
    for axis, column in zip(axes[0], columns, strict=True):
        axis.axvline(0, color="black", linewidth=0.9, zorder=1)
        cells = made[(made[keys] == column).all(axis=1)]
        for cell in cells.itertuples():
            _draw(axis, cell, places[cell.group, cell.row])
        axis.set_title(panel_title(column), fontsize=9)
        axis.set_xlabel("difference (points)")
        axis.grid(axis="y", visible=False)
        for group in dict.fromkeys(made["group"]):
            axis.axhline(places[group, None] - 0.5, color="#CCCCCC", linewidth=0.6, zorder=0)
    _name_rows(axes[0, 0], places, height)
    low = min(made["effect"].min() - 3, made["low"].quantile(0.03))
    high = max(made["effect"].max() + 3, made["high"].quantile(0.97))
    axes[0, 0].set_xlim(max(low, -101), min(high, 101))
    return legend_below(figure, _legend(made))


def _nothing():
    figure, axis = plt.subplots(figsize=(4, 1))
    axis.axis("off")
    axis.text(0.5, 0.5, "no comparison of accuracies", ha="center", va="center")
    return figure


def _places(made):
    """{(group, row), or (group, None) of a group's heading: height}, from the top."""
    places = {}
    for group, rows in made.groupby("group", sort=False):
        for name in [None, *dict.fromkeys(rows["row"])]:
            places[group, name] = len(places)
    return places


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
        names.append(words + ("" if pd.isna(cell.ipc) else f", {int(cell.ipc)}"))
    return names


def _draw(axis, cell, place):
    look = LOOKS.get(cell.verdict, ASIDE)
    if np.isfinite(cell.low):
        axis.plot(np.clip([cell.low, cell.high], -100, 100), [place, place], color=look["color"], linewidth=0.9)
    axis.plot(cell.effect, place, linestyle="", markersize=4, **look)
    tell_failed(axis, [cell.gate_failed], [cell.effect], [place])


def _name_rows(axis, places, height):
    axis.set_ylim(height - 0.5, -0.5)
    axis.set_yticks(list(places.values()), [name or group for group, name in places])
    for label, (_, name) in zip(axis.get_yticklabels(), places, strict=True):
        label.set(fontsize=6.5 if name else 7.5, fontweight="normal" if name else "bold")


def _legend(made):
    named = {verdict: {**look, "linestyle": ""} for verdict, look in LOOKS.items() if verdict in set(made["verdict"])}
    aside = [verdict for verdict in dict.fromkeys(made["verdict"]) if verdict not in LOOKS]
    named |= {", ".join(aside): {**ASIDE, "linestyle": ""}} if aside else {}
    return named | failed_mark(made)
