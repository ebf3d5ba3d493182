import pytest
import torch

from finitecover import jobs


def test_an_error_is_one_line_on_the_terminal_and_a_traceback_in_the_log(tmp_path, capsys):
    path = tmp_path / "job.log"

    def fail():
        with jobs.logged(path):
            jobs.log.info("started")
            raise ValueError("k is 7;\nit must be less")

    with pytest.raises(SystemExit) as stop:
        fail()
    assert stop.value.code == 1
    assert capsys.readouterr().err == f"Error: k is 7; it must be less (log: {path})\n"
    assert "started" in path.read_text()
    assert "Traceback" in path.read_text()


def test_progress_yields_every_step_and_logs_every_tenth(tmp_path):
    with jobs.logged(tmp_path / "job.log"):
        assert list(jobs.progress(25, "training")) == list(range(25))
    lines = (tmp_path / "job.log").read_text().splitlines()
    assert lines[0].endswith("training: 2 of 25")
    assert lines[-1].endswith("training: 25 of 25")
    assert len(lines) == 13


@pytest.mark.parametrize(
    ("capability", "precision"), [("AVX512", "bfloat16"), ("AVX2", "float32"), ("DEFAULT", "float32")]
)
def test_a_processor_trains_in_bfloat16_where_it_computes_in_it(capability, precision, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert jobs.fastest_precision(torch.device("cpu")) == precision
