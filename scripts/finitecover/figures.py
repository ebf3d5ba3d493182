"""Style and drawing of every figure: one colour and marker per method, everywhere; vector PDF and PNG with equal bytes
for equal input."""

from fractions import Fraction

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("agg")
import matplotlib.pyplot as plt
import seaborn as sns

from finitecover.arrays import written_aside

# Okabe and Ito's colours, then Tol's, told apart by the colour-blind; markers tell methods apart in grey.
COLOURS = ["#000000", "#999999", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#F0E442"]
COLOURS += ["#882255", "#44AA99", "#332288"]
MARKERS = ["*", "X", "s", "D", "^", "o", "P", "v", "<", ">", "h", "p", "8"]  # one more, so that pairs repeat late
KNOWN = ["full", "random", "kcenter", "herding", "kmeans", "mfc", "mfc-eta", "dm", "mfc-blind", "dc", "dsa", "mtt"]
NORM_NAMES = {"l1": r"$\ell_1$", "l2": r"$\ell_2$", "linf": r"$\ell_\infty$"}


def style():
    """Set sizes and fonts; text in PDFs stays text (TrueType)."""
    sns.set_theme(context="paper", style="whitegrid")
    mpl.rcParams.update({"pdf.fonttype": 42, "savefig.dpi": 160, "axes.titlesize": "medium", "legend.frameon": False})


def palette(methods):
    """Colour and marker of each method: known ones have theirs, others follow in alphabetical order."""
    order = KNOWN + sorted(set(methods) - set(KNOWN))
    places = {name: order.index(name) for name in methods}
    return (
        {name: COLOURS[place % len(COLOURS)] for name, place in places.items()},
        {name: MARKERS[place % len(MARKERS)] for name, place in places.items()},
    )


def save(figure, pdf_path, png_path):
    """Write a figure as PDF and PNG, without the time of writing."""
    for path, metadata in ((pdf_path, {"CreationDate": None}), (png_path, {"Software": None})):
        with written_aside(path) as aside:
            figure.savefig(aside, bbox_inches="tight", metadata=metadata)
    plt.close(figure)


def tradeoff(table):
    """Clean against worst-case accuracy: a row of panels per data set and norm, a panel per training.

    table: a `headline_table`; intervals over seeds are drawn as crosses, budgets as sizes of markers.
    """
    clean = table[table["measure"] == "clean"]
    robust = table[table["measure"] != "clean"]
    keys = ["dataset", "subset", "method", "ipc", "training", "model"]
    both = robust.merge(clean[[*keys, "mean", "low", "high"]], on=keys, suffixes=("", "_clean"))
    rows = list(both[["dataset", "measure", "eps"]].drop_duplicates().itertuples(index=False))
    trainings = list(dict.fromkeys(both["training"]))
    colours, markers = palette(list(dict.fromkeys(both["method"])))
    size = (2.9 * len(trainings) + 1.2, 2.6 * len(rows))
    figure, axes = plt.subplots(len(rows), len(trainings), figsize=size, squeeze=False, sharex=True, sharey=True)
    for line, (dataset, norm, eps) in zip(axes, rows, strict=True):
        for axis, training in zip(line, trainings, strict=True):
            cells = both[(both["dataset"] == dataset) & (both["measure"] == norm) & (both["training"] == training)]
            _draw_cells(axis, cells, colours, markers)
            axis.set_title(f"{dataset}, {training}")
        line[0].set_ylabel(f"robust accuracy (%)\n{NORM_NAMES[norm]}, eps = {eps}")
    for axis in axes[-1]:
        axis.set_xlabel("clean accuracy (%)")
    # Limits from the points: a few seeds can have intervals wider than the page.
    for limit, values in ((axes[0, 0].set_xlim, both["mean_clean"]), (axes[0, 0].set_ylim, both["mean"])):
        limit(100 * values.min() - 4, 100 * values.max() + 4)
    _legend(figure, both, colours, markers)
    figure.tight_layout(rect=(0, 0, 1 - 1.2 / figure.get_figwidth(), 1))
    return figure


def _draw_cells(axis, cells, colours, markers):
    budgets = sorted(cells["ipc"].dropna().unique())
    places = {ipc: place for place, ipc in enumerate(budgets)}
    for cell in cells.itertuples():
        size = 9 if cell.method == "full" else 6 if pd.isna(cell.ipc) else 5 + 2.5 * places[cell.ipc]
        x, y = 100 * cell.mean_clean, 100 * cell.mean
        spread = {}
        if np.isfinite(cell.low):
            spread = {"xerr": 100 * (cell.high_clean - cell.mean_clean), "yerr": 100 * (cell.high - cell.mean)}
        colour, marker = colours[cell.method], markers[cell.method]
        axis.errorbar(x, y, **spread, color=colour, ecolor=(*mpl.colors.to_rgb(colour), 0.35), elinewidth=0.8)
        axis.plot(x, y, linestyle="", marker=marker, color=colour, markersize=size, markeredgecolor="white")


def _legend(figure, both, colours, markers):
    handles = [
        mpl.lines.Line2D([], [], linestyle="", marker=markers[name], color=colours[name], label=name, markersize=7)
        for name in colours
    ]
    budgets = sorted(both["ipc"].dropna().unique())
    if len(budgets) > 1:
        hollow = {"linestyle": "", "marker": "o", "color": "none", "markeredgecolor": "black"}
        handles += [
            mpl.lines.Line2D([], [], **hollow, markersize=5 + 2.5 * place, label=f"{ipc} per class")
            for place, ipc in enumerate(budgets)
        ]
    figure.legend(handles=handles, loc="center right", title="method")


def frontier(tables, norm):
    """Size against radius of covers, a panel per data set; per class a line (cover) above its lower bound (dashed).

    tables: {dataset: DataFrame with label, points, radius, size, lower_bound}. A cover serves every larger radius and
    a bound every smaller one, so both are steps.
    """
    figure, axes = plt.subplots(1, len(tables), figsize=(4.2 * len(tables), 3.2), squeeze=False)
    for axis, (dataset, table) in zip(axes[0], tables.items(), strict=True):
        shades = sns.color_palette("viridis", table["label"].nunique())
        for shade, (_, rows) in zip(shades, table.groupby("label"), strict=True):
            axis.step(rows["radius"], rows["size"], where="post", color=shade, linewidth=1)
            bound = {"where": "pre", "linewidth": 0.8, "linestyle": "--"}
            axis.step(rows["radius"], rows["lower_bound"], color=shade, **bound)
        axis.set_yscale("log")
        axis.set_title(f"{dataset}, one colour per class")
        axis.set_xlabel(f"radius ({NORM_NAMES[norm]})")
    axes[0, 0].set_ylabel("centres")
    handles = [
        mpl.lines.Line2D([], [], color="black", linewidth=1, label="cover found"),
        mpl.lines.Line2D([], [], color="black", linewidth=0.8, linestyle="--", label="proved lower bound"),
    ]
    axes[0, -1].legend(handles=handles)
    figure.tight_layout()
    return figure


def image_grid(sets, per_class=1):
    """The first images of each class, a row per training set: {name: (images (n, c, h, w) in [0, 1], labels (n,))}."""
    classes = np.unique(np.concatenate([labels for _, labels in sets.values()]))
    columns = per_class * len(classes)
    size = (0.55 * columns + 1.2, 0.58 * len(sets))
    figure, axes = plt.subplots(len(sets), columns, figsize=size, squeeze=False)
    for line, (name, (images, labels)) in zip(axes, sets.items(), strict=True):
        shown = [row for label in classes for row in np.flatnonzero(labels == label)[:per_class]]
        for axis in line:
            axis.axis("off")
        for axis, row in zip(line, shown, strict=False):
            image = images[row].transpose(1, 2, 0)
            axis.imshow(image[..., 0] if image.shape[2] == 1 else image, cmap="gray", vmin=0, vmax=1)
        line[0].text(-0.35, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=8)
    figure.subplots_adjust(wspace=0.05, hspace=0.08)
    return figure


def condensation(histories, snapshots):
    """Loss of condensations over their iterations, relative to its first; below, images as they change.

    histories: DataFrame of subset, seed, iteration, loss; snapshots: {subset: records of iteration and image (C, c, h,
    w), one image per class}, a row each.
    """
    size = (9.0, 2.8 + 1.0 * len(snapshots))
    figure = plt.figure(figsize=size, layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[2.8, 1.0 * len(snapshots)])
    _draw_losses(above.subplots(), histories)
    columns = max(len(records) for records in snapshots.values())
    for line, (subset, records) in zip(
        below.subplots(len(snapshots), columns, squeeze=False), snapshots.items(), strict=True
    ):
        for axis in line:
            axis.axis("off")
        for axis, record in zip(line, records, strict=False):
            axis.imshow(_mosaic(record["image"]), cmap="gray", vmin=0, vmax=1)
            axis.set_title(f"iteration {record['iteration']}", fontsize=7, pad=2)
        line[0].text(-0.05, 0.5, subset, transform=line[0].transAxes, ha="right", va="center", fontsize=8)
    return figure


def _draw_losses(axis, histories):
    methods = histories["subset"].str.replace(r"-ipc\d+$", "", regex=True)
    colours, _ = palette(list(dict.fromkeys(methods)))
    budgets = sorted(histories["subset"].str.extract(r"-ipc(\d+)$")[0].astype(int).unique())
    lines = dict(zip(budgets, ["-", "--", ":", "-.", (0, (1, 4))] * len(budgets), strict=False))
    for (subset, _), rows in histories.groupby(["subset", "seed"], sort=False):
        method, ipc = subset.rsplit("-ipc", 1)
        share = rows["iteration"] / rows["iteration"].iloc[-1]
        style = {"color": colours[method], "linestyle": lines[int(ipc)], "linewidth": 0.9, "alpha": 0.8}
        axis.plot(share, rows["loss"] / rows["loss"].iloc[0], **style)
    axis.set_ylim(bottom=0)
    axis.set_xlabel("share of the iterations")
    axis.set_ylabel("loss / first loss")
    handles = [mpl.lines.Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    if len(budgets) > 1:
        handles += [
            mpl.lines.Line2D([], [], color="black", linestyle=lines[k], label=f"{k} per class") for k in budgets
        ]
    axis.legend(handles=handles, loc="center left", bbox_to_anchor=(1, 0.5))


def _mosaic(images):
    """Images (n, c, h, w) side by side in two rows, a white line between: one image (h, w) or (h, w, 3)."""
    columns = -(-len(images) // 2)
    around = [(0, 2 * columns - len(images)), (0, 0), (0, 1), (0, 1)]
    images = np.pad(images, around, constant_values=1)
    _, channels, height, width = images.shape
    page = images.reshape(2, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    page = page.reshape(2 * height, columns * width, channels)[:-1, :-1]
    return page[..., 0] if channels == 1 else page


CELL = ["dataset", "training", "model"]


def certificates(table):
    """Share of the training images certified against eps, a panel per cell and cover: from the centres alone, of all
    images and of those that are no centres, and by certifying images directly.

    table: one row per run, cover and eps, as `certify_model` writes them; lines are means over seeds.
    """
    panels = [*CELL, "subset", "cover", "norm"]
    table = table.assign(size=table["eps"].map(lambda eps: float(Fraction(str(eps)))))
    lines = {
        "drawn_direct": ("each image certified", "-", "o"),
        "transferred": ("from the centres, all images", "--", "s"),
        "transferred_beyond_centres": ("from the centres, other images", ":", "^"),
    }
    figure, axes = _panels(table, panels)
    for axis, (key, rows) in zip(axes, table.groupby(panels, sort=False), strict=True):
        named = dict(zip(panels, key, strict=True))
        means = rows.groupby("size")[list(lines)].mean()
        for (column, (label, style, marker)), colour in zip(lines.items(), COLOURS[4:], strict=False):
            axis.plot(means.index, 100 * means[column], style, marker=marker, markersize=4, color=colour, label=label)
        trained = "" if named["subset"] == named["cover"] else f" trained on {named['subset']}"
        axis.set_title(
            f"{named['dataset']}, {named['training']}, {named['model']}{trained}\ncentres of {named['cover']}"
        )
        axis.set_xlabel(f"eps ({NORM_NAMES[named['norm']]})")
        axis.set_ylim(-3, 103)
        axis.set_ylabel("training images certified (%)")
    return _finished(figure, axes, 3)


def bounds(table):
    """Losses over training, a panel per cell and cover: on all images under attack, the generalised one on the cover
    under attack, and certified upper bounds of both where there are any.

    table: one row per run and snapshot, as `trace_bound` writes them; lines are means over seeds. Above the dotted
    line, the loss of a constant answer, a bound says nothing.
    """
    panels = [*CELL, "subset", "norm", "eps"]
    lines = {
        "all_attack": ("all images, attacked", "-", "o", COLOURS[4]),
        "cover_attack": ("cover at eps + r, attacked", "--", "s", COLOURS[5]),
        "all_certified": ("all images, certified", "-", "^", COLOURS[3]),
        "cover_certified": ("cover at eps + r, certified", "--", "v", COLOURS[6]),
    }
    figure, axes = _panels(table, panels)
    for axis, (key, rows) in zip(axes, table.groupby(panels, sort=False), strict=True):
        named = dict(zip(panels, key, strict=True))
        means = rows.groupby("step")[[*lines, "chance"]].mean()
        for column, (label, style, marker, colour) in lines.items():
            if means[column].notna().any():
                axis.plot(means.index, means[column], style, marker=marker, markersize=4, color=colour, label=label)
        axis.axhline(means["chance"].iloc[0], color="black", linewidth=0.8, linestyle=":", label="a constant answer")
        axis.set_yscale("log")
        axis.set_title(
            f"{named['dataset']}, {named['training']}, {named['model']}\n{named['subset']}, "
            f"{NORM_NAMES[named['norm']]}, eps = {named['eps']}"
        )
        axis.set_xlabel("updates")
        axis.set_ylabel("mean loss")
    return _finished(figure, axes, 3)


def transfer(table):
    """Heat maps of accuracy in percent: rows are models attacked, columns the models whose adversarial images they
    are shown; a panel per cell, norm and eps, means over seeds."""
    panels = [*CELL, "norm", "eps"]
    count = table["source"].nunique()
    figure, axes = _panels(table, panels, size=(0.5 * count + 1.6, 0.42 * count + 1.4))
    for axis, (key, rows) in zip(axes, table.groupby(panels, sort=False), strict=True):
        named = dict(zip(panels, key, strict=True))
        order = list(dict.fromkeys(rows["source"]))
        means = 100 * rows.pivot_table(index="target", columns="source", values="accuracy").loc[order, order]
        sns.heatmap(means, ax=axis, vmin=0, vmax=100, cmap="cividis", annot=True, fmt=".0f", cbar=False, square=True)
        size = f"{NORM_NAMES[named['norm']]}, eps = {named['eps']}"
        axis.set_title(f"{named['dataset']}, {named['training']}, {named['model']}\n{size}")
        axis.set_xlabel("images made on")
        axis.set_ylabel("shown to")
    figure.tight_layout()
    return figure


def _panels(table, keys, size=(3.3, 2.7)):
    """A figure with a panel for each combination of keys, three to a row."""
    count = len(table[keys].drop_duplicates())
    columns = min(3, count)
    rows = -(-count // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False)
    for axis in axes.flat[count:]:
        axis.axis("off")
    return figure, list(axes.flat[:count])


def _finished(figure, axes, columns):
    """One legend below all panels."""
    named = {}
    for axis in axes:
        named |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    rows = -(-len(named) // columns)
    height = 0.22 * rows / figure.get_figheight()
    figure.tight_layout(rect=(0, height, 1, 1))
    figure.legend(named.values(), named.keys(), loc="lower center", ncol=columns)
    return figure
