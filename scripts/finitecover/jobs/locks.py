"""Snakemake's lock of a folder, where the Snakemake that took it was killed.

Snakemake refuses a folder that another one has locked, but a lock says nothing of who took it, so that after a
``kill -9`` or a power cut the folder stays locked until ``snakemake --unlock``. A run therefore leaves a note of who it
is; the next one takes away the lock of a run of this machine that is no more. Runs that submit to a cluster leave none:
their jobs go on without them, and must be cancelled first.
"""

import json
import socket
from pathlib import Path

import psutil

FOLDER = Path(".snakemake")
NOTE = FOLDER / "run.json"


def note_run():
    """Leave a note of the run that has just locked this folder."""
    process = psutil.Process()
    NOTE.write_text(json.dumps([socket.gethostname(), process.pid, process.create_time()]), encoding="utf-8")


def forget_run():
    """Take the note away at the end of a run."""
    NOTE.unlink(missing_ok=True)


def break_stale_lock():
    """Remove this folder's lock if the run that took it was one of this machine and is no more; whether it did so."""
    try:
        host, pid, started = json.loads(NOTE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if host != socket.gethostname() or _runs(pid, started):
        return False
    locks = list((FOLDER / "locks").glob("*.lock"))
    for lock in locks:
        lock.unlink(missing_ok=True)
    forget_run()
    return bool(locks)


def _runs(pid, started):
    try:
        return abs(psutil.Process(pid).create_time() - started) < 1
    except psutil.NoSuchProcess:
        return False
