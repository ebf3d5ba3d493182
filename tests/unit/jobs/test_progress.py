from finitecover.jobs.harness import logged
from finitecover.jobs.progress import progress


def test_progress_yields_every_step_and_logs_every_tenth(tmp_path):
    with logged(tmp_path / "job.log"):
        assert list(progress(25, "training")) == list(range(25))
    lines = (tmp_path / "job.log").read_text().splitlines()
    assert lines[0].endswith("training: 2 of 25")
    assert lines[-1].endswith("training: 25 of 25")
    assert len(lines) == 13
