"""What all figures share: one colour and marker per method, everywhere; vector PDF and PNG with equal bytes for equal
input."""

import os

os.environ["MPLBACKEND"] = "agg"  # whatever the shell of a notebook has set; before Matplotlib looks

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from finitecover.jobs.files import atomic_write
from finitecover.norms import ORDER, symbol
from finitecover.reporting.statistics import FAILED_MARK

# Okabe and Ito's colours, then Tol's, told apart by the colour-blind; markers tell methods apart in grey.
COLOURS = ["#000000", "#999999", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#F0E442"]
COLOURS += ["#882255", "#44AA99", "#332288", "#117733", "#AA4499", "#DDCC77", "#CC6677", "#999933", "#88CCEE"]
MARKERS = ["*", "X", "s", "D", "^", "o", "P", "v", "<", ">", "h", "p", "8", "d", "H"]
MARKERS += ["P", "<", "p", "8"]  # no others can be half filled; one more than colours, so that pairs repeat late
AT_CHANCE = "#CCCCCC"  # of what is no better than a constant answer, whatever made it
DOTS_PER_INCH = 160
OPEN = "none"  # a marker of standard training; others have a filling each, of which the alternative side is white
FILLINGS = ["full", "left", "bottom", "top", "right"]
LINES = ["-", "--", ":", "-.", (0, (1, 4))]
NORM_NAMES = {norm: f"${symbol(norm)}$" for norm in ORDER}


def style():
    """Set sizes and fonts, whatever a user's own style says; text in PDFs stays text (TrueType)."""
    mpl.rcdefaults()
    sns.set_theme(context="paper", style="whitegrid")
    mpl.rcParams.update(
        {"pdf.fonttype": 42, "savefig.dpi": DOTS_PER_INCH, "axes.titlesize": "medium", "legend.frameon": False}
    )


def palette(methods, order=()):
    """Colour and marker of each method: those in `order` by their place there, others follow in alphabetical order."""
    order = [*order, *sorted(set(methods) - set(order))]
    places = {name: order.index(name) for name in methods}
    return (
        {name: COLOURS[place % len(COLOURS)] for name, place in places.items()},
        {name: MARKERS[place % len(MARKERS)] for name, place in places.items()},
    )


def save(figure, pdf_path, png_path):
    """Write a figure as PDF and PNG, without the time of writing."""
    for path, metadata in ((pdf_path, {"CreationDate": None}), (png_path, {"Software": None})):
        with atomic_write(path) as partial:
            figure.savefig(partial, bbox_inches="tight", metadata=metadata)
    plt.close(figure)


def marker_size(ipc, budgets):
    """Of a budget among all, in points."""
    return 6 if pd.isna(ipc) else 4.5 + 2.5 * budgets.index(ipc)


def budget_marks(budgets):
    """What a legend says of the sizes of markers, where there are several budgets."""
    if len(budgets) < 2:
        return {}
    hollow = {"marker": "o", "color": "none", "markeredgecolor": "black"}
    return {f"{ipc} per class": hollow | {"markersize": marker_size(ipc, budgets)} for ipc in budgets}


def colour_of(cell, colours):
    """Of a cell's marker: its method's, or grey at chance."""
    return AT_CHANCE if cell.at_chance else colours[cell.method]


def chance_mark(table, **look):
    """What a legend says of grey markers, where there are some."""
    return {"at chance": {"marker": "o", "color": AT_CHANCE, **look}} if table["at_chance"].any() else {}


def tell_failed(axis, failed, places, heights, level=False):
    """The mark of failed gates beside points, of each of which it is known whether one failed; level: of level lines,
    with places as shares of the panel's width."""
    within = axis.get_yaxis_transform() if level else axis.transData
    for mark, place, height in zip(failed, places, heights, strict=True):
        if mark:
            axis.annotate(FAILED_MARK, (place, height), (3, 2), xycoords=within, textcoords="offset points", fontsize=8)


def failed_mark(table):
    """What a legend says of marks of failed gates, where there are some."""
    look = {"marker": "$\\dagger$", "color": "black", "linestyle": "", "markersize": 6}
    return {"a sanity check failed": look} if table["gate_failed"].any() else {}


def heat_map(axis, shares, grey=None, failed=None, **look):
    """Shares as percentages, in numbers that stand out against their cells in grey, too; grey: which cells are grey;
    failed: which have the mark of failed gates."""
    labels = (100 * shares).map("{:.0f}".format)
    labels = labels if failed is None else labels + np.where(failed, FAILED_MARK, "")
    sns.heatmap(100 * shares, ax=axis, vmin=0, vmax=100, cmap="cividis", annot=labels, fmt="", cbar=False, **look)
    grey = shares.isna() if grey is None else grey
    for text, share, at_chance in zip(axis.texts, shares.to_numpy().flat, grey.to_numpy().flat, strict=True):
        text.set_color("black" if share >= 0.5 or at_chance else "white")
    for row, column in np.argwhere(grey.to_numpy()):
        axis.add_patch(mpl.patches.Rectangle((column, row), 1, 1, color=AT_CHANCE, linewidth=0))
    axis.tick_params(axis="y", rotation=0)


def with_legend(figure, named):
    """The same legend right of all panels: {label: properties of its line}."""
    handles = [mpl.lines.Line2D([], [], label=label, **look) for label, look in named.items()]
    legend = figure.legend(handles=handles, loc="center right")
    width = legend.get_window_extent().width / figure.dpi + 0.1
    figure.set_figwidth(figure.get_figwidth() + width)
    figure.tight_layout(rect=(0, 0, 1 - width / figure.get_figwidth(), 1))
    return figure


def panel_grid(table, keys, size=(3.3, 2.7)):
    """A figure with a panel for each combination of keys, three to a row."""
    count = len(table[keys].drop_duplicates())
    columns = min(3, count)
    rows = -(-count // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False)
    for axis in axes.flat[count:]:
        axis.axis("off")
    return figure, list(axes.flat[:count])


def with_legend_below(figure, axes, columns):
    """One legend below all panels."""
    named = {}
    for axis in axes:
        named |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    rows = -(-len(named) // columns)
    height = 0.22 * rows / figure.get_figheight()
    figure.tight_layout(rect=(0, height, 1, 1))
    figure.legend(named.values(), named.keys(), loc="lower center", ncol=columns)
    return figure
