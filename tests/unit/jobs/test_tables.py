import pandas as pd
import pytest

from finitecover.jobs.tables import join_runs, load_csv, save_csv


def test_sizes_stay_text_and_whole_numbers_whole_where_some_are_missing(tmp_path):
    save_csv(tmp_path / "table.csv", pd.DataFrame({"eps": ["8/255", "0"], "ipc": [10, None], "seed": [0, None]}))
    table = load_csv(tmp_path / "table.csv")
    assert table["eps"].tolist() == ["8/255", "0"]
    assert table["ipc"].tolist() == table["seed"].add(10).tolist() == [10, pd.NA]


def test_names_stay_text_whatever_they_look_like(tmp_path):
    names = {"dataset": "2024", "training_set": "1e5-ipc1", "method": "1e5", "model": "18"}
    save_csv(tmp_path / "table.csv", pd.DataFrame([names]))
    assert load_csv(tmp_path / "table.csv").to_dict("records") == [names]


def test_whole_numbers_are_written_whole_where_some_are_missing(tmp_path):
    save_csv(tmp_path / "table.csv", pd.DataFrame({"violations": [0.0, None], "images_seen": [None, 3], "mean": 1.0}))
    assert (tmp_path / "table.csv").read_text() == "violations,images_seen,mean\n0,,1.0\n,3,1.0\n"


def test_sizes_are_written_as_text_and_as_a_number_and_read_as_text_alone(tmp_path):
    table = pd.DataFrame({"norm": ["linf", "l2", "", ""], "eps": ["8/255", "0.5", "0", None], "mean": 0.5})
    for _ in range(2):  # what was read is written again
        save_csv(tmp_path / "table.csv", table)
        written = pd.read_csv(tmp_path / "table.csv")
        assert written.columns.tolist() == ["norm", "eps", "eps_value", "mean"]
        assert written["eps_value"].tolist() == pytest.approx([8 / 255, 0.5, 0, float("nan")], nan_ok=True)
        table = load_csv(tmp_path / "table.csv")
        assert table.columns.tolist() == ["norm", "eps", "mean"]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (["eps", "seeds", "n"], ["eps", "n_seeds", "n_images"]),
        (["claim", "verdict", "n", "images"], ["claim", "verdict", "n_seeds", "n_images"]),
        (["claim", "n", "file"], ["claim", "n_seeds", "file"]),  # kept before images were counted
        (["accuracy", "n_images"], ["accuracy", "n_images"]),
    ],
)
def test_numbers_of_seeds_and_images_are_read_by_their_old_names(before, now, tmp_path):
    pd.DataFrame([[1] * len(before)], columns=before).to_csv(tmp_path / "old.csv", index=False)
    assert load_csv(tmp_path / "old.csv").columns.tolist() == now


def test_rows_of_several_jobs_stand_behind_what_identifies_their_job(tmp_path):
    runs = [{"training_set": "full", "ipc": None, "seed": 0}, {"training_set": "mfc-ipc10", "ipc": 10, "seed": 1}]
    paths = [tmp_path / f"{run['training_set']}.csv" for run in runs]
    for path, value in zip(paths, (0.5, 0.25), strict=True):
        save_csv(path, pd.DataFrame({"accuracy": [value, value], "n": 4}))
    table = join_runs(paths, runs)
    assert table.columns.tolist() == ["training_set", "ipc", "seed", "accuracy", "n_images"]
    assert table["ipc"].tolist() == [pd.NA, pd.NA, 10, 10]
    assert table["accuracy"].tolist() == [0.5, 0.5, 0.25, 0.25]
