import json
import os
import re
import socket
import subprocess
import sys

import psutil
import pytest

from finitecover.jobs import locks


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A folder that a run has locked."""
    monkeypatch.chdir(tmp_path)
    lock = tmp_path / ".snakemake/locks/0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    return lock


def note(host, pid, started):
    locks.NOTE.write_text(json.dumps([host, pid, started, "--cores 2"]))


def dead():
    """A process that is no more: its number and the time of its start."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = psutil.Process(process.pid).create_time()
    process.communicate()
    return process.pid, started


def test_the_lock_of_a_run_that_is_no_more_is_removed_once(locked):
    note(socket.gethostname(), *dead())
    assert locks.look() == "The run that had locked this folder was killed; resuming where it was."
    assert not locked.exists()
    assert locks.look() is None


def test_the_lock_of_a_living_run_stays_and_the_run_is_told(locked, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["snakemake", "--cores", "2", "results/a file.csv"])
    locks.note_run()
    told = locks.look()
    assert re.fullmatch(
        rf"A run in this folder is under way: process {os.getpid()}, since [0-9-]+ [0-9:]+, "
        r"asked for: snakemake --cores 2 'results/a file.csv'",
        told,
    )
    assert locked.exists()


def test_a_number_that_another_process_has_now_is_no_living_run(locked):
    note(socket.gethostname(), os.getpid(), psutil.Process().create_time() - 100)
    assert "was killed" in locks.look()


def test_a_run_of_another_machine_or_of_none_is_left_alone(locked):
    note("elsewhere", *dead())
    assert locks.look() is None
    locks.forget_run()
    assert locks.look() is None
    locks.NOTE.write_text("")
    assert locks.look() is None
    assert locked.exists()
