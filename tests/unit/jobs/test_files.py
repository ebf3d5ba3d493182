import pytest

from finitecover.jobs import files


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "summary.json"
    files.save_json(path, {"a": 1})

    def write_half():
        with files.atomic_write(path) as partial:
            partial.write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        write_half()
    assert files.load_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_job_had_written_is_removed_and_nothing_else(tmp_path):
    for name in (".train.123.npy", ".train.npy.sha256", ".train.123.csv", "train.npy"):
        (tmp_path / name).touch()
    files.remove_partial_writes(tmp_path / "train.npy")
    assert {path.name for path in tmp_path.iterdir()} == {".train.npy.sha256", ".train.123.csv", "train.npy"}


def test_a_write_that_fails_leaves_the_old_file_and_says_which(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail():
        with files.atomic_write(path) as partial:
            partial.write_text("ne")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"table.csv: could not be .*No space left on device; is the disk full\?"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_text() == "old"


def test_rows_come_back_as_text_and_floats_keep_their_digits(tmp_path):
    files.save_rows(tmp_path / "rows.csv", [{"a": 0.1 + 0.2, "b": None}, {"a": 1, "b": "x, y"}])
    assert files.load_rows(tmp_path / "rows.csv") == [{"a": "0.30000000000000004", "b": ""}, {"a": "1", "b": "x, y"}]
