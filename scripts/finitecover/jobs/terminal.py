"""What a run prints: how far it is, warnings, errors, and what the workflow itself says; Snakemake's log file has all.

Snakemake prints a paragraph for every job. Here its terminal handler gets a filter, and its logger a handler that
counts finished jobs; both go by what its interface for logger plugins documents of a record: the `event` and its
fields. (A plugin would have to be installed beside Snakemake, which a clone alone does not do.) What is routine is
listed, so that whatever else Snakemake says, now or in another version, is printed.
"""

import logging
import os
import re
import time

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.common import LogEvent

OUTPUT = "FINITECOVER_OUTPUT"  # the environment variable that may ask for everything
EVERYTHING = "all"
LINES = 20  # of progress
CLEAR = "\r\033[K"
UNKNOWN = 2.0  # core-seconds of a job without an estimate: it imports, and reads and writes a table
TRUST = 0.1  # share of the work after which what is measured counts as much as the estimate

ROUTINE_EVENTS = {
    LogEvent.WORKFLOW_STARTED,
    LogEvent.RESOURCES_INFO,
    LogEvent.GROUP_INFO,
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.JOB_FINISHED,
    LogEvent.SHELLCMD,
    LogEvent.PROGRESS,
}
ROUTINE = re.compile(
    r"Assuming unrestricted shared filesystem usage|Building DAG of jobs|Using shell: |Conda environments: ignored|"
    r"Group jobs: inactive|Select jobs to execute|Removing temporary output|Complete log\(s\): |Elapsed time: |"
    # of SLURM, for every job
    r"Job \d+ has been submitted|Submitted array job|Auto-selected partition"
)


def quiet(logger, settings):
    """Whether a run prints little: unless the environment, a profile or the command line asks for everything.

    settings: Snakemake's, of which --verbose and --printshellcmds ask for it.
    """
    asked = os.environ.get(OUTPUT) == EVERYTHING or settings.verbose or settings.printshellcmds
    return not asked and bool(_terminals(logger))


def install(logger, little, dry, plan, end):
    """Have a run print `little`, and call what speaks for the workflow.

    dry: called once it is known which jobs run; whether this is a dry run. plan: called then as well; returns ({id of a
    job: core-seconds}, cores, None where that is not known). end: called where there is nothing to do. What these log
    is printed.
    """
    for terminal in _terminals(logger) if little else ():
        terminal.addFilter(Routine(dry))
        if terminal.stream.isatty():
            terminal.setFormatter(Cleared(terminal.formatter))
    logger.addHandler(Progress(logger, little, plan, end))


def _terminals(logger):
    """Handlers that print; none where a plugin does that."""
    kinds = logging.StreamHandler, logging.FileHandler
    return [
        handler for handler in logger.handlers if isinstance(handler, kinds[0]) and not isinstance(handler, kinds[1])
    ]


class Routine(logging.Filter):
    """Keeps back what is said of every job and every run; the table of jobs is let through in a dry run, once."""

    def __init__(self, dry):
        super().__init__()
        self.dry, self.planned = dry, False

    def filter(self, record):
        """Whether to print a record."""
        event = getattr(record, "event", None)
        if record.levelno > logging.INFO:
            return True
        if event == LogEvent.RUN_INFO:
            first, self.planned = not self.planned, True
            return first and self.dry()
        return event not in ROUTINE_EVENTS and not ROUTINE.match(str(record.msg))


class Cleared(logging.Formatter):
    """Formats as another formatter does, and clears the line first: the bar of a long job may stand on it."""

    def __init__(self, other):
        super().__init__()
        self.other = other

    def format(self, record):
        """The text of a record; none where the other has none."""
        text = self.other.format(record)
        return text and f"{CLEAR}{text}"


class Progress(logging.Handler):
    """Logs a line for every twentieth of the jobs: how many have ended, and about how long the rest takes."""

    def __init__(self, logger, tell, plan, end):
        super().__init__()
        self.logger, self.tell, self.plan, self.end = logger, tell, plan, end
        self.seconds, self.cores, self.start = {}, None, None
        self.finished, self.lines = set(), 0

    def emit(self, record):
        """Heed a record of Snakemake's."""
        try:
            self._heed(record)
        except Exception:
            self.handleError(record)

    def _heed(self, record):
        event = getattr(record, "event", None)
        if record.msg == NOTHING_TO_BE_DONE_MSG:
            self.end()
        elif event == LogEvent.RUN_INFO and self.start is None:
            self.start = time.monotonic()
            self.seconds, self.cores = self.plan()
            self.start = time.monotonic()
        elif event == LogEvent.JOB_FINISHED:
            self.finished.add(record.job_id)
        elif event == LogEvent.PROGRESS and self.tell:
            self._tell(record.done, record.total)

    def _tell(self, done, total):
        reached = LINES * done // total
        if reached > self.lines:
            self.lines = reached
            share, passed = f"{100 * done // total:3d} %: {done} of {total} jobs", time.monotonic() - self.start
            left = f"in {duration(passed)}" if done == total else f"about {duration(self._left(passed, total))} left"
            self.logger.info(f"{share}, {left}")

    def _left(self, passed, total):
        """Seconds that the rest takes: at the pace so far and, while little is done, at that of the estimate."""
        work = sum(self.seconds.values()) + UNKNOWN * (total - len(self.seconds))
        done = sum(self.seconds.get(job, UNKNOWN) for job in self.finished)
        if self.cores is None or not self.seconds:
            return passed * (work - done) / done
        ahead = TRUST * work
        return (work - done) * (passed + ahead / self.cores) / (done + ahead)


def duration(seconds):
    """A time in words: "40 s", "12 min", "3 h 05 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
