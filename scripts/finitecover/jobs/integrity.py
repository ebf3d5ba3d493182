"""Whether a file still is what a job wrote: a digest beside every output, looked at by every job that reads it.

The digest of ``train.npy`` lies in ``.train.npy.sha256``, in the format of ``sha256sum``. A file without one (your own
data, or what another program wrote) is taken as it is.
"""

import hashlib
from pathlib import Path

from finitecover.jobs.files import save_text


class DamagedError(ValueError):
    """An input that is not what was written; the message is one line."""


def seal(path):
    """Write the digest of a finished file beside it."""
    path = Path(path)
    save_text(_beside(path), f"{_digest(path)}  {path.name}\n")


def unseal(path):
    """Remove the digest of a file that is about to be made anew."""
    _beside(Path(path)).unlink(missing_ok=True)


def check(path):
    """Raise `DamagedError` if a sealed file was truncated or altered, having quarantined it as ``<name>.damaged``.

    Moved and not left in place, since Snakemake takes any file that exists for finished: once it is gone, the same
    command makes it anew. A file that cannot be opened is left where it is and raises `OSError`.
    """
    path = Path(path)
    if not _beside(path).exists() or not path.exists():
        return
    if _digest(path) != _beside(path).read_text(encoding="utf-8").split()[0]:
        raise quarantine(path, "checksum mismatch (truncated or altered since it was written)")


def quarantine(path, reason):
    """Rename a damaged file to ``<name>.damaged``; the `DamagedError` to raise."""
    moved = path.with_name(f"{path.name}.damaged")
    path.replace(moved)
    return DamagedError(f"{path}: {reason}; quarantined as {moved.name}, so the same command makes it anew")


def _beside(path):
    return path.with_name(f".{path.name}.sha256")


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
