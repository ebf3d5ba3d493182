"""Snakemake's lock of a folder, where the Snakemake that took it was killed.

Snakemake refuses a folder that another one has locked, but a lock says nothing of who took it, so that after a
``kill -9`` or a power cut the folder stays locked until ``snakemake --unlock``. A run therefore leaves a note of who it
is; the next one takes away the lock of a run of this machine that is no more. Runs that submit to a cluster leave none:
their jobs go on without them, and must be cancelled first.
"""

import json
import shlex
import socket
import sys
from datetime import datetime
from pathlib import Path

import psutil

FOLDER = Path(".snakemake")
NOTE = FOLDER / "run.json"


def note_run():
    """Leave a note of the run that has just locked this folder: who it is, and what it was asked."""
    process = psutil.Process()
    note = [socket.gethostname(), process.pid, process.create_time(), shlex.join(sys.argv[1:])]
    NOTE.write_text(json.dumps(note), encoding="utf-8")


def forget_run():
    """Take the note away at the end of a run."""
    NOTE.unlink(missing_ok=True)


def look():
    """A line on the run that has locked this folder, or None: one of this machine that is no more loses its lock, one
    that lives is told."""
    try:
        host, pid, started, asked = json.loads(NOTE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if host != socket.gethostname():
        return None
    if _runs(pid, started):
        since = datetime.fromtimestamp(started).strftime("%Y-%m-%d %H:%M:%S")
        return f"A run in this folder is under way: process {pid}, since {since}, asked for: snakemake {asked}"
    locks = list((FOLDER / "locks").glob("*.lock"))
    for lock in locks:
        lock.unlink(missing_ok=True)
    forget_run()
    return "The run that had locked this folder was killed; resuming where it was." if locks else None


def _runs(pid, started):
    try:
        return abs(psutil.Process(pid).create_time() - started) < 1
    except psutil.NoSuchProcess:
        return False
