"""Figures of covers and of the images that methods chose or made."""

import numpy as np

from finitecover.reporting.figures.style import NORM_NAMES, mpl, plt, sns


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
