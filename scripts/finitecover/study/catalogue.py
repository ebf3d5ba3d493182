"""What is known of a data set before its images are read: a study is checked with Snakemake's packages alone."""

import zipfile
from math import ceil
from pathlib import Path

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}

# Size of the smallest class of the training split; digits after the split of `split_by_class`.
SMALLEST_CLASS = {"digits": 139, "MNIST": 5421, "FashionMNIST": 6000, "CIFAR10": 5000, "SVHN": 4659}
# Shorter side of the images, where it is known beforehand.
SIDE = {"digits": 8, "MNIST": 28, "FashionMNIST": 28, "CIFAR10": 32, "SVHN": 32}


def smallest_class(settings):
    """Size of the smallest training class of a dataset's settings without loading its images; None if unknown.

    Lets a study refuse a budget above it before any work is done.
    """
    if settings["source"] == "digits":
        return SMALLEST_CLASS["digits"]
    if settings["source"] == "torchvision":
        return SMALLEST_CLASS[settings["name"]]
    if settings["source"] == "folder":
        return _smallest_folder(Path(settings["path"]), settings.get("test_share"))
    try:
        import numpy as np  # Snakemake's own environment may lack it; the download step counts then

        with np.load(settings["path"], allow_pickle=False) as file:
            return int(np.unique(file["y_train"], return_counts=True)[1].min())
    except (ImportError, OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile, EOFError):
        return None  # the download step says what is wrong with the file


def image_side(settings):
    """Shorter side of a dataset's images without loading them; None if unknown."""
    return SIDE.get(settings.get("name", settings["source"]), settings.get("size"))


def _smallest_folder(root, test_share):
    split = (root / "train").is_dir()
    root, share = (root / "train", 0.0) if split else (root, test_share or 0.0)
    if not root.is_dir():
        return None
    sizes = [len(image_files(path)) for path in root.iterdir() if path.is_dir()]
    return min((n - ceil(share * n) for n in sizes), default=None)


def image_files(folder):
    """Image files of a folder, sorted."""
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
