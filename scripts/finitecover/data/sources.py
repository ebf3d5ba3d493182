"""Where labelled images come from, and what they must be like before the study believes them.

Sources: `digits` (bundled with scikit-learn), MNIST, Fashion-MNIST, CIFAR-10 and SVHN as their publishers ship them
(downloaded by torchvision with its checksums, or taken from a mirror folder with the same checksums), an ``.npz`` of
four arrays, and a folder of images per class. Whatever is wrong raises `DataError` with one line that says what.
"""

import hashlib
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np

from finitecover.study.catalogue import image_files

SPLIT_SEED = 0  # of the split of sources that come without a test set


class DataError(ValueError):
    """A source that cannot be used; the message is one line."""


# --- sources: each returns x_train, y_train, x_test, y_test ---


def digits():
    """The 1,797 handwritten digits of scikit-learn, 8x8, 17 grey levels, a fifth of each class held out as test set."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = (bunch.images / 16).astype(np.float32)
    return split_by_class(images, bunch.target, test_share=0.2)


def publisher_files(name):
    """File names and md5 sums that torchvision expects of a publisher, and their folder below its root."""
    from torchvision import datasets

    if name in ("MNIST", "FashionMNIST"):
        return dict(getattr(datasets, name).resources), f"{name}/raw"
    if name == "CIFAR10":
        return {datasets.CIFAR10.filename: datasets.CIFAR10.tgz_md5}, "."
    splits = datasets.SVHN.split_list
    return {splits[split][1]: splits[split][2] for split in ("train", "test")}, "."


def from_torchvision(name, dataset, mirror, workspace):
    """MNIST, FashionMNIST, CIFAR10 or SVHN.

    Files are looked for in `mirror` first (``<mirror>/<dataset>/``, torchvision's own layout, or ``<mirror>/``) and
    must have the publisher's checksum; what is not there is downloaded. `workspace` is a scratch folder.
    """
    from torchvision import datasets

    files, folder = publisher_files(name)
    (workspace / folder).mkdir(parents=True, exist_ok=True)
    missing = []
    for file, md5 in files.items():
        found = _find_in_mirror(mirror, [dataset, folder, "."], file, md5)
        if found:
            shutil.copyfile(found, workspace / folder / file)
        else:
            missing.append(file)
    keyword = "split" if name == "SVHN" else "train"
    values = ("train", "test") if name == "SVHN" else (True, False)
    try:
        train, test = (getattr(datasets, name)(workspace, **{keyword: value}, download=True) for value in values)
    except (OSError, RuntimeError, EOFError, zlib.error) as error:
        where = f"is not in data.mirror ({mirror}) and" if mirror else "(data.mirror is not set)"
        raise DataError(
            f"{dataset}: {', '.join(missing) or 'a file'} {where} could not be downloaded: {error}"
        ) from error
    labels = [np.asarray(part.labels if name == "SVHN" else part.targets) for part in (train, test)]
    return np.asarray(train.data), labels[0], np.asarray(test.data), labels[1]


def from_npz(path):
    """Your own arrays: an ``.npz`` with x_train, y_train, x_test, y_test."""
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path, allow_pickle=False) as file:
            absent = [name for name in names if name not in file.files]
            if absent:
                raise DataError(f"{path}: no array {', '.join(absent)}; expected {', '.join(names)}")
            return tuple(file[name] for name in names)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise DataError(f"{path}: not a readable .npz, or truncated ({error})") from error
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path}: holds something other than plain numeric arrays, or is truncated ({error})"
        ) from error


def from_folder(path, size=None, test_share=None):
    """Your own images: ``train/<class>/*.png`` and ``test/<class>/*.png``, or ``<class>/*.png`` with a `test_share`.

    Classes are numbered in alphabetical order. With `size`, images are resized to size x size pixels.
    """
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{path}: no such folder")
    if (root / "train").is_dir():
        if not (root / "test").is_dir():
            raise DataError(f"{path}: has train/ but no test/")
        classes = _class_names(root / "train")
        extra = sorted(set(_class_names(root / "test")) - set(classes))
        if extra:
            raise DataError(f"{path}: test/ has classes that train/ lacks: {', '.join(extra)}")
        return (*_read_folder(root / "train", classes, size), *_read_folder(root / "test", classes, size))
    if test_share is None:
        raise DataError(f"{path}: has no train/ and test/ folders, so test_share must say which share to hold out")
    return split_by_class(*_read_folder(root, _class_names(root), size), test_share)


def split_by_class(images, labels, test_share):
    """Hold out `test_share` of each class (rounded up), drawn once with a fixed seed."""
    rng = np.random.default_rng(SPLIT_SEED)
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        held_out[members[: int(np.ceil(test_share * len(members)))]] = True
    return images[~held_out], labels[~held_out], images[held_out], labels[held_out]


# What each source makes of its settings, the data set's name, the mirror and a scratch folder.
SOURCES = {
    "digits": lambda settings, *_: digits(),
    "torchvision": lambda settings, *where: from_torchvision(settings["name"], *where),
    "npz": lambda settings, *_: from_npz(settings["path"]),
    "folder": lambda settings, *_: from_folder(settings["path"], settings.get("size"), settings.get("test_share")),
}


def read(settings, dataset, mirror, workspace):
    """x_train, y_train, x_test, y_test of a data set from where its settings say; raises `DataError`."""
    return SOURCES[settings["source"]](settings, dataset, mirror, workspace)


# --- checks ---


def standardise(x_train, y_train, x_test, y_test):
    """Check four arrays and return them as images (n, c, h, w), uint8 or float32 in [0, 1], and labels int64.

    Accepted images: (n, h, w), (n, h, w, c) or (n, c, h, w) with c = 1 or 3; uint8 in 0..255 or floats in [0, 1].
    Labels: integers 0..C-1, every class with an image in the training set. Raises `DataError` otherwise.
    """
    x_train, x_test = _images(x_train, "x_train"), _images(x_test, "x_test")
    if x_train.shape[1:] != x_test.shape[1:]:
        raise DataError(
            f"x_train has images of shape {x_train.shape[1:]}, x_test of {x_test.shape[1:]}: they must agree"
        )
    if x_train.dtype != x_test.dtype:
        raise DataError(f"x_train is {x_train.dtype}, x_test is {x_test.dtype}: both must be uint8 or both floats")
    y_train, y_test = _labels(y_train, x_train, "y_train"), _labels(y_test, x_test, "y_test")
    classes = np.unique(y_train)
    missing = np.flatnonzero(classes != np.arange(len(classes)))
    if len(missing):
        raise DataError(
            f"y_train: class {missing[0]} has no image, and there is a label {classes[-1]}; labels must be 0..C-1, "
            "each with at least one"
        )
    if y_test.max() > y_train.max():
        raise DataError(f"y_test: label {y_test.max()} does not occur in y_train (0..{y_train.max()})")
    return x_train, y_train, x_test, y_test


def channel_statistics(images):
    """Mean and standard deviation per channel of images (n, c, h, w) in [0, 1], summed in float64."""
    pixels = images.reshape(*images.shape[:2], -1)
    count = pixels.shape[0] * pixels.shape[2]
    scale = 255.0 if images.dtype == np.uint8 else 1.0
    mean = pixels.sum(axis=(0, 2), dtype=np.float64) / count / scale
    square = sum(np.square(part, dtype=np.float64).sum(axis=(0, 2)) for part in np.array_split(pixels, 64)) / count
    return mean.tolist(), np.sqrt(np.maximum(square / scale**2 - mean**2, 0)).tolist()


def _images(x, name):
    if x.size == 0 or x.ndim not in (3, 4):
        raise DataError(f"{name}: shape {x.shape}; expected (n, h, w), (n, h, w, c) or (n, c, h, w) with n > 0")
    if x.ndim == 3:
        x = x[:, None]
    elif x.shape[-1] in (1, 3):
        x = x.transpose(0, 3, 1, 2)
    elif x.shape[1] not in (1, 3):
        raise DataError(f"{name}: shape {x.shape} has neither 1 nor 3 channels, last or second")
    if x.dtype == np.uint8:
        return np.ascontiguousarray(x)
    if not np.issubdtype(x.dtype, np.floating):
        raise DataError(f"{name}: type {x.dtype}; expected uint8 in 0..255 or floats in [0, 1]")
    if not np.isfinite(x).all():
        raise DataError(f"{name}: holds NaN or infinite values ({int((~np.isfinite(x)).sum())} of {x.size})")
    if x.min() < 0 or x.max() > 1:
        raise DataError(f"{name}: values from {x.min():g} to {x.max():g}; floats must lie in [0, 1]")
    return np.ascontiguousarray(x, dtype=np.float32)


def _labels(y, images, name):
    if y.shape != (len(images),):
        raise DataError(f"{name}: shape {y.shape}; expected ({len(images)},), one label per image")
    if not np.issubdtype(y.dtype, np.integer):
        raise DataError(f"{name}: type {y.dtype}; labels must be integers")
    if y.min() < 0:
        raise DataError(f"{name}: label {y.min()} is negative; labels must be 0..C-1")
    return y.astype(np.int64)


# --- helpers of the sources ---


def _find_in_mirror(mirror, folders, file, md5):
    """First file of that name and checksum below the mirror; None if there is none of that name."""
    if mirror is None:
        return None
    if not Path(mirror).is_dir():
        raise DataError(f"data.mirror: no such folder: {mirror}")
    candidates = [path for folder in folders if (path := Path(mirror, folder, file)).is_file()]
    for path in candidates:
        if hashlib.md5(path.read_bytes()).hexdigest() == md5:
            return path
    if candidates:
        raise DataError(f"{candidates[0]}: checksum mismatch (md5 is not the publisher's {md5}); truncated or altered?")
    return None


def _class_names(folder):
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not names:
        raise DataError(f"{folder}: no class folders in it")
    return names


def _read_folder(root, classes, size):
    images, labels = [], []
    for label, name in enumerate(classes):
        files = image_files(root / name)
        if not files and root.name != "test":
            raise DataError(f"{root / name}: class without an image")
        images += [_read_image(file, size) for file in files]
        labels += [label] * len(files)
    # One colour image makes all colour, so that a grey photo among colour ones is no error.
    if any(image.ndim == 3 for image in images):
        images = [image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2) for image in images]
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise DataError(
            f"{root}: images of different sizes ({', '.join(map(str, sorted(shapes)))}); set size to resize them"
        )
    if not images:
        raise DataError(f"{root}: no images in it")
    return np.stack(images), np.array(labels, dtype=np.int64)


def _read_image(file, size):
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            grey = image.mode in ("1", "L", "LA", "I;16", "I", "F")
            image = image.convert("L" if grey else "RGB")
            return np.asarray(image if size is None else image.resize((size, size), Image.Resampling.BILINEAR))
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise DataError(f"{file}: not a readable image, or truncated ({error})") from error
