from pathlib import Path
from types import SimpleNamespace

import pytest

from finitecover.jobs import harness

SCRIPTS = Path(__file__).parents[3] / "scripts"


def test_an_error_is_one_line_on_the_terminal_and_a_traceback_in_the_log(tmp_path, capsys):
    path = tmp_path / "job.log"

    def fail():
        with harness.logged(path):
            harness.log.info("started")
            raise ValueError("k is 7;\nit must be less")

    with pytest.raises(SystemExit) as stop:
        fail()
    assert stop.value.code == 1
    assert capsys.readouterr().err == f"Error: k is 7; it must be less (log: {path})\n"
    assert "started" in path.read_text()
    assert "Traceback" in path.read_text()


@pytest.mark.parametrize("code", [0, 3, "enough", None])
def test_an_exit_within_a_job_is_an_error_with_a_line(code, tmp_path, capsys):
    path = tmp_path / "job.log"
    with pytest.raises(SystemExit) as stop, harness.logged(path):
        raise SystemExit(code)
    assert stop.value.code == 1

    assert capsys.readouterr().err == f"Error: something ended the job before its end: {code} (log: {path})\n"
    assert "Traceback" in path.read_text()


def test_a_job_with_the_package_of_another_checkout_is_refused_before_it_does_anything(tmp_path, capsys):
    asked = SimpleNamespace(log=[tmp_path / "job.log"], input=[], output=[tmp_path / "made"], scriptdir=str(SCRIPTS))
    with harness.job(asked):
        (tmp_path / "made").write_text("as it was")
    asked.scriptdir = str(tmp_path)
    with pytest.raises(SystemExit), harness.job(asked):
        (tmp_path / "made").unlink()
    assert f"finitecover was imported from {SCRIPTS}, but the script lies in {tmp_path}" in capsys.readouterr().err
    assert (tmp_path / "made").read_text() == "as it was"
