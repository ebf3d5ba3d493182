"""The figure of adversarial images: what the attacks of the study made of a few test images, model by model."""

import numpy as np

from finitecover.reporting.figures.style import NORM_NAMES, OTHER, mosaic, mpl, plt

INCH = 0.66  # width of an image
GAP, LINE = 0.25, 0.34  # between test images, and for the line of text below them, in images
WRONG = "#B5340A"  # of a wrong prediction, beside its sign and a thick frame
SHOWN = 5  # test images, those that most of the models classify correctly: a clean error is no work of an attack
SIGNS = {True: "\N{CHECK MARK}", False: "\N{BALLOT X}"}


def adversarial(models, norm, eps):
    """A column per test image, at most `SHOWN` of them, and a row per model: the perturbation, scaled around grey, and
    the adversarial image, with the predictions before and after; above them the clean images.

    models: pairs of (training set, training) and records of `evaluation.pictures`, of the same test images; norm, eps:
    of the attack that is shown.
    """
    chosen = [(name, records[(records["norm"] == norm) & (records["eps"] == eps)]) for name, records in models]
    correct = sum((records["clean"] == records["label"]).astype(int) for _, records in chosen)
    places = np.sort(np.argsort(-correct, kind="stable")[:SHOWN])
    chosen = [(name, records[places]) for name, records in chosen]
    first = chosen[0][1]
    largest = max(np.abs(records["adversarial"] - records["image"]).max() for _, records in chosen)
    factor = float(f"{0.5 / largest:.2g}") if largest else 1.0
    axis, width = _page(len(first), len(chosen))
    for place, record in enumerate(first):
        left = place * (2 + GAP)
        _show(axis, record["image"], left + 0.5, 0)
        axis.text(left + 1, 1.06, f"class {record['label']}", ha="center", va="top", fontsize=8)
    axis.text(-0.15, 0.5, f"clean images\n{NORM_NAMES[norm]}, eps = {eps}", ha="right", va="center", fontsize=8)
    for line, ((training_set, training), records) in enumerate(chosen, start=1):
        top = line * (1 + LINE)
        axis.text(-0.15, top + 0.5, f"{training_set}\n{training}", ha="right", va="center", fontsize=8)
        for place, record in enumerate(records):
            _pair(axis, record, factor, place * (2 + GAP), top)
    told = f"left: perturbation \N{MULTIPLICATION SIGN} {factor:g}, grey is none; right: adversarial image; below: "
    told += f"predictions before and after, {SIGNS[True]} correct, {SIGNS[False]} wrong"
    axis.text(width / 2, -0.12, told, ha="center", va="bottom", fontsize=8)
    return axis.figure


def _page(images, models):
    """An axis in units of an image, the first row on top, without ticks; and its width."""
    width, height = images * (2 + GAP) - GAP, (1 + models) * (1 + LINE)
    figure = plt.figure(figsize=(INCH * width, INCH * height))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, width), ylim=(height, 0))
    axis.axis("off")
    return axis, width


def _show(axis, image, left, top):
    extent = (left, left + 1, top + 1, top)
    axis.imshow(mosaic(image[None]), extent=extent, cmap="gray", vmin=0, vmax=1, aspect="auto")


def _frame(axis, left, top, width, colour):
    look = {"linewidth": width, "edgecolor": colour, "zorder": 1 + width}
    axis.add_patch(mpl.patches.Rectangle((left, top), 1, 1, fill=False, clip_on=False, **look))


def _pair(axis, record, factor, left, top):
    """A perturbation, the adversarial image beside it, framed, and below them the predictions before and after."""
    perturbation = record["adversarial"] - record["image"]
    _show(axis, np.clip(0.5 + factor * perturbation, 0, 1), left, top)
    _show(axis, record["adversarial"], left + 1, top)
    correct = record["prediction"] == record["label"]
    _frame(axis, left, top, 0.6, OTHER)
    _frame(axis, left + 1, top, *((0.6, OTHER) if correct else (2.2, WRONG)))
    _answer(axis, left + 0.86, top, record["clean"], record["label"], "right")
    axis.text(left + 1, top + 1.06, "\N{RIGHTWARDS ARROW}", ha="center", va="top", fontsize=8)
    _answer(axis, left + 1.14, top, record["prediction"], record["label"], "left")


def _answer(axis, place, top, prediction, label, side):
    right = bool(prediction == label)
    look = {"color": "black" if right else WRONG, "fontweight": "normal" if right else "bold"}
    axis.text(place, top + 1.06, f"{prediction} {SIGNS[right]}", ha=side, va="top", fontsize=8, **look)
