"""The figure of the kept benchmark of controls (benchmarks/controls.py), drawn from its page."""

import re

import matplotlib.pyplot as plt
import pandas as pd

from finitecover.reporting.figures.style import COLOURS, LINES, MARKERS, legend_below, log_ticks, style

WHERE = "ten images per class"  # the column that names a set, of the table of sets
MEASURES = ("clean %", "PGD-20 %", "APGD-T %")
ZERO = 10  # where no iteration stands on an axis of logarithms


def tables(page):
    """The Markdown tables of a page, numbers as such."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", page, flags=re.M):
        rows = [[cell.strip() for cell in line.strip("| \n").split("|")] for line in block.splitlines()]
        columns = [pd.Series(column) for column in zip(*rows[2:], strict=True)]
        numbers = [pd.to_numeric(column, errors="coerce") for column in columns]
        kept = [text if number.isna().any() else number for text, number in zip(columns, numbers, strict=True)]
        found.append(pd.DataFrame(dict(zip(rows[0], kept, strict=True))))
    return found


def controls(page, titles):
    """A column per data set: above, accuracy on sets that each share one property with free centres; below, DM over its
    iterations by what it starts from. page: text of the kept benchmark; titles: {data set: title}."""
    sets, starts = tables(page)
    names = list(dict.fromkeys(sets["data set"]))
    style()
    size = (3.3 * len(names) + 1.6, 6.2)
    figure, axes = plt.subplots(2, len(names), figsize=size, layout="constrained", height_ratios=(3, 2), squeeze=False)
    named = _draw_sets(axes[0], sets, names, titles) | _draw_starts(axes[1], starts, names)
    return legend_below(figure, named)


def _draw_sets(axes, sets, names, titles):
    looks = {
        measure: {"marker": mark, "color": colour, "linestyle": ""}
        for measure, mark, colour in zip(MEASURES, MARKERS, ("black", *COLOURS), strict=False)
    }
    order = sets.groupby(WHERE, sort=False)[MEASURES[-1]].mean().sort_values().index
    for axis, name in zip(axes, names, strict=True):
        rows = sets[sets["data set"].eq(name)].set_index(WHERE).loc[order]
        for measure, look in looks.items():
            axis.plot(rows[measure], range(len(rows)), markersize=4.5, **look)
        axis.set_title(titles.get(name, name), fontsize=9)
        axis.set_yticks(range(len(rows)), rows.index if axis is axes[0] else [""] * len(rows), fontsize=8)
        axis.set_xlabel("accuracy (%)")
    return looks


def _draw_starts(axes, starts, names):
    kinds = list(dict.fromkeys(starts["DM starts from"]))
    looks = {
        f"DM from {kind}": {"marker": mark, "color": colour, "linestyle": line}
        for kind, mark, colour, line in zip(kinds, MARKERS[3:], COLOURS, LINES, strict=False)
    }
    for axis, name in zip(axes, names, strict=True):
        for kind, look in zip(kinds, looks.values(), strict=True):
            rows = starts[starts["data set"].eq(name) & starts["DM starts from"].eq(kind)]
            axis.plot(rows["iterations"].clip(lower=ZERO), rows[MEASURES[-1]], markersize=4.5, **look)
        axis.set_xscale("log")
        log_ticks(axis.xaxis)
        ticks = sorted(set(starts["iterations"]))
        axis.set_xticks([max(tick, ZERO) for tick in ticks], [f"{tick:g}" for tick in ticks])
        axis.set_xlabel("iterations of DM")
    axes[0].set_ylabel(MEASURES[-1])
    return looks
