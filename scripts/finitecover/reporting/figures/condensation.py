"""The figure of condensations: loss over the iterations, and images as they change."""

from finitecover.reporting.figures.style import COLOURS, LINES, legend_below, mosaic, plt

COLUMNS = 4  # panels of losses side by side
PANEL, ROW = 1.9, 0.8  # heights of a panel and of a row of images


def condensation(histories, snapshots, order=()):
    """Loss of condensations over their iterations, relative to its first, a panel per method and a line per seed, in
    colour and dashes of its budget; below, images as they change.

    histories: DataFrame of method, ipc, seed, iteration, loss; snapshots: {training set: records of iteration and image
    (C, c, h, w), one image per class}, a row each; order: of the methods.
    """
    shown = set(histories["method"])
    names = [*(name for name in order if name in shown), *sorted(shown - set(order))]
    heights = (PANEL * -(-len(names) // COLUMNS) + 0.3, ROW * len(snapshots))
    figure = plt.figure(figsize=(9.0, sum(heights)), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    budgets = sorted(histories["ipc"].unique())
    looks = {k: {"color": COLOURS[n % len(COLOURS)], "linestyle": LINES[n % len(LINES)]} for n, k in enumerate(budgets)}
    _draw_losses(above, histories, names, looks)
    _draw_images(below, snapshots)
    return legend_below(figure, {f"{k} per class": look for k, look in looks.items()} if len(budgets) > 1 else {})


def _draw_losses(figure, histories, names, looks):
    columns = min(COLUMNS, len(names))
    axes = figure.subplots(-(-len(names) // columns), columns, squeeze=False, sharex=True, sharey=True)
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    for axis, name in zip(axes.flat, names, strict=False):
        for (ipc, _), rows in histories[histories["method"].eq(name)].groupby(["ipc", "seed"], sort=False):
            share = rows["iteration"] / rows["iteration"].iloc[-1]
            axis.plot(share, rows["loss"] / rows["loss"].iloc[0], linewidth=0.9, **looks[ipc])
        axis.set_title(name, fontsize=9)
        axis.set_ylim(bottom=0)
    figure.supxlabel("share of the iterations", fontsize=9)
    figure.supylabel("loss / first loss", fontsize=9)


def _draw_images(figure, snapshots):
    columns = max(len(records) for records in snapshots.values())
    lines = figure.subplots(len(snapshots), columns, squeeze=False)
    for line, (training_set, records) in zip(lines, snapshots.items(), strict=True):
        for axis in line:
            axis.axis("off")
        for axis, record in zip(line, records, strict=False):
            axis.imshow(mosaic(record["image"]), cmap="gray", vmin=0, vmax=1)
            axis.set_title(f"iteration {record['iteration']}", fontsize=8, pad=2)
        line[0].text(-0.05, 0.5, training_set, transform=line[0].transAxes, ha="right", va="center", fontsize=8)
