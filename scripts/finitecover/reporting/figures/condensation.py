"""The figure of condensations: loss over the iterations, and images as they change."""

from finitecover.reporting.figures.style import COLOURS, LINES, mosaic, mpl, plt


def condensation(histories, snapshots, order=()):
    """Loss of condensations over their iterations, relative to its first; below, images as they change.

    histories: DataFrame of method, ipc, seed, iteration, loss; snapshots: {training set: records of iteration and image
    (C, c, h, w), one image per class}, a row each; order: of the methods' colours.
    """
    size = (9.0, 2.8 + 1.0 * len(snapshots))
    figure = plt.figure(figsize=size, layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[2.8, 1.0 * len(snapshots)])
    _draw_losses(above.subplots(), histories, order)
    columns = max(len(records) for records in snapshots.values())
    for line, (training_set, records) in zip(
        below.subplots(len(snapshots), columns, squeeze=False), snapshots.items(), strict=True
    ):
        for axis in line:
            axis.axis("off")
        for axis, record in zip(line, records, strict=False):
            axis.imshow(mosaic(record["image"]), cmap="gray", vmin=0, vmax=1)
            axis.set_title(f"iteration {record['iteration']}", fontsize=7, pad=2)
        line[0].text(-0.05, 0.5, training_set, transform=line[0].transAxes, ha="right", va="center", fontsize=8)
    return figure


def _draw_losses(axis, histories, order):
    shown = set(histories["method"])
    names = [*(name for name in order if name in shown), *sorted(shown - set(order))]
    colours = dict(zip(names, COLOURS * len(names), strict=False))
    budgets = sorted(histories["ipc"].unique())
    lines = dict(zip(budgets, LINES * len(budgets), strict=False))
    for (method, ipc, _), rows in histories.groupby(["method", "ipc", "seed"], sort=False):
        share = rows["iteration"] / rows["iteration"].iloc[-1]
        style = {"color": colours[method], "linestyle": lines[ipc], "linewidth": 0.9, "alpha": 0.8}
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
