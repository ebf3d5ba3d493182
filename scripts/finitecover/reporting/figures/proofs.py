"""Figures of certificates, of bounds over training, and of transferred attacks."""

from fractions import Fraction

from finitecover.reporting.figures.style import COLOURS, NORM_NAMES, heat_map, mpl, panel_grid, plt, with_legend_below
from finitecover.reporting.statistics import FAILED_MARK

CELL = ["dataset", "training", "model"]


def certificates(table):
    """Share of the training images certified against eps, a panel per cell and cover: from the centres alone, of all
    images and of those that are no centres, and by certifying images directly.

    table: one row per run, cover and eps, as `certify_model` writes them; lines are means over seeds.
    """
    panels = [*CELL, "training_set", "cover", "norm"]
    table = table.assign(size=table["eps"].map(lambda eps: float(Fraction(str(eps)))))
    lines = {
        "drawn_direct": ("each image certified", "-", "o"),
        "transferred": ("from the centres, all images", "--", "s"),
        "transferred_beyond_centres": ("from the centres, other images", ":", "^"),
    }
    figure, axes = panel_grid(table, panels)
    for axis, (key, rows) in zip(axes, table.groupby(panels, sort=False), strict=True):
        named = dict(zip(panels, key, strict=True))
        means = rows.groupby("size")[list(lines)].mean()
        for (column, (label, style, marker)), colour in zip(lines.items(), COLOURS[4:], strict=False):
            axis.plot(means.index, 100 * means[column], style, marker=marker, markersize=4, color=colour, label=label)
        trained = "" if named["training_set"] == named["cover"] else f" trained on {named['training_set']}"
        axis.set_title(
            f"{named['dataset']}, {named['training']}, {named['model']}{trained}\ncentres of {named['cover']}"
        )
        axis.set_xlabel(f"eps ({NORM_NAMES[named['norm']]})")
        axis.set_ylim(-3, 103)
        axis.set_ylabel("training images certified (%)")
        _tell_failed(axis, rows)
    return with_legend_below(figure, axes, 3)


def bounds(table):
    """Losses over training, a column per training and a row per cover and network: on all images under attack, the
    generalised one on the cover under attack, and certified upper bounds of both where there are any.

    table: one row per run and snapshot, as `trace_bound` writes them; lines are means over seeds. Above the dotted
    line, the loss of a constant answer, a bound is vacuous.
    """
    rows = ["dataset", "training_set", "model"]
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
    for line, ((dataset, training_set, model), cells) in zip(axes, named, strict=True):
        sizes = cells[["norm", "eps"]].drop_duplicates().itertuples(index=False)
        sizes = ", ".join(f"{NORM_NAMES[norm]} {eps}" for norm, eps in sizes)
        line[0].set_ylabel(f"{dataset}\n{training_set}, {model}\neps = {sizes}\nmean loss", fontsize=7.5)
        for axis, training in zip(line, trainings, strict=True):
            shown = cells[cells["training"] == training]
            means = shown.groupby("step")[[*lines, "chance"]].mean()
            if means.empty:
                axis.text(0.5, 0.5, "not run", transform=axis.transAxes, ha="center", va="center")
                continue
            for column, (label, style, marker, colour) in lines.items():
                if means[column].notna().any():
                    axis.plot(means.index, means[column], style, marker=marker, markersize=4, color=colour, label=label)
            constant = {"color": "black", "linewidth": 0.8, "linestyle": ":", "label": "a constant answer"}
            axis.axhline(means["chance"].iloc[0], **constant)
            _tell_failed(axis, shown)
    for above, below, training in zip(axes[0], axes[-1], trainings, strict=True):
        above.set_title(training)
        below.set_xlabel("updates")
    axes[0, 0].set_yscale("log")
    axes[0, 0].yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes[0, 0].yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:g}"))
    axes[0, 0].yaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    return with_legend_below(figure, axes.flat, 3)


def _tell_failed(axis, rows):
    """The mark of failed gates in a panel's corner, if one failed for its models."""
    if rows["gate_failed"].any():
        axis.text(0.97, 0.97, FAILED_MARK, transform=axis.transAxes, ha="right", va="top")


def transfer(table):
    """Heat maps of accuracy in percent: rows are models attacked, columns the models whose adversarial images they
    are shown; a panel per cell, norm and eps, means over seeds."""
    panels = [*CELL, "norm", "eps"]
    count = table["source"].nunique()
    figure, axes = panel_grid(table, panels, size=(0.5 * count + 1.6, 0.42 * count + 1.4))
    for axis, (key, rows) in zip(axes, table.groupby(panels, sort=False), strict=True):
        named = dict(zip(panels, key, strict=True))
        order = list(dict.fromkeys(rows["source"]))
        shares = rows.pivot_table(index="target", columns="source", values="accuracy").loc[order, order]
        heat_map(axis, shares, square=True)
        size = f"{NORM_NAMES[named['norm']]}, eps = {named['eps']}"
        axis.set_title(f"{named['dataset']}, {named['training']}, {named['model']}\n{size}")
        axis.set_xlabel("images made on")
        axis.set_ylabel("shown to")
    figure.tight_layout()
    return figure
