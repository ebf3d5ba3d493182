"""What is known of a data set before its images are read: a study is checked with Snakemake's packages alone."""

import os
import zipfile
from hashlib import sha256
from math import ceil
from pathlib import Path

# What no one means to be data: what systems, archivers and notebooks leave in folders, and all with a leading dot.
LITTER = {"Thumbs.db", "desktop.ini", "__MACOSX"}
CHANNELS = (1, 3)  # of images
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}

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


def source_files(settings):
    """Your own files that a source reads and that Snakemake can compare by itself: one file, or none."""
    return [settings["path"]] if settings["source"] == "npz" else []


def source_state(settings):
    """What tells whether the images of a folder are the same as before: names, sizes and times of change, as text; ""
    for other sources. A publisher's files need none, since their checksums are known.
    """
    files = sorted(_files_below(Path(settings["path"]))) if settings["source"] == "folder" else []
    digest = sha256()
    for path in files:
        found = path.stat()
        digest.update(os.fsencode(path) + f" {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16] if files else ""


def _files_below(folder, above=()):
    """Files of a folder and of those below it, links to folders among them; above: real paths of those around it."""
    here = os.path.realpath(folder)
    if here in above or not folder.is_dir():
        return
    for path in folder.iterdir():
        if not _is_litter(path) and path.is_dir():
            yield from _files_below(path, (*above, here))
        elif not _is_litter(path) and path.is_file():
            yield path


def image_side(settings):
    """Shorter side of a dataset's images without loading them; None if unknown."""
    if settings["source"] == "npz":
        return _side_of_array(settings["path"])
    if settings["source"] == "folder":
        return settings.get("size") or _side_of_first_image(Path(settings["path"]))
    return SIDE.get(settings.get("name", settings["source"]))


def _side_of_array(path):
    try:
        import numpy as np  # Snakemake's own environment may lack it

        with zipfile.ZipFile(path) as file, file.open("x_train.npy") as array:
            version = np.lib.format.read_magic(array)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape = read(array)[0]
    except (ImportError, OSError, KeyError, ValueError, zipfile.BadZipFile, EOFError):
        return None
    sides = shape[2:] if len(shape) == 4 and shape[-1] not in CHANNELS else shape[1:3]
    return min(sides) if len(sides) == 2 else None


def _side_of_first_image(root):
    if not root.is_dir():
        return None
    root = root / "train" if is_split(root) else root
    files = next(filter(None, (image_files(root / name) for name in class_names(root))), None)
    try:
        from PIL import Image  # as above

        with Image.open(files[0]) as image:
            return min(image.size)
    except (ImportError, OSError, TypeError, SyntaxError):
        return None


def _smallest_folder(root, test_share):
    if not root.is_dir():
        return None
    root, share = (root / "train", 0.0) if is_split(root) else (root, test_share or 0.0)
    sizes = [len(image_files(root / name)) for name in class_names(root)]
    return min((n - ceil(share * n) for n in sizes), default=None)


def is_split(root):
    """Whether a folder of images has its training and its test images apart; "train" alone may be a class."""
    return (root / "train").is_dir() and (root / "test").is_dir()


def class_names(folder):
    """Names of the folders of classes, sorted."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not _is_litter(path))


def image_files(folder):
    """Image files of a folder, sorted."""
    files = (path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and not _is_litter(path))
    return sorted(path for path in files if not path.is_dir())


def skipped_files(folder):
    """What lies in the folder of a class and is no image file: (other files, subfolders), sorted."""
    images = set(image_files(folder))
    rest = sorted(path for path in folder.iterdir() if path not in images and not _is_litter(path))
    return [path for path in rest if not path.is_dir()], [path for path in rest if path.is_dir()]


def _is_litter(path):
    return path.name.startswith(".") or path.name in LITTER
