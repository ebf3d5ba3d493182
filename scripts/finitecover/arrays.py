"""The only code that knows file formats: labelled images, training sets, tables.

A set of labelled images is one ``.npy`` file holding a structured array with a record per image, so that one file is
one set, a job can memory-map it, and no file from elsewhere can run code (``allow_pickle=False`` throughout).

field       type, shape                     meaning
==========  ==============================  =======================================================================
image       uint8 or float32, (c, h, w)     pixels; uint8 stands for value / 255, float32 lies in [0, 1]
label       int64                           class, 0..C-1
index       int64                           position in the real training set; -1 for a synthetic image
weight      float64                         number of real images it stands for (w_c of a cover, else 1)
radius_l2   float64                         largest l2 distance to an image that it stands for (0 unless a cover)
radius_linf float64                         the same in linf
==========  ==============================  =======================================================================
"""

import csv
import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np

RADIUS_FIELD = {"l2": "radius_l2", "linf": "radius_linf"}


@contextmanager
def written_aside(path):
    """Yield a path beside `path`; when the block ends well, rename it to `path` once it is on the disk, else remove it.

    A machine that loses power then leaves the old file or the new one, never an empty one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield aside
        with open(aside, "rb") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        raise OSError(f"{path}: could not be written: {error}; is the disk full?") from error
    finally:
        aside.unlink(missing_ok=True)


def remove_asides(path):
    """Remove what was written aside for `path` by jobs that were killed."""
    path = Path(path)
    for aside in path.parent.glob(f".{path.stem}.[0-9]*{path.suffix}"):
        aside.unlink(missing_ok=True)


def training_set(images, labels, *, index=None, weight=None, radius_l2=None, radius_linf=None):
    """Records of a training set; `images` (n, c, h, w) uint8 or float32 in [0, 1], `labels` (n,) integers."""
    n = len(images)
    fields = [
        ("image", images.dtype, images.shape[1:]),
        ("label", np.int64),
        ("index", np.int64),
        ("weight", np.float64),
        ("radius_l2", np.float64),
        ("radius_linf", np.float64),
    ]
    records = np.zeros(n, dtype=fields)
    records["image"] = images
    records["label"] = labels
    records["index"] = -1 if index is None else index
    records["weight"] = 1.0 if weight is None else weight
    records["radius_l2"] = 0.0 if radius_l2 is None else radius_l2
    records["radius_linf"] = 0.0 if radius_linf is None else radius_linf
    return records


def save_array(path, array):
    """Write an array as one memory-mappable ``.npy`` file."""
    with written_aside(path) as aside, open(aside, "wb") as file:
        np.save(file, array, allow_pickle=False)


def load_array(path):
    """Memory-map a file of `save_array`."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


save_records, load_records = save_array, load_array  # of structured arrays


def pixels(images):
    """Pixels in [0, 1] as a contiguous float32 array: the study's points, whatever their storage."""
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images, dtype=np.float32) / np.float32(255)
    return np.ascontiguousarray(images, dtype=np.float32)


def save_arrays(path, **arrays):
    """Write named arrays as an uncompressed ``.npz``."""
    with written_aside(path) as aside, open(aside, "wb") as file:
        np.savez(file, **arrays)


def load_arrays(path):
    """Read an ``.npz`` of `save_arrays` into a dict."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def save_bytes(path, content):
    """Write bytes."""
    with written_aside(path) as aside:
        aside.write_bytes(content)


def save_text(path, text):
    """Write UTF-8 text."""
    save_bytes(path, text.encode())


def save_json(path, value):
    """Write JSON with sorted keys, so that equal values are equal files."""
    save_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def load_json(path):
    """Read JSON."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def save_csv(path, table):
    """Write a pandas table without its index, or a list of dicts with equal keys; floats keep all their digits.

    Lists serve the jobs that are many and small: they need not import pandas.
    """
    with written_aside(path) as aside:
        if not isinstance(table, list):
            table.to_csv(aside, index=False, lineterminator="\n")
            return
        with open(aside, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(table[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)


def load_csv(path):
    """Read a table as pandas; `eps` stays the text of the config, "8/255", and `ipc` is whole or missing."""
    import pandas as pd

    return pd.read_csv(path, dtype={"eps": str, "ipc": "Int64"}, keep_default_na=False, na_values=[""])


def save_parquet(path, columns):
    """Write columns, a dict of equally long arrays, as Parquet; texts as dictionaries."""
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({name: pyarrow.array(column) for name, column in columns.items()})
    with written_aside(path) as aside:
        parquet.write_table(table, aside)
