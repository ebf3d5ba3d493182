"""Labelled images and training sets as files, and the other arrays that jobs hand on.

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
soft_label  float32, (C,)                   probabilities of the classes; only where a teacher gave the set labels
==========  ==============================  =======================================================================
"""

from hashlib import sha256

import numpy as np

from finitecover.jobs.files import atomic_write
from finitecover.norms import PERTURBED


def radius_field(norm):
    """Name of the field that holds r_c in a norm; raises `ValueError` for one that no perturbation is measured in."""
    if norm not in PERTURBED:
        raise ValueError(f"no radii in norm {norm!r}; choose one of {', '.join(PERTURBED)}")
    return f"radius_{norm}"


def training_set(images, labels, *, index=None, weight=None, radii=None):
    """Records of a training set; `images` (n, c, h, w) uint8 or float32 in [0, 1], `labels` (n,) integers.

    index, weight: (n,); radii: {norm: (n,)} of the norms in `PERTURBED`. What is not given is -1, 1 and 0.
    """
    fields = [
        ("image", images.dtype, images.shape[1:]),
        ("label", np.int64),
        ("index", np.int64),
        ("weight", np.float64),
        *((radius_field(norm), np.float64) for norm in PERTURBED),
    ]
    records = np.zeros(len(images), dtype=fields)
    records["image"] = images
    records["label"] = labels
    records["index"] = -1 if index is None else index
    records["weight"] = 1.0 if weight is None else weight
    for norm, values in (radii or {}).items():
        records[radius_field(norm)] = values
    return records


def with_soft_labels(records, soft_labels):
    """The records of a training set with probabilities of the classes (n, C) besides."""
    found = np.zeros(len(records), [*records.dtype.descr, ("soft_label", np.float32, soft_labels.shape[1:])])
    found[list(records.dtype.names)] = records
    found["soft_label"] = soft_labels
    return found


def soft_labels_of(records):
    """Probabilities of the classes (n, C) float32 of a training set to which a teacher gave labels; else None."""
    return np.array(records["soft_label"]) if "soft_label" in records.dtype.names else None


def save_array(path, array):
    """Write an array as one memory-mappable ``.npy`` file."""
    with atomic_write(path) as partial, open(partial, "wb") as file:
        np.save(file, array, allow_pickle=False)


def load_array(path):
    """Memory-map a file of `save_array`."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


save_records, load_records = save_array, load_array  # of structured arrays


def content_digest(records):
    """Digest of a set's images and labels, whatever their order and whatever else is known of them."""
    each = sorted(sha256(record["image"].tobytes() + record["label"].tobytes()).digest() for record in records)
    return sha256(b"".join(each)).hexdigest()


def pixels(images):
    """Pixels in [0, 1] as a contiguous float32 array: the study's points, whatever their storage."""
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images, dtype=np.float32) / np.float32(255)
    return np.ascontiguousarray(images, dtype=np.float32)


def save_arrays(path, **arrays):
    """Write named arrays as an uncompressed ``.npz``."""
    with atomic_write(path) as partial, open(partial, "wb") as file:
        np.savez(file, **arrays)


def load_arrays(path):
    """Read an ``.npz`` of `save_arrays` into a dict."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def save_parquet(path, columns):
    """Write columns, a dict of equally long arrays, as Parquet; texts as dictionaries."""
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({name: pyarrow.array(column) for name, column in columns.items()})
    with atomic_write(path) as partial:
        parquet.write_table(table, partial)


def load_parquet(path, names):
    """Some columns of a file of `save_parquet`: {name: array}."""
    from pyarrow import parquet

    table = parquet.read_table(path, columns=list(names))
    return {name: table[name].to_numpy() for name in names}
