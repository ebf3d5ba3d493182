import io
import logging
from types import SimpleNamespace

import pytest
from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.logging import LoggerManager
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.common import LogEvent

from finitecover.jobs import terminal


class Run:
    """Snakemake's logger as it sets it up, on a terminal that is read, and a clock that is set."""

    def __init__(self, monkeypatch, little=True, dry=False, plan=lambda: ({}, None), screen=None):
        self.logger, self.ended, self.time = logging.Logger("run"), 0, 0.0
        LoggerManager(self.logger, OutputSettings(nocolor=True))
        (self.handler,) = self.logger.handlers
        self.handler.setStream(screen or io.StringIO())
        monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: self.time))
        terminal.install(self.logger, little, lambda: dry, plan, self._end)

    def _end(self):
        self.ended += 1
        self.logger.info("what came of it")

    def event(self, event, message=None, **fields):
        self.logger.info(message, extra={"event": event} | fields)

    def finish(self, job, done, total):
        self.event(LogEvent.JOB_FINISHED, f"Finished jobid: {job}", job_id=job)
        self.event(LogEvent.PROGRESS, done=done, total=total)

    def printed(self):
        return self.handler.stream.getvalue().splitlines()


def test_what_is_said_of_every_job_is_kept_back_and_the_rest_printed(monkeypatch):
    run = Run(monkeypatch)
    run.logger.info("Building DAG of jobs...")
    run.event(LogEvent.RESOURCES_INFO, "Provided cores: 2", cores=2)
    run.event(LogEvent.RUN_INFO, "Job stats:", stats={})
    run.logger.info("Select jobs to execute...")
    run.event(LogEvent.JOB_STARTED, "Execute 1 jobs...", jobs=[1])
    run.event(LogEvent.SHELLCMD, "Shell command: None", shellcmd=None)
    run.logger.info("Job 7 has been submitted with SLURM jobid 8 (log: a).")
    assert run.printed() == []
    run.logger.info("Creating conda environment envs/torch.yaml...")
    run.logger.warning("a warning")
    run.logger.error("an error", extra={"event": LogEvent.ERROR})
    assert run.printed() == ["Creating conda environment envs/torch.yaml...", "a warning", "an error"]


def test_the_error_of_a_job_names_its_rule_and_its_log(monkeypatch):
    run = Run(monkeypatch)
    said = dict.fromkeys(("rule_msg", "conda_env", "shellcmd", "container_img"))
    said |= {
        "event": LogEvent.JOB_ERROR,
        "rule_name": "train_model",
        "jobid": 3,
        "input": [],
        "output": ["a"],
        "aux": {},
    }
    run.logger.error("Error in rule", extra=said | {"log": ["results/a.log"], "indent": False})
    told = "\n".join(run.printed())
    assert "Error in rule train_model:" in told
    assert "log: results/a.log (check log file(s) for error details)" in told


def test_a_dry_run_prints_the_table_of_jobs_once_and_what_the_plan_says(monkeypatch):
    run = Run(monkeypatch, dry=True, plan=lambda: run.logger.info("an estimate") or ({}, None))
    for _ in range(2):
        run.event(LogEvent.RUN_INFO, "Job stats:", stats={})
    run.logger.info("Reasons:")
    assert run.printed() == ["Job stats:", "an estimate", "Reasons:"]


def test_everything_is_printed_where_it_is_asked_for_with_the_plan_but_without_lines_of_our_own(monkeypatch):
    run = Run(monkeypatch, little=False, plan=lambda: run.logger.info("an estimate") or ({}, None))
    run.event(LogEvent.RUN_INFO, "Job stats:", stats={})
    run.finish(1, 1, 1)
    assert run.printed()[:2] == ["Job stats:", "an estimate"]
    assert run.printed()[3:] == ["Finished jobid: 1", "1 of 1 steps (100%) done"]


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("little", [True, False])
def test_a_line_takes_the_place_of_the_bar_of_a_job(little, monkeypatch):
    run = Run(monkeypatch, little=little, screen=Screen())
    run.handler.stream.write("training:  50%|#####")
    run.logger.warning("a warning")
    assert run.handler.stream.getvalue() == f"training:  50%|#####{terminal.CLEAR * little}a warning\n"


@pytest.mark.parametrize(("total", "lines"), [(3, 3), (20, 20), (1000, 20)])
def test_a_line_for_every_twentieth_of_the_jobs_and_no_more(total, lines, monkeypatch):
    run = Run(monkeypatch)
    run.event(LogEvent.RUN_INFO, "Job stats:", stats={})
    for job in range(1, total + 1):
        run.time += 1
        run.finish(job, job, total)
    printed = run.printed()
    assert len(printed) == lines
    assert printed[-1] == f"100 %: {total} of {total} jobs, in {terminal.duration(total)}"
    assert len(set(printed)) == lines


def test_without_an_estimate_every_job_counts_alike(monkeypatch):
    run = Run(monkeypatch)
    run.event(LogEvent.RUN_INFO, "Job stats:", stats={})
    run.time = 30.0
    run.finish(5, 1, 3)
    assert run.printed() == [" 33 %: 1 of 3 jobs, about 1 min left"]


def test_the_time_left_is_that_of_the_jobs_left_at_the_pace_so_far(monkeypatch):
    run = Run(monkeypatch, plan=lambda: ({1: 100.0, 2: 900.0}, None))
    run.event(LogEvent.RUN_INFO, "Job stats:", stats={})
    run.time = 20.0
    run.finish(1, 1, 2)
    assert run.printed() == [" 50 %: 1 of 2 jobs, about 3 min left"]


def test_while_little_is_done_the_estimate_counts_and_later_the_pace(monkeypatch):
    run = Run(monkeypatch, plan=lambda: (dict.fromkeys(range(100), 10.0), 2))
    run.event(LogEvent.RUN_INFO, "Job stats:", stats={})
    left = []
    for job in range(99):
        run.time += 20.0  # four times what the estimate says
        run.finish(job, job + 1, 100)
        left.append(run.logger.handlers[-1]._left(run.time, 100))
    assert 495 < left[0] < 99 * 20 / 2
    assert left[-1] == pytest.approx(20, rel=0.1)


def test_where_nothing_is_to_be_done_the_end_is_told(monkeypatch):
    run = Run(monkeypatch)
    run.logger.info(NOTHING_TO_BE_DONE_MSG)
    assert run.printed() == [NOTHING_TO_BE_DONE_MSG, "what came of it"]
    assert run.ended == 1


def test_a_run_is_quiet_unless_everything_is_asked_for_or_a_plugin_prints(monkeypatch):
    logger = logging.Logger("run")
    LoggerManager(logger, OutputSettings())
    monkeypatch.delenv(terminal.OUTPUT, raising=False)
    assert terminal.quiet(logger, OutputSettings())
    assert not terminal.quiet(logger, OutputSettings(verbose=True))
    assert not terminal.quiet(logger, OutputSettings(printshellcmds=True))
    monkeypatch.setenv(terminal.OUTPUT, "all")
    assert not terminal.quiet(logger, OutputSettings())
    monkeypatch.delenv(terminal.OUTPUT)
    assert not terminal.quiet(SimpleNamespace(handlers=[logging.NullHandler()]), OutputSettings())


def test_the_log_file_is_no_terminal(tmp_path):
    file = logging.FileHandler(tmp_path / "log")
    assert terminal._terminals(SimpleNamespace(handlers=[file])) == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (100, "2 min"), (3599, "1 h 00 min"), (11100, "3 h 05 min")]
)
def test_times_are_told_in_words(seconds, words):
    assert terminal.duration(seconds) == words
