"""How a run ends when it is told to from outside: Ctrl-C, `timeout`, `docker stop`, a service manager, a lost terminal.

On SIGINT, SIGTERM and SIGHUP the jobs are stopped, the lock is taken from the folder, one line is printed, and the
process exits with 128 and the signal's number; what was finished counts, and the same command goes on. (On a cluster
Snakemake cancels its jobs first, and ends as at Ctrl-C.) Snakemake 9.27.1
would let jobs go on at SIGTERM, and can wait for ever: its handler takes a lock that the thread it interrupts may hold.
At SIGHUP it would leave the folder locked.

Nothing here waits for the main thread, whatever it was doing: a handler holds it where it is, so that it starts no more
jobs, and a thread that was started beforehand does the work. That thread takes no lock that the main thread may hold.
"""

import logging
import os
import signal
import threading
import time
from contextlib import suppress

import psutil

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 5  # seconds that jobs have to end before they are killed
QUIET = 0.5  # seconds without a job after which none is being started any more
CANCELLING = 60  # seconds that the cancellation of jobs on a cluster may take

_interrupted = threading.Event()


def end_when_told(release, logger):
    """End this process when a signal says so; signals that are ignored (`nohup`) stay ignored.

    release: called once the jobs have ended, without the main thread; must not wait for a lock that it may hold.
    logger: whose messages nobody wants any more from then on.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(told, release, logger), daemon=True).start()
    _handle(_stand_still)


def take_signals():
    """Have the main thread stand still at a signal, whoever has taken the signals since `end_when_told`.

    Ctrl-C is kept from the jobs that it starts: they are ended by SIGTERM, without a traceback from amid an import.
    """
    _handle(_stand_still)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def cancel_on_signals():
    """Have Snakemake cancel its jobs on a cluster at every such signal as it does at Ctrl-C."""
    _handle(_interrupt)


def _handle(handler):
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _stand_still(number, frame):
    while True:
        time.sleep(60)


def _interrupt(number, frame):
    if not _interrupted.is_set():
        _interrupted.set()
        raise KeyboardInterrupt


def _watch(told, release, logger):
    number = 0
    while number not in ENDING or signal.getsignal(number) is signal.SIG_IGN:
        (number,) = os.read(told, 1)
    try:
        if signal.getsignal(number) is _interrupt:
            time.sleep(CANCELLING)  # the process usually ends before
        logger.disabled = True
        logging.raiseExceptions = False
        stop(psutil.Process())
        release()
        _print(f"Ended by {signal.Signals(number).name}; what was finished counts, and the same command goes on.\n")
    finally:
        os._exit(128 + number)


def stop(process):
    """Stop all descendants of a process, until none has been seen for a while."""
    seen, last, start = set(), time.monotonic(), time.monotonic()
    while time.monotonic() - last < QUIET:
        for job in set(process.children(recursive=True)) - seen:
            seen.add(job)  # and kept: one whose parent ends is nobody's descendant
            _send(job, signal.SIGTERM)
        living = [job for job in seen if _lives(job)]
        if living:
            last = time.monotonic()
        if last - start > PATIENCE:
            for job in living:
                _send(job, signal.SIGKILL)
        if last - start > 2 * PATIENCE:
            return
        time.sleep(0.02)


def _lives(job):
    try:
        return job.is_running() and job.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _send(job, number):
    with suppress(psutil.Error):
        job.send_signal(number)


def _print(line):
    with suppress(OSError):  # the terminal may be gone
        os.write(2, line.encode())
