import pandas as pd
import pytest

from finitecover.jobs.tables import join_runs, load_csv, save_csv
from finitecover.study.renamed import COLUMNS


def test_sizes_stay_text_and_whole_numbers_whole_where_some_are_missing(tmp_path):
    save_csv(tmp_path / "table.csv", pd.DataFrame({"eps": ["8/255", "0"], "ipc": [10, None], "seed": [0, None]}))
    table = load_csv(tmp_path / "table.csv")
    assert table["eps"].tolist() == ["8/255", "0"]
    assert table["ipc"].tolist() == table["seed"].add(10).tolist() == [10, pd.NA]


@pytest.mark.parametrize("old", sorted(COLUMNS))
def test_a_column_of_an_older_version_is_told_with_its_new_name(old, tmp_path):
    save_csv(tmp_path / "old.csv", pd.DataFrame({"dataset": ["d"], old: ["x"]}))
    with pytest.raises(ValueError, match=f"old.csv: column '{old}' is now called {COLUMNS[old]}"):
        load_csv(tmp_path / "old.csv")


def test_rows_of_several_jobs_stand_behind_what_identifies_their_job(tmp_path):
    runs = [{"training_set": "full", "ipc": None, "seed": 0}, {"training_set": "mfc-ipc10", "ipc": 10, "seed": 1}]
    paths = [tmp_path / f"{run['training_set']}.csv" for run in runs]
    for path, value in zip(paths, (0.5, 0.25), strict=True):
        save_csv(path, pd.DataFrame({"accuracy": [value, value], "n": 4}))
    table = join_runs(paths, runs)
    assert table.columns.tolist() == ["training_set", "ipc", "seed", "accuracy", "n"]
    assert table["ipc"].tolist() == [pd.NA, pd.NA, 10, 10]
    assert table["accuracy"].tolist() == [0.5, 0.5, 0.25, 0.25]
