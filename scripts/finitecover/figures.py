"""Style and drawing of every figure: one colour and marker per method, everywhere; vector PDF and PNG with equal bytes
for equal input."""

from fractions import Fraction

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("agg")
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib import ticker

from finitecover.arrays import written_aside

# Okabe and Ito's colours, then Tol's, told apart by the colour-blind; markers tell methods apart in grey.
COLOURS = ["#000000", "#999999", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#F0E442"]
COLOURS += ["#882255", "#44AA99", "#332288", "#117733", "#AA4499", "#DDCC77", "#CC6677", "#999933", "#88CCEE"]
MARKERS = ["*", "X", "s", "D", "^", "o", "P", "v", "<", ">", "h", "p", "8", "d", "H"]
MARKERS += ["P", "<", "p", "8"]  # no others can be half filled; one more than colours, so that pairs repeat late
KNOWN = ["full", "random", "kcenter", "herding", "kmeans", "mfc", "mfc-eta", "dm", "mfc-blind", "dc", "dsa", "mtt"]
KNOWN += ["mfc-partial", "medoids", "mfc-slack", "mfc-mixed", "mfc-pca", "mfc-features"]
DOTS_PER_INCH = 160
OPEN = "none"  # a marker of standard training; others have a filling each, of which the alternative side is white
FILLINGS = ["full", "left", "bottom", "top", "right"]
LINES = ["-", "--", ":", "-.", (0, (1, 4))]
PANEL = ["dataset", "measure", "eps"]
NORM_NAMES = {"l1": r"$\ell_1$", "l2": r"$\ell_2$", "linf": r"$\ell_\infty$"}


def style():
    """Set sizes and fonts; text in PDFs stays text (TrueType)."""
    sns.set_theme(context="paper", style="whitegrid")
    mpl.rcParams.update(
        {"pdf.fonttype": 42, "savefig.dpi": DOTS_PER_INCH, "axes.titlesize": "medium", "legend.frameon": False}
    )


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


def tradeoff(table, kinds):
    """Clean against worst-case accuracy, a panel per data set and norm, for every training; intervals over seeds as
    crosses, budgets as sizes of markers, trainings as their fillings.

    table: a `headline_table`; kinds: {training: (kind, norm)}. A panel has the trainings of its norm and those of none,
    or, where there are no such, all.
    """
    both = _with_clean(table)
    panels = _panel_keys(both)
    figure, axes = _panels(both, panels, size=(3.6, 3.3))
    colours, markers = palette(list(dict.fromkeys(both["method"])))
    others = [name for name, (kind, _) in kinds.items() if kind != "standard"]
    fillings = dict.fromkeys(kinds, OPEN) | dict(zip(others, FILLINGS * len(others), strict=False))
    for axis, (panel, cells) in zip(axes, both.groupby(panels, sort=False), strict=True):
        of_norm = [name for name, (_, norm) in kinds.items() if norm in (panel[1], None)]
        if cells["training"].isin(of_norm).any():
            cells = cells[cells["training"].isin(of_norm)]
        _draw_cells(axis, cells, colours, markers, fillings)
        _label_panel(axis, panel, "clean accuracy (%)")
        # Limits from the points: a few seeds can have intervals wider than the page.
        for limit, values in ((axis.set_xlim, cells["mean_clean"]), (axis.set_ylim, cells["mean"])):
            limit(100 * values.min() - 4, 100 * values.max() + 4)
    named = {name: {"marker": markers[name], "color": colours[name], "markersize": 7} for name in colours}
    open_ = {"marker": "o", "color": "black", "markerfacecoloralt": "white", "markersize": 7}
    named |= {training: open_ | {"fillstyle": fillings[training]} for training in dict.fromkeys(both["training"])}
    named |= _budget_marks(sorted(both["ipc"].dropna().unique()))
    return _with_legend(figure, {label: {"linestyle": "", **look} for label, look in named.items()})


def _with_clean(table):
    """Worst-case rows of a `headline_table` with the clean accuracy of the same models beside them."""
    clean, robust = table[table["measure"] == "clean"], table[table["measure"] != "clean"]
    keys = ["dataset", "subset", "method", "ipc", "training", "model"]
    return robust.merge(clean[[*keys, "mean", "low", "high"]], on=keys, suffixes=("", "_clean"))


def _against_own(table, kinds):
    """Rows of a `headline_table` that measure models in the norm that they were trained against."""
    return table[[kinds[name][1] == norm for name, norm in zip(table["training"], table["measure"], strict=True)]]


def _panel_keys(table):
    """What a panel is for: a data set, a norm and a size, and a network where there are several."""
    return PANEL + ["model"] * (table["model"].nunique() > 1)


def _label_panel(axis, panel, below):
    dataset, norm, eps, *network = panel
    axis.set_title(", ".join([dataset, *network, NORM_NAMES[norm], f"eps = {eps}"]))
    axis.set_xlabel(below)
    axis.set_ylabel("robust accuracy (%)")


def _marker_size(ipc, budgets):
    return 6 if pd.isna(ipc) else 4.5 + 2.5 * budgets.index(ipc)


def _budget_marks(budgets):
    """What a legend says of the sizes of markers, where there are several budgets."""
    if len(budgets) < 2:
        return {}
    hollow = {"marker": "o", "color": "none", "markeredgecolor": "black"}
    return {f"{ipc} per class": hollow | {"markersize": _marker_size(ipc, budgets)} for ipc in budgets}


def _draw_cells(axis, cells, colours, markers, fillings):
    budgets = sorted(cells["ipc"].dropna().unique())
    for cell in cells.itertuples():
        size = 9 if cell.method == "full" else _marker_size(cell.ipc, budgets)
        x, y = 100 * cell.mean_clean, 100 * cell.mean
        spread = {}
        if np.isfinite(cell.low):
            spread = {"xerr": 100 * (cell.high_clean - cell.mean_clean), "yerr": 100 * (cell.high - cell.mean)}
        colour, marker = colours[cell.method], markers[cell.method]
        axis.errorbar(x, y, **spread, color=colour, ecolor=(*mpl.colors.to_rgb(colour), 0.3), elinewidth=0.8)
        look = {"marker": marker, "fillstyle": fillings[cell.training], "markerfacecoloralt": "white"}
        axis.plot(x, y, linestyle="", color=colour, markersize=size, **look)


def budgets(table, kinds):
    """Worst-case accuracy of adversarially trained models against images per class, a panel per data set and norm;
    what has no budget, all images or as many as a radius needs, is a level line.

    table: a `headline_table`; kinds: {training: (kind, norm)}. Bands are 95 % intervals over seeds.
    """
    robust = _against_own(table, kinds)
    panels = _panel_keys(robust)
    figure, axes = _panels(robust, panels, size=(3.6, 3.0))
    colours, markers = palette(list(dict.fromkeys(robust["method"])))
    lines = dict(zip([name for name, kind in kinds.items() if kind[1]], LINES * len(kinds), strict=False))
    for axis, (panel, cells) in zip(axes, robust.groupby(panels, sort=False), strict=True):
        for (method, training), rows in cells.groupby(["method", "training"], sort=False):
            look = {"color": colours[method], "linestyle": lines[training], "linewidth": 1.1}
            if rows["ipc"].isna().all():
                axis.axhline(100 * rows["mean"].iloc[0], **look)
                continue
            rows = rows.sort_values("ipc")
            places = rows["ipc"].astype(float)
            axis.plot(places, 100 * rows["mean"], marker=markers[method], markersize=5, **look)
            axis.fill_between(places, 100 * rows["low"], 100 * rows["high"], color=colours[method], alpha=0.07, lw=0)
        asked = sorted(cells["ipc"].dropna().unique())
        axis.set_xscale("log")
        axis.set_xticks(asked, [str(ipc) for ipc in asked])
        axis.minorticks_off()
        axis.set_ylim(0, 100 * cells["mean"].max() + 6)
        _label_panel(axis, panel, "images per class")
    named = {name: {"marker": markers[name], "color": colours[name], "markersize": 6} for name in colours}
    used = [name for name in lines if name in set(robust["training"])]
    named |= {training: {"color": "black", "linestyle": lines[training]} for training in used}
    return _with_legend(figure, named)


def sizes(summary, kinds, attack):
    """Accuracy under one attack against its size, eps = 0 being clean, at the largest budget; a panel per data set and
    norm, for pgd training of that norm and, dotted, standard training.

    summary: of `summarise`; kinds: {training: (kind, norm)}; attack: name of the attack.
    """
    ipc = summary["ipc"].max()
    chosen = summary[summary["ipc"].isna() | (summary["ipc"] == ipc)]
    attacked, clean = chosen[chosen["attack"] == attack], chosen[chosen["attack"] == "clean"]
    pairs = zip(attacked["training"], attacked["norm"], strict=True)
    attacked = attacked[[kinds[training] in (("standard", None), ("pgd", norm)) for training, norm in pairs]]
    panels = ["dataset", "norm", "model"]
    figure, axes = _panels(attacked, panels, size=(3.6, 3.0))
    colours, markers = palette(list(dict.fromkeys(chosen["method"])))
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
        texts = ["0", *rows["eps"].drop_duplicates()]
        axis.set_xticks([float(Fraction(text)) for text in texts], texts)
        named = [dataset] + [network] * several + [NORM_NAMES[norm]] + ([] if pd.isna(ipc) else [f"{ipc} per class"])
        axis.set_title(", ".join(named))
        axis.set_xlabel("eps")
        axis.set_ylabel(f"accuracy under {attack} (%)")
    named = {name: {"marker": markers[name], "color": colours[name], "markersize": 6} for name in colours}
    used = {kinds[training][0] for training in attacked["training"]}
    named |= {kind: {"color": "black", "linestyle": style} for kind, style in styles.items() if kind in used}
    return _with_legend(figure, named)


def costs(table, kinds, seconds):
    """Worst-case accuracy after pgd training against the seconds that making the training set took, a panel per data
    set and norm; the level line is all images.

    table: a `headline_table`; kinds: {training: (kind, norm)}; seconds: {(dataset, subset): of one core}.
    """
    robust = _against_own(table, kinds)
    robust = robust[[kinds[name][0] == "pgd" for name in robust["training"]]]
    panels = _panel_keys(robust)
    figure, axes = _panels(robust, panels, size=(3.6, 3.0))
    colours, markers = palette(list(dict.fromkeys(robust["method"])))
    asked = sorted(robust["ipc"].dropna().unique())
    for axis, (panel, cells) in zip(axes, robust.groupby(panels, sort=False), strict=True):
        for cell in cells.itertuples():
            spent = seconds.get((cell.dataset, cell.subset))
            if spent is None:
                axis.axhline(100 * cell.mean, color=colours[cell.method], linewidth=1.1)
                continue
            colour, marker = colours[cell.method], markers[cell.method]
            spread = 100 * (cell.high - cell.mean) if np.isfinite(cell.low) else None
            axis.errorbar(spent, 100 * cell.mean, yerr=spread, color=(*mpl.colors.to_rgb(colour), 0.35), elinewidth=0.8)
            size = _marker_size(cell.ipc, asked)
            axis.plot(spent, 100 * cell.mean, linestyle="", marker=marker, color=colour, markersize=size)
        axis.set_xscale("log")
        axis.set_ylim(0, 100 * cells["mean"].max() + 6)
        _label_panel(axis, panel, "core-seconds for one training set")
    named = {name: {"marker": markers[name], "color": colours[name], "markersize": 7} for name in colours}
    named |= _budget_marks(asked)
    return _with_legend(figure, {label: {"linestyle": "", **look} for label, look in named.items()})


def architectures(table, kinds):
    """Heat maps of worst-case accuracy after adversarial training in percent: rows are training sets and trainings,
    columns networks, a panel per data set and norm.

    table: a `headline_table`; kinds: {training: (kind, norm)}.
    """
    robust = _against_own(table, kinds)
    robust = robust.assign(row=robust["subset"] + ", " + robust["training"])
    rows, columns = robust.groupby(PANEL)["row"].nunique().max(), robust["model"].nunique()
    figure, axes = _panels(robust, PANEL, size=(0.75 * columns + 2.6, 0.28 * rows + 0.8))
    for axis, (panel, cells) in zip(axes, robust.groupby(PANEL, sort=False), strict=True):
        names = [list(dict.fromkeys(cells[key])) for key in ("row", "model")]
        _heat_map(axis, cells.pivot_table(index="row", columns="model", values="mean").loc[names[0], names[1]])
        _label_panel(axis, panel, "")
        axis.set_ylabel("")
    figure.tight_layout()
    return figure


def _heat_map(axis, shares, **look):
    """Shares as percentages, in numbers that stand out against their cells in grey, too."""
    sns.heatmap(100 * shares, ax=axis, vmin=0, vmax=100, cmap="cividis", annot=True, fmt=".0f", cbar=False, **look)
    for text, share in zip(axis.texts, shares.to_numpy().flat, strict=True):
        text.set_color("black" if share >= 0.5 else "white")
    axis.tick_params(axis="y", rotation=0)


def _with_legend(figure, named):
    """The same legend right of all panels: {label: properties of its line}."""
    handles = [mpl.lines.Line2D([], [], label=label, **look) for label, look in named.items()]
    legend = figure.legend(handles=handles, loc="center right")
    width = legend.get_window_extent().width / figure.dpi + 0.1
    figure.set_figwidth(figure.get_figwidth() + width)
    figure.tight_layout(rect=(0, 0, 1 - width / figure.get_figwidth(), 1))
    return figure


def frontier(tables, norm):
    """Size against radius of covers, a panel per data set; per class a line (cover) above its lower bound (dashed).

    tables: {dataset: DataFrame with label, points, radius, size, lower_bound}, of one search or of several. A cover
    serves every larger radius and a bound every smaller one, so both are steps.
    """
    figure, axes = plt.subplots(1, len(tables), figsize=(4.2 * len(tables), 3.2), squeeze=False)
    for axis, (dataset, table) in zip(axes[0], tables.items(), strict=True):
        shades = sns.color_palette("viridis", table["label"].nunique())
        for shade, (_, rows) in zip(shades, table.groupby("label"), strict=True):
            rows = rows.sort_values("radius", kind="stable", ignore_index=True)
            rows = rows.assign(size=rows["size"].cummin(), lower_bound=rows["lower_bound"][::-1].cummax())
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
    lines = dict(zip(budgets, LINES * len(budgets), strict=False))
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
    """Losses over training, a column per training and a row per cover and network: on all images under attack, the
    generalised one on the cover under attack, and certified upper bounds of both where there are any.

    table: one row per run and snapshot, as `trace_bound` writes them; lines are means over seeds. Above the dotted
    line, the loss of a constant answer, a bound says nothing.
    """
    rows = ["dataset", "subset", "model"]
    lines = {
        "all_attack": ("all images, attacked", "-", "o", COLOURS[4]),
        "cover_attack": ("cover at eps + r, attacked", "--", "s", COLOURS[5]),
        "all_certified": ("all images, certified", "-", "^", COLOURS[3]),
        "cover_certified": ("cover at eps + r, certified", "--", "v", COLOURS[6]),
    }
    trainings = list(dict.fromkeys(table["training"]))
    named = list(table.groupby(rows, sort=False))
    size = (1.9 * len(trainings) + 1.2, 1.6 * len(named) + 0.7)
    figure, axes = plt.subplots(len(named), len(trainings), figsize=size, squeeze=False, sharex=True, sharey=True)
    for line, ((dataset, subset, model), cells) in zip(axes, named, strict=True):
        sizes = cells[["norm", "eps"]].drop_duplicates().itertuples(index=False)
        sizes = ", ".join(f"{NORM_NAMES[norm]} {eps}" for norm, eps in sizes)
        line[0].set_ylabel(f"{dataset}\n{subset}, {model}\neps = {sizes}\nmean loss", fontsize=7.5)
        for axis, training in zip(line, trainings, strict=True):
            means = cells[cells["training"] == training].groupby("step")[[*lines, "chance"]].mean()
            if means.empty:
                axis.text(0.5, 0.5, "not run", transform=axis.transAxes, ha="center", va="center")
                continue
            for column, (label, style, marker, colour) in lines.items():
                if means[column].notna().any():
                    axis.plot(means.index, means[column], style, marker=marker, markersize=4, color=colour, label=label)
            constant = {"color": "black", "linewidth": 0.8, "linestyle": ":", "label": "a constant answer"}
            axis.axhline(means["chance"].iloc[0], **constant)
    for above, below, training in zip(axes[0], axes[-1], trainings, strict=True):
        above.set_title(training)
        below.set_xlabel("updates")
    axes[0, 0].set_yscale("log")
    axes[0, 0].yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes[0, 0].yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axes[0, 0].yaxis.set_minor_formatter(ticker.NullFormatter())
    return _finished(figure, axes.flat, 3)


def transfer(table):
    """Heat maps of accuracy in percent: rows are models attacked, columns the models whose adversarial images they
    are shown; a panel per cell, norm and eps, means over seeds."""
    panels = [*CELL, "norm", "eps"]
    count = table["source"].nunique()
    figure, axes = _panels(table, panels, size=(0.5 * count + 1.6, 0.42 * count + 1.4))
    for axis, (key, rows) in zip(axes, table.groupby(panels, sort=False), strict=True):
        named = dict(zip(panels, key, strict=True))
        order = list(dict.fromkeys(rows["source"]))
        shares = rows.pivot_table(index="target", columns="source", values="accuracy").loc[order, order]
        _heat_map(axis, shares, square=True)
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
