import json
import os
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
    locks.NOTE.write_text(json.dumps([host, pid, started]))


def dead():
    """A process that is no more: its number and the time of its start."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = psutil.Process(process.pid).create_time()
    process.communicate()
    return process.pid, started


def test_the_lock_of_a_run_that_is_no_more_is_removed_once(locked):
    note(socket.gethostname(), *dead())
    assert locks.break_stale_lock()
    assert not locked.exists()
    assert not locks.break_stale_lock()


def test_the_lock_of_a_living_run_stays(locked):
    locks.note_run()
    assert not locks.break_stale_lock()
    assert locked.exists()


def test_a_number_that_another_process_has_now_is_no_living_run(locked):
    note(socket.gethostname(), os.getpid(), psutil.Process().create_time() - 100)
    assert locks.break_stale_lock()


def test_a_run_of_another_machine_or_of_none_is_left_alone(locked):
    note("elsewhere", *dead())
    assert not locks.break_stale_lock()
    locks.forget_run()
    assert not locks.break_stale_lock()
    locks.NOTE.write_text("")
    assert not locks.break_stale_lock()
    assert locked.exists()
