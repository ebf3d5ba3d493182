"""Figures of certificates, of bounds over training, and of transferred attacks."""

from fractions import Fraction
from itertools import product

import numpy as np

from finitecover.reporting.figures.style import (
    COLOURS,
    NORM_NAMES,
    failed_mark,
    legend_below,
    log_ticks,
    panel_grid,
    plt,
    sns,
    tell_failed,
)
from finitecover.reporting.statistics import FAILED_MARK

CELL = ["dataset", "training", "model"]


CERTIFIED = {
    "drawn_direct": ("each image certified", {"linestyle": "-", "marker": "o"}),
    "transferred": ("from the centres, all images", {"linestyle": "--", "marker": "s"}),
    "transferred_beyond_centres": ("from the centres, other images", {"linestyle": ":", "marker": "^"}),
}


def certificates(table):
    """Share of the training images certified against eps: from the centres alone, of all images and of those that are
    no centres, and by certifying images directly; a row per data set and cover, a column per training and network, and
    whether the model was trained on the cover.

    table: one row per run, cover and eps, as `certify_model` writes them; lines are means over seeds.
    """
    table = table.assign(
        size=table["eps"].map(lambda eps: float(Fraction(str(eps)))),
        trained=table["training_set"].where(table["training_set"].ne(table["cover"]), "the cover"),
    )
    across, down = ["training", "model", "trained", "norm"], ["dataset", "cover"]
    columns, lines = (list(table[keys].drop_duplicates().itertuples(index=False, name=None)) for keys in (across, down))
    figure, axes = plt.subplots(
        len(lines),
        len(columns),
        figsize=(1.75 * len(columns) + 0.8, 1.5 * len(lines) + 0.7),
        squeeze=False,
        sharex="col",
        sharey=True,
        layout="constrained",
    )
    drawn = {(key[:2], key[2:]): rows for key, rows in table.groupby([*down, *across], sort=False)}
    looks = {label: {**look, "markersize": 4} for label, look in CERTIFIED.values()}
    looks = {label: {**look, "color": colour} for (label, look), colour in zip(looks.items(), COLOURS, strict=False)}
    for axis, (line, column) in zip(axes.flat, product(lines, columns), strict=True):
        if (line, column) in drawn:
            _draw_certified(axis, drawn[line, column], looks)
        else:
            axis.axis("off")
    for axis, (training, model, trained, norm) in zip(axes[0], columns, strict=True):
        axis.set_title(f"{training}, {model}\non {trained}, {NORM_NAMES[norm]}", fontsize=8)
    for axis, (dataset, cover) in zip(axes[:, 0], lines, strict=True):
        axis.axis("on")
        axis.set_ylabel(f"{dataset}\n{cover}\ncertified (%)", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("eps", fontsize=8)
    return legend_below(figure, looks | failed_mark(table))


def _draw_certified(axis, rows, looks):
    means = rows.groupby("size")[list(CERTIFIED)].mean()
    for column, look in zip(CERTIFIED, looks.values(), strict=True):
        axis.plot(means.index, 100 * means[column], **look)
    axis.set_xticks(means.index, [f"{size:g}" for size in means.index], fontsize=8)
    axis.set_ylim(-4, 104)
    axis.set_yticks([0, 50, 100])
    axis.tick_params(axis="both", labelsize=8)
    _tell_failed(axis, rows)


LOSSES = {
    "all_attack": ("all images, attacked", {"marker": "o", "color": "#0072B2", "markerfacecolor": "white"}),
    "cover_attack": ("cover at eps + r, attacked", {"marker": "o", "color": "#0072B2"}),
    "all_certified": ("all images, certified", {"marker": "s", "color": "#D55E00", "markerfacecolor": "white"}),
    "cover_certified": ("cover at eps + r, certified", {"marker": "s", "color": "#D55E00"}),
}


def bounds(table):
    """Losses at the end of training, a row per cover, network and training, grouped by data set: on all images under
    attack, the generalised one on the cover under attack, and certified upper bounds of both where there are any.

    table: one row per run and snapshot, as `trace_bound` writes them; marks are means over seeds. Right of the dotted
    line, the loss of a constant answer, a bound is vacuous.
    """
    keys = ["dataset", "training_set", "model", "training", "norm", "eps"]
    ends = table[table["step"] == table.groupby(keys)["step"].transform("max")]
    datasets = list(ends.groupby("dataset", sort=False))
    counts = [rows[keys].drop_duplicates().shape[0] for _, rows in datasets]
    figure, axes = plt.subplots(
        len(datasets),
        1,
        figsize=(6.5, 0.24 * sum(counts) + 0.5 * len(counts) + 0.9),
        squeeze=False,
        sharex=True,
        layout="constrained",
        gridspec_kw={"height_ratios": counts},
    )
    for axis, (dataset, rows) in zip(axes.flat, datasets, strict=True):
        _draw_losses(axis, rows, keys)
        axis.set_title(dataset, fontsize=9)
    axes[-1, 0].set_xscale("log")
    log_ticks(axes[-1, 0].xaxis)
    axes[-1, 0].set_xlabel("mean loss at the end of training (log)")
    shown = {label: {**look, "linestyle": ""} for name, (label, look) in LOSSES.items() if ends[name].notna().any()}
    chance = {"a constant answer": {"color": "black", "linestyle": ":"}}
    return legend_below(figure, shown | chance | failed_mark(ends))


def _draw_losses(axis, rows, keys):
    names = []
    for height, (key, cells) in enumerate(rows.groupby(keys, sort=False)):
        _, training_set, model, training, norm, eps = key
        names.append(f"{training_set}, {model}, {training}, {NORM_NAMES[norm]} {eps}")
        means = cells[list(LOSSES)].mean().dropna()
        axis.plot([means.min(), means.max()], [height, height], color="#888888", linewidth=0.8, zorder=1)
        for name, value in means.items():
            axis.plot(value, height, linestyle="", markersize=5, **LOSSES[name][1])
        tell_failed(axis, [cells["gate_failed"].any()], [means.max()], [height])
    axis.axvline(rows["chance"].mean(), color="black", linewidth=1, linestyle=":")
    axis.set_yticks(range(len(names)), names, fontsize=7.5)
    axis.set_ylim(len(names) - 0.5, -0.5)


def _tell_failed(axis, rows):
    """The mark of failed gates in a panel's corner, if one failed for its models."""
    if rows["gate_failed"].any():
        axis.text(0.97, 0.97, FAILED_MARK, transform=axis.transAxes, ha="right", va="top")


def transfer(table):
    """Heat maps of accuracy under another model's adversarial images less that under a model's own, in points: rows are
    models attacked, columns the models whose images they are shown; a panel per cell, norm and eps, means over seeds.
    Where it is negative, the model's own attack is the weaker one.
    """
    panels = [*CELL, "norm", "eps"]
    shared = table.groupby(panels, sort=False)
    shown = [(dict(zip(panels, key, strict=True)), _apart_from_own(rows)) for key, rows in shared]
    count = table["source"].nunique()
    reach = max(np.nanmax(np.abs(points.to_numpy()), initial=1) for _, points in shown)
    figure, axes = panel_grid(len(shown), size=(0.36 * count + 1.7, 0.3 * count + 1.5), columns=2 if count > 6 else 3)
    for axis, (named, points) in zip(axes, shown, strict=True):
        look = {"annot": True, "fmt": "+.0f", "annot_kws": {"fontsize": 7}, "square": True, "cbar": False}
        sns.heatmap(points, ax=axis, cmap="RdBu", center=0, vmin=-reach, vmax=reach, mask=points.isna(), **look)
        threat = f"{NORM_NAMES[named['norm']]}, eps = {named['eps']}"
        axis.set_title(f"{named['dataset']}, {named['training']}, {named['model']}\n{threat}", fontsize=9)
        axis.set_xlabel("images made on")
        axis.set_ylabel("shown to")
        axis.tick_params(axis="y", rotation=0, labelsize=7.5)
        axis.tick_params(axis="x", rotation=90, labelsize=7.5)
        axis.grid(visible=False)
    figure.colorbar(axes[0].collections[0], ax=axes, shrink=0.6, label="points above the model's own attack")
    return figure


def _apart_from_own(rows):
    """Points (targets, sources) above the diagonal's accuracy of the same target, which itself is left empty."""
    order = list(dict.fromkeys(rows["source"]))
    shares = rows.pivot_table(index="target", columns="source", values="accuracy").loc[order, order]
    points = 100 * shares.sub(np.diag(shares), axis=0)
    return points.mask(np.eye(len(order), dtype=bool))
