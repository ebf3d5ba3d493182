"""Files: atomic writes, text, JSON, and rows of dicts as CSV. Standard library only, since every job imports it."""

import csv
import json
import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path):
    """Yield a path beside `path`; when the block ends well, rename it to `path` once it is on the disk, else remove it.

    A machine that loses power then leaves the old file or the new one, never an empty one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise OSError(f"{path}: could not be written: {error}; is the disk full?") from error
    finally:
        partial.unlink(missing_ok=True)


def remove_partial_writes(path):
    """Remove what jobs that were killed had written of `path`."""
    path = Path(path)
    for partial in path.parent.glob(f".{path.stem}.[0-9]*{path.suffix}"):
        partial.unlink(missing_ok=True)


def save_bytes(path, content):
    """Write bytes."""
    with atomic_write(path) as partial:
        partial.write_bytes(content)


def save_text(path, text):
    """Write UTF-8 text."""
    save_bytes(path, text.encode())


def save_json(path, value):
    """Write JSON with sorted keys, so that equal values are equal files."""
    save_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def load_json(path):
    """Read JSON."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def save_rows(path, rows):
    """Write a CSV of one dict per row, all with the keys of the first; floats keep all their digits.

    For the jobs that are many and small: they need not import pandas (`tables` does).
    """
    with atomic_write(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def load_rows(path):
    """Read a CSV as a list of dicts of text."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
