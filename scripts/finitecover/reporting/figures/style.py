"""What all figures share: one colour and marker per method, everywhere; vector PDF and PNG with equal bytes for equal
input."""

import os

os.environ["MPLBACKEND"] = "agg"  # whatever the shell of a notebook has set; before Matplotlib looks

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from finitecover.jobs.files import atomic_write
from finitecover.norms import ORDER, symbol
from finitecover.reporting.statistics import FAILED_MARK

# A colour per family of methods, told apart by the colour-blind, each with a contrast of at least 3 on white; markers
# tell the methods of a family apart.
FAMILY_COLOURS = {
    "all images": "#000000",
    "random images": "#8C5A2B",
    "coresets": "#AA4499",
    "covers": "#0072B2",
    "free covers": "#00876C",
    "condensed sets": "#D55E00",
    "imported sets": "#332288",
}
OTHER = "#5F6B7A"  # of a method of no known family
# Of lines of one family, or that are no methods.
COLOURS = ["#0072B2", "#D55E00", "#00876C", "#AA4499", "#8C5A2B", "#332288", "#000000"]
MARKERS = ["o", "s", "D", "^", "v", "P", "X", "<", ">", "h", "p", "d", "H", "8"]
AT_CHANCE = "#8A8A8A"  # of what is no better than a constant answer, whatever made it
AT_CHANCE_CELL = "#CCCCCC"  # of a cell under a black number
CROSS = "x"  # its marker
DOTS_PER_INCH = 160
LINES = ["-", "--", ":", "-.", (0, (1, 4))]
NORM_NAMES = {norm: f"${symbol(norm)}$" for norm in ORDER}


def style():
    """Set sizes and fonts, whatever a user's own style says; text in PDFs stays text (TrueType)."""
    mpl.rcdefaults()
    sns.set_theme(context="paper", style="whitegrid")
    mpl.rcParams.update(
        {
            "font.family": "DejaVu Sans",  # Matplotlib brings it: the same letters on every machine
            "pdf.fonttype": 42,
            "savefig.dpi": DOTS_PER_INCH,
            "image.interpolation": "none",  # a PDF has the pixels themselves, whatever its size on paper
            "axes.titlesize": "medium",
            "legend.frameon": False,
        }
    )


class Looks:
    """Colour, marker and place of every method, the same in all figures: the colour is its family's, the marker says
    which of the family it is.

    order: methods in the order in which they are shown, others follow; families: {method: key of `FAMILY_COLOURS`}.
    """

    def __init__(self, order=(), families=None):
        self.families = families or {}
        self.order = [*order, *sorted(set(self.families) - set(order))]

    def sorted(self, methods):
        """Methods, each once, family by family."""
        known = list(FAMILY_COLOURS)

        def place(name):
            family = self.families.get(name)
            of_family = known.index(family) if family in known else len(known)
            return of_family, self.order.index(name) if name in self.order else len(self.order), name

        return sorted(set(methods), key=place)

    def colour(self, method):
        """Of a method's family."""
        return FAMILY_COLOURS.get(self.families.get(method), OTHER)

    def marker(self, method):
        """Of a method among those of its family."""
        family = self.families.get(method)
        names = [name for name in self.order if self.families.get(name) == family]
        names = names if method in names else [*names, method]
        return MARKERS[names.index(method) % len(MARKERS)]

    def named(self, methods, **more):
        """What a legend says of methods: {name: properties of its line}."""
        return {
            name: {"marker": self.marker(name), "color": self.colour(name), **more} for name in self.sorted(methods)
        }


def save(figure, pdf_path, png_path):
    """Write a figure as PDF and PNG, without the time of writing; pdf_path: None for a PNG alone."""
    for path, metadata in ((pdf_path, {"CreationDate": None}), (png_path, {"Software": None})):
        if path is None:
            continue
        with atomic_write(path) as partial:
            figure.savefig(partial, bbox_inches="tight", metadata=metadata)
    plt.close(figure)


def point(cell, looks, **more):
    """Properties of a cell's marker: its method's, or a grey cross at chance."""
    if cell.at_chance:
        return {"color": AT_CHANCE, "marker": CROSS, "linestyle": "", **more}
    return {"color": looks.colour(cell.method), "marker": looks.marker(cell.method), "linestyle": "", **more}


def chance_mark(table, **look):
    """What a legend says of grey crosses, where there are some."""
    return {"at chance": {"marker": CROSS, "color": AT_CHANCE, **look}} if table["at_chance"].any() else {}


def apart(places, gap):
    """Places of labels, each as near to its own as a distance of `gap` between neighbours allows."""
    order = np.argsort(places, kind="stable")
    moved = np.array(places, dtype=float)
    blocks = []  # of neighbours that touch: their labels, and the sum of where the first should stand
    for index in order:
        blocks.append([[index], places[index]])
        while len(blocks) > 1:
            (before, first), (after, second) = blocks[-2:]
            if first / len(before) + gap * len(before) <= second / len(after):
                break
            blocks[-2:] = [[before + after, first + second - gap * len(before) * len(after)]]
    for members, total in blocks:
        for place, index in enumerate(members):
            moved[index] = total / len(members) + gap * place
    return moved


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


def heat_map(axis, shares, grey, failed):
    """Shares as percentages, in numbers that stand out against their cells in grey, too; grey: which cells are grey;
    failed: which have the mark of failed gates. A cell without a share stays empty."""
    labels = (100 * shares).map("{:.0f}".format) + np.where(failed, FAILED_MARK, "")
    sns.heatmap(100 * shares, ax=axis, vmin=0, vmax=100, cmap="cividis", annot=labels, fmt="", cbar=False)
    written = shares.notna().to_numpy()  # the others have no text
    numbers, greys = shares.to_numpy()[written], grey.to_numpy()[written]
    for text, share, at_chance in zip(axis.texts, numbers, greys, strict=True):
        text.set_color("black" if share >= 0.5 or at_chance else "white")
    for row, column in np.argwhere(grey.to_numpy()):
        axis.add_patch(mpl.patches.Rectangle((column, row), 1, 1, color=AT_CHANCE_CELL, linewidth=0))
    axis.tick_params(axis="y", rotation=0)


def legend_below(figure, named):
    """One legend below all panels: {label: properties of its line}; in as many columns as its words leave room for."""
    if not named:
        return figure
    handles = [mpl.lines.Line2D([], [], label=label, **look) for label, look in named.items()]
    widest = max(len(label) for label in named)
    columns = max(1, min(int(figure.get_figwidth() / (0.055 * widest + 0.4)), len(named)))
    figure.set_figheight(figure.get_figheight() + 0.17 * -(-len(named) // columns))
    look = {"fontsize": 8, "columnspacing": 1.2, "handletextpad": 0.4, "borderpad": 0.1, "labelspacing": 0.3}
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, **look)
    return figure


def panel_grid(count, size=(3.3, 2.7), columns=3):
    """A figure with so many panels, at most so many to a row."""
    columns = min(columns, count)
    rows = -(-count // columns)
    size = (size[0] * columns, size[1] * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axis in axes.flat[count:]:
        axis.axis("off")
    return figure, list(axes.flat[:count])


def panel_keys(table, norm="measure"):
    """Columns that a panel is for: a data set, a norm (the column that names it) and a size, and a network where there
    are several."""
    return ["dataset", norm, "eps", *["model"] * (table["model"].nunique() > 1)]


def panel_title(panel):
    """What stands above a panel of `panel_keys`, in two lines."""
    dataset, norm, eps, *network = panel
    return ", ".join([dataset, *network]) + f"\n{NORM_NAMES[norm]}, eps = {eps}"


def log_ticks(axis):
    """Ticks at 1, 3, 10 and their like on a logarithmic axis, written as numbers."""
    axis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 3)))
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(mpl.ticker.NullFormatter())


def mosaic(images):
    """Images (n, c, h, w) side by side in two rows, a white line between, a single one alone: one image (h, w) or
    (h, w, 3)."""
    lines = min(2, len(images))
    columns = -(-len(images) // lines)
    around = [(0, lines * columns - len(images)), (0, 0), (0, 1), (0, 1)]
    images = np.pad(images, around, constant_values=1)
    _, channels, height, width = images.shape
    page = images.reshape(lines, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    page = page.reshape(lines * height, columns * width, channels)[:-1, :-1]
    return page[..., 0] if channels == 1 else page
