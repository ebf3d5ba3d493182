"""Sets in files of others: condensed ones in the formats of the reference implementations, so that published sets can
be judged here, and what a study of this workflow publishes, places among the training images and images.

DC, DSA and DM write one `.pt` file, {"data": [[images, labels] of each experiment], "accs_all_exps": accuracies}; MTT
writes `images_best.pt` and `labels_best.pt`. Images are tensors (n, c, h, w), normalised by mean and standard
deviation per channel and not clamped. A study writes one table of places for all its sets, and an `.npz` with images in
[0, 1] and labels for each cover with free centres. Files are read without running code.
"""

import zipfile
from pathlib import Path

import numpy as np
import torch

from finitecover.condensation.matching import from_normalised
from finitecover.jobs.files import load_rows
from finitecover.jobs.records import load_arrays
from finitecover.jobs.tensors import save_tensors
from finitecover.training.models import Normalise

CLAMPED_SHARE, CLAMPED_MEAN = 0.1, 0.05  # of the pixels, and of the range on average, from which clamping is noted

COLUMNS = ("dataset", "training_set", "seed", "label", "index")  # of a study's table of places

# Accuracies lie in DC's files as NumPy scalars, which hold data alone.
_SCALARS = [
    np._core.multiarray.scalar,
    (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),
    np.dtype,
    type(np.dtype(np.float64)),
]


def load_condensed(path, form, experiment, dataset):
    """(images (n, c, h, w) float32 in [0, 1], labels (n,) int64, clamping, notes) of a file of the reference
    implementations.

    path: the `.pt` file; for MTT that of the images, the labels' beside it. form: "dc" or "mtt". experiment: which of
    the sets in a file of DC's. dataset: {"shape", "classes", "mean", "std"}, the statistics being those the images were
    normalised by. Images are clamped after normalisation is undone; `clamping` says what that changed. notes: sentences
    on what looks as if other statistics were right. Raises `ValueError` for a file that does not hold such a set.
    """
    path = Path(path)
    content = _load(path)
    if form == "mtt":
        if not path.name.startswith("images_"):
            raise ValueError(f"{path}: MTT's images are in images_<...>.pt, their labels beside it in labels_<...>.pt")
        images, labels = content, _load(path.with_name(path.name.replace("images_", "labels_", 1)))
    else:
        sets = content.get("data") if isinstance(content, dict) else None
        if not isinstance(sets, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in sets):
            raise ValueError(f'{path}: not {{"data": [[images, labels], ...]}}, the format of DC, DSA and DM')
        if not 0 <= experiment < len(sets):
            raise ValueError(f"{path}: has no experiment {experiment}; it holds {len(sets)}")
        images, labels = sets[experiment]
    if isinstance(labels, list | tuple):
        labels = torch.as_tensor(labels)
    _check(path, images, labels, dataset)
    images = images.detach().float()
    found, clamping = from_normalised(images, dataset)
    return found, labels.numpy().astype(np.int64), clamping, _suspicions(images, clamping)


def load_images(path, dataset):
    """(images (n, c, h, w) float32 in [0, 1] or uint8, labels (n,) int64) of an `.npz` with arrays of these names.

    dataset: as for `load_condensed`. Raises `ValueError` for a file that does not hold such a set.
    """
    try:
        arrays = load_arrays(path)
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not an .npz that can be read without running code") from error
    if lacking := {"images", "labels"} - arrays.keys():
        raise ValueError(f"{path}: has no array {', '.join(sorted(lacking))}; it needs images and labels")
    if wrong := [name for name in ("images", "labels") if arrays[name].dtype.kind not in "iuf"]:
        raise ValueError(f"{path}: {wrong[0]} are of type {arrays[wrong[0]].dtype}; expected numbers")
    images, labels = (torch.from_numpy(np.ascontiguousarray(arrays[name])) for name in ("images", "labels"))
    in_bytes = images.dtype == torch.uint8
    _check(path, images.float() if in_bytes else images, labels, dataset)
    if not in_bytes and not 0 <= images.min() <= images.max() <= 1:
        raise ValueError(f"{path}: pixels run from {images.min():.3g} to {images.max():.3g}; expected [0, 1]")
    return (images if in_bytes else images.float()).numpy(), labels.numpy().astype(np.int64)


def load_indices(path, dataset, training_set, seed, labels):
    """Places (m,) int64 among the training images of a set in a study's table of places, `indices.csv`.

    dataset, training_set: their names in the table; seed: of the set, whatever it is where sets have none, as covers;
    labels: (n,) of the training images. Raises `ValueError` where the table has no such set, or is of other images.
    """
    rows = load_rows(path)
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise ValueError(f"{path}: not a table with columns {', '.join(COLUMNS)} and at least one row")
    own = [row for row in rows if (row["dataset"], row["training_set"]) == (dataset, training_set)]
    if not own:
        known = ", ".join(dict.fromkeys(f"{row['dataset']}/{row['training_set']}" for row in rows))
        raise ValueError(f"{path}: has no {dataset}/{training_set}; it has {known}")
    seeds = list(dict.fromkeys(row["seed"] for row in own if row["seed"]))
    if seeds and str(seed) not in seeds:
        raise ValueError(f"{path}: {dataset}/{training_set} has seeds {', '.join(seeds)}, not {seed}")
    own = [row for row in own if row["seed"] in ("", str(seed))]
    if wrong := [row for row in own if not (row["index"].isdecimal() and row["label"].isdecimal())]:
        raise ValueError(f"{path}: index {wrong[0]['index']!r}, label {wrong[0]['label']!r}: expected whole numbers")
    places, classes = (np.array([int(row[name]) for row in own]) for name in ("index", "label"))
    if places.max() >= len(labels):
        raise ValueError(f"{path}: place {places.max()} is none of the {len(labels)} training images")
    if wrong := places[labels[places] != classes].tolist():
        raise ValueError(f"{path}: image {wrong[0]} is of another class here; the table is of other training images")
    return places


def _suspicions(images, clamping):
    """Sentences on normalised images that may be something else."""
    if images.min() >= 0 and images.max() <= 1:
        return [
            "all values lie in [0, 1], as if the images had never been normalised; if so, give the method "
            "normalisation: {mean: [0], std: [1]}, a value per channel"
        ]
    if clamping["clamped_share"] > CLAMPED_SHARE and clamping["clamped_mean"] > CLAMPED_MEAN:
        return [
            f"clamping to [0, 1] changed {100 * clamping['clamped_share']:.0f} % of the pixels, by "
            f"{clamping['clamped_mean']:.2g} on average; if the images were normalised by other statistics than the "
            "data set's, the method's normalisation must say which; whitened images cannot be brought back"
        ]
    return []


def save_condensed(images, labels, dataset, dc_path, mtt_images_path, mtt_labels_path):
    """Write images (n, c, h, w) in [0, 1] and labels, classes (n,) or probabilities (n, classes), in both formats,
    normalised by the data set's statistics."""
    normalise = Normalise(dataset["mean"], dataset["std"])
    normalised = normalise(torch.from_numpy(np.array(images, dtype=np.float32)))
    labels = torch.from_numpy(np.array(labels, dtype=np.int64 if labels.ndim == 1 else np.float32))
    save_tensors(dc_path, {"data": [[normalised, labels]], "accs_all_exps": {}})
    save_tensors(mtt_images_path, normalised)
    save_tensors(mtt_labels_path, labels)


def _load(path):
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    try:
        with torch.serialization.safe_globals(_SCALARS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path}: not a file of tensors that can be read without running code") from error


def _check(path, images, labels, dataset):
    shape, classes = tuple(dataset["shape"]), dataset["classes"]
    if torch.is_tensor(images) and not images.is_floating_point():
        raise ValueError(f"{path}: images are of type {images.dtype}; expected floats, normalised per channel")
    if not (torch.is_tensor(images) and torch.is_tensor(labels) and images.shape == (len(labels), *shape)):
        what = tuple(images.shape) if torch.is_tensor(images) else type(images).__name__
        raise ValueError(
            f"{path}: images are {what}; the data set's are (n, {', '.join(map(str, shape))}), as many as labels"
        )
    if labels.dim() != 1 or labels.is_floating_point() or not len(labels):
        raise ValueError(f"{path}: labels must be a list of whole numbers")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"{path}: labels run from {labels.min()} to {labels.max()}; the data set has classes 0..{classes - 1}"
        )
    lacking = sorted(set(range(classes)) - set(labels.tolist()))
    if lacking:
        raise ValueError(f"{path}: no image of class {', '.join(map(str, lacking))}; every class needs one")
    if not torch.isfinite(images).all():
        raise ValueError(f"{path}: images hold NaN or infinite values")
