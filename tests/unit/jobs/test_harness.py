import pytest

from finitecover.jobs import harness


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
