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

from finitecover.data.checks import DataError
from finitecover.data.folders import classes_of, from_folder
from finitecover.data.splits import split_by_class

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
        with _opened(path) as file:
            absent = [name for name in names if name not in file.files]
            if absent:
                held = ", ".join(file.files[:10]) or "nothing"
                raise DataError(f"{path}: no array {', '.join(absent)}; expected {', '.join(names)}; it holds {held}")
            arrays = tuple(file[name] for name in names)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except MemoryError as error:
        raise DataError(f"{path}: its arrays are larger than the memory ({error})") from error
    except DataError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise DataError(f"{path}: not a readable .npz, or truncated ({error})") from error
    except ValueError as error:
        raise DataError(
            f"{path}: holds something other than plain numeric arrays, or is truncated ({error})"
        ) from error
    for name, array in zip(names, arrays, strict=True):
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path}: {name} is not a NumPy array (.npy); write the file with numpy.savez")
    return arrays


def _opened(path):
    file = np.load(path, allow_pickle=False)
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise DataError(f"{path}: holds one array (.npy); write four into an .npz by numpy.savez")
    return file


# What each source makes of its settings, a list for notes, the data set's name, the mirror and a scratch folder.
SOURCES = {
    "digits": lambda settings, *_: digits(),
    "torchvision": lambda settings, notes, *where: from_torchvision(settings["name"], *where),
    "npz": lambda settings, *_: from_npz(settings["path"]),
    "folder": lambda settings, notes, *_: from_folder(
        settings["path"], settings.get("size"), settings.get("test_share"), notes
    ),
}


def read(settings, dataset, mirror, workspace):
    """(x_train, y_train, x_test, y_test), notes, names of a data set from where its settings say; raises `DataError`.

    notes: sentences on what was left out or changed on the way. names: of the classes of a folder of images, in the
    order of their labels; None for other sources.
    """
    notes = []
    arrays = SOURCES[settings["source"]](settings, notes, dataset, mirror, workspace)
    return arrays, notes, classes_of(settings["path"]) if settings["source"] == "folder" else None


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
