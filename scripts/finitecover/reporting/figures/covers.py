"""Figures of covers and of the images that methods chose or made."""

import numpy as np

from finitecover.reporting.figures.style import COLOURS, NORM_NAMES, legend_below, log_ticks, mosaic, plt

GRID = 200  # radii at which the range over classes is taken
PER_CLASS = 10  # images shown of a class, at most


def frontier(tables, norm):
    """Size against radius of covers, a panel per data set: the middle class and the range over classes of covers found
    and of proved lower bounds, from the radius on at which every class was searched; points where a class was solved.

    tables: {dataset: DataFrame with label, points, radius, size, lower_bound}, of one search or of several. A cover
    serves every larger radius and a bound every smaller one, so both are steps.
    """
    figure, axes = plt.subplots(1, len(tables), figsize=(4.2 * len(tables), 3.4), squeeze=False, layout="constrained")
    found, bound = {"color": COLOURS[0]}, {"color": COLOURS[1]}
    for axis, (dataset, table) in zip(axes[0], tables.items(), strict=True):
        classes = [_steps(rows) for _, rows in table.groupby("label")]
        for column, look in (("size", found), ("lower_bound", bound)):
            radii, values = _over_classes(classes, column)
            area = (
                {"alpha": 0.2, "linewidth": 0}
                if look is found
                else {"alpha": 0.6, "hatch": "////", "facecolor": "none"}
            )
            axis.fill_between(radii, values.min(axis=0), values.max(axis=0), **look, **area)
            axis.plot(radii, np.median(values, axis=0), linewidth=1.3, linestyle="-" if look is found else "--", **look)
        solved = table[table["size"].eq(table["lower_bound"])]
        axis.plot(solved["radius"], solved["size"], "o", markersize=2.5, color="black", alpha=0.5)
        axis.set_yscale("log")
        log_ticks(axis.yaxis)
        axis.set_title(dataset)
        axis.set_xlabel(f"radius ({NORM_NAMES[norm]})")
    axes[0, 0].set_ylabel("centres of a class (log)")
    named = {
        "covers found: middle class and range": found,
        "proved lower bounds: middle class and range": bound | {"linestyle": "--"},
        "solved: a cover as small as its bound": {"color": "black", "marker": "o", "markersize": 3, "linestyle": ""},
    }
    return legend_below(figure, named)


def _steps(rows):
    """A class's rows in the order of the radius, with what is known at each: the smallest cover of those radii and
    below, the largest bound of those and above."""
    rows = rows.sort_values("radius", kind="stable", ignore_index=True)
    return rows.assign(size=rows["size"].cummin(), lower_bound=rows["lower_bound"][::-1].cummax())


def _over_classes(classes, column):
    """Radii (n,) from the first at which every class was searched to the last of any, and the values there (classes,
    n): beyond a class's last radius its smallest cover still serves, and the bound is one centre."""
    low = max(rows["radius"].iloc[0] for rows in classes)
    radii = np.linspace(low, max(rows["radius"].iloc[-1] for rows in classes), GRID)
    values = []
    for rows in classes:
        if column == "size":
            known, places = rows[column], np.searchsorted(rows["radius"], radii, side="right") - 1
        else:
            known, places = [*rows[column], 1], np.searchsorted(rows["radius"], radii, side="left")
        values.append(np.asarray(known)[places])
    return radii, np.array(values)


def image_grid(sets, per_class=PER_CLASS):
    """The first images of each class, a row per training set and a block per class, at most `per_class`:
    {name: (images (n, c, h, w) in [0, 1], labels (n,))}."""
    classes = np.unique(np.concatenate([labels for _, labels in sets.values()]))
    most = min(per_class, max(np.sum(labels == label) for _, labels in sets.values() for label in classes))
    width, height = (0.55, 0.58) if most == 1 else (0.17 * -(-most // 2) + 0.08, 0.42)
    size = (width * len(classes) + 1.2, height * len(sets))
    figure, axes = plt.subplots(len(sets), len(classes), figsize=size, squeeze=False)
    for line, (name, (images, labels)) in zip(axes, sets.items(), strict=True):
        for axis, label in zip(line, classes, strict=True):
            axis.axis("off")
            shown = images[np.flatnonzero(labels == label)[:most]]
            if len(shown):
                axis.imshow(mosaic(shown), cmap="gray", vmin=0, vmax=1)
        line[0].text(-0.1, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=8)
    for axis, label in zip(axes[0], classes, strict=True):
        axis.set_title(f"class {label}" if label == classes[0] else str(label), fontsize=8, pad=3)
    figure.subplots_adjust(wspace=0.08, hspace=0.12)
    return figure
