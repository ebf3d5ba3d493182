import os
import re
import signal
import subprocess
import sys

import psutil
import pytest

from finitecover.jobs import signals
from running import ROOT

# A run as Snakemake 9.27.1 is at its worst: the handler waits for a lock that the main thread holds.
RUN = """
import logging, signal, subprocess, sys, threading, time
sys.path.insert(0, {scripts!r})
from finitecover.jobs import signals

lock = threading.Lock()
logger = logging.getLogger("run")
signals.end_when_told(lambda: print("released", flush=True), logger)
{takes}
job = subprocess.Popen([sys.executable, "-c", {job!r}], stdout=subprocess.PIPE)
job.stdout.readline()
with lock:
    print(job.pid, flush=True)
    time.sleep(60)
"""
SNAKEMAKE_TAKES = "signal.signal(signal.SIGTERM, lambda *_: lock.acquire())"
JOB = "import time; print('here', flush=True); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + JOB


def start(job=JOB, takes=SNAKEMAKE_TAKES, ignoring=()):
    """A run with a job: (process, number of the job)."""

    def before():
        for number in signals.ENDING:
            signal.signal(number, signal.SIG_IGN if number in ignoring else signal.SIG_DFL)

    code = RUN.format(scripts=str(ROOT / "scripts"), job=job, takes=takes)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", code], preexec_fn=before, start_new_session=True, **pipes)
    return process, int(process.stdout.readline())


def lives(pid):
    """Whether a process runs; one that has ended may wait for its new parent to notice."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("number", signals.ENDING)
@pytest.mark.parametrize("job", [JOB, DEAF], ids=["job", "job deaf to SIGTERM"])
def test_a_run_ends_with_its_jobs_though_its_main_thread_waits_for_ever(number, job, monkeypatch):
    process, pid = start(job)
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert output == "released\n"
    assert errors == f"Ended by {number.name}; what was finished counts, and the same command goes on.\n"
    assert not lives(pid)


def test_ctrl_c_leaves_no_traceback_of_a_job():
    process, pid = start(takes="signals.take_signals()")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "Ended by SIGINT; what was finished counts, and the same command goes on.\n"
    assert not lives(pid)


def test_a_signal_that_is_ignored_stays_so():
    process, pid = start(ignoring=[signal.SIGHUP])
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    assert lives(pid)
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM


def test_on_a_cluster_the_first_signal_has_snakemake_cancel_its_jobs_and_later_ones_do_not_disturb_it():
    process, pid = start(takes="signals.cancel_on_signals()")
    process.send_signal(signal.SIGHUP)
    process.wait(30)
    os.kill(pid, signal.SIGKILL)
    assert re.search(r"^KeyboardInterrupt$", process.stderr.read(), re.M)
    with pytest.raises(KeyboardInterrupt):
        signals._interrupt(signal.SIGTERM, None)
    signals._interrupt(signal.SIGTERM, None)
    signals._interrupted.clear()
