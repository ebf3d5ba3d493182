import pandas as pd
import pytest

from finitecover.reporting.published import PUBLISHED, published_table
from studies import study

CELL = {"training_set": "dm-ipc10", "model": "convnet", "attack": "clean", "norm": "none", "eps": "0", "mean": 0.4}
CELL |= {"low": 0.35, "high": 0.45, "at_chance": False, "method": "dm", "ipc": 10, "training": "standard"}


def test_a_condensed_set_stands_beside_what_was_published_of_it_with_what_differs():
    config = study()
    rows = [CELL | {"dataset": "cifar10"}, CELL | {"dataset": "mnist"}, CELL | {"dataset": "cifar10-5k"}]
    rows += [CELL | {"dataset": "cifar10", "training": "pgd-linf"}, CELL | {"dataset": "cifar10", "method": "random"}]
    (row,) = published_table(pd.DataFrame(rows), config).to_dict("records")
    assert row["published %"] == pytest.approx(48.9)
    assert row["clean %"] == "40.0 (35.0 to 45.0)"
    assert row["iterations"] == "500 for 20000"
    assert row["width"] == "16 for 128"


def test_every_published_accuracy_is_of_a_known_method_and_has_its_source():
    table = pd.read_csv(PUBLISHED)
    assert set(table["method"]) <= {"dc", "dsa", "dm", "mtt"}
    assert table["accuracy"].between(20, 100).all()
    assert table["source"].str.len().gt(10).all()
    assert not table.duplicated(["dataset", "method", "ipc"]).any()
