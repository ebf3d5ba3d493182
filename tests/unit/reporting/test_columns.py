"""Descriptions of the columns of all tables."""

import csv

import pandas as pd
import pytest

from finitecover.jobs.files import load_json
from finitecover.jobs.tables import save_csv
from finitecover.reporting.columns import TABLES, column_table, data_package
from finitecover.reporting.statistics import summarise
from finitecover.reporting.verdicts import COLUMNS
from running import ROOT
from unit.reporting.test_statistics import runs

CASTS = {"string": str, "integer": int, "number": float, "boolean": {"True": True, "False": False}.__getitem__}
PACKAGES = sorted(ROOT.glob("docs/results/*/datapackage.json"))


def misfits(package_path):
    """Columns whose entries have another type than their field, and differences between fields and columns."""
    found = []
    for resource in load_json(package_path)["resources"]:
        with open(package_path.parent / resource["path"], newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        fields = resource["schema"]["fields"]
        if [field["name"] for field in fields] != head:
            found.append((resource["name"], "columns"))
        for field, column in zip(fields, zip(*rows, strict=True), strict=False):
            try:
                [CASTS[field["type"]](entry) for entry in column if entry not in resource["schema"]["missingValues"]]
            except (KeyError, ValueError):
                found.append((resource["name"], field["name"]))
    return found


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_kept_tables_are_what_their_package_says(path):
    assert misfits(path) == []
    described = {resource["path"] for resource in load_json(path)["resources"]}
    assert described == {table.name for table in path.parent.glob("*.csv")}


def test_a_field_has_a_name_a_type_a_description_and_a_unit_where_it_has_one():
    (resource,) = data_package({"runs": ("tables/runs.csv", ["eps", "eps_value"])})["resources"]
    assert (resource["name"], resource["path"]) == ("runs", "tables/runs.csv")
    size, number = resource["schema"]["fields"]
    assert (size["name"], size["type"], "unit" in size) == ("eps", "string", False)
    assert (number["type"], number["unit"], number["description"]) == ("number", "pixel range", "eps as a number.")
    for title, fields in TABLES.values():
        assert title
        assert all(kind in CASTS and words.endswith(".") for kind, _, words in fields.values())


def test_the_report_has_a_row_per_column():
    package = data_package({"runs": ("runs.csv", ["dataset", "eps_value"])})
    assert column_table(package)[1] == {
        "table": "runs",
        "column": "eps_value",
        "type": "number",
        "unit": "pixel range",
        "meaning": "eps as a number.",
    }


def test_a_column_without_a_description_is_refused():
    with pytest.raises(ValueError, match="table runs: no description of colour"):
        data_package({"runs": ("runs.csv", ["dataset", "colour"])})


def test_entries_of_another_type_are_told(tmp_path):
    table = pd.DataFrame({"dataset": ["d"], "eps": ["8/255"], "mean": [0.5]})
    save_csv(tmp_path / "summary.csv", table)
    package = data_package({"summary": ("summary.csv", ["dataset", "eps", "eps_value", "mean"])})
    pd.Series(package).to_json(tmp_path / "datapackage.json")
    assert misfits(tmp_path / "datapackage.json") == []
    package["resources"][0]["schema"]["fields"][1]["type"] = "number"
    pd.Series(package).to_json(tmp_path / "datapackage.json")
    assert misfits(tmp_path / "datapackage.json") == [("summary", "eps")]
    save_csv(tmp_path / "summary.csv", table.assign(std=0.1))
    assert ("summary", "columns") in misfits(tmp_path / "datapackage.json")


def test_nothing_is_described_that_a_table_does_not_have(tmp_path):
    save_csv(tmp_path / "summary.csv", summarise(runs()))
    columns = {"summary": pd.read_csv(tmp_path / "summary.csv", nrows=0).columns}
    columns["claims"] = ["claim", *COLUMNS[:7], "eps_value", *COLUMNS[7:]]
    for name, found in columns.items():
        assert set(TABLES[name][1]) == set(found)


def test_what_a_condensation_of_ones_own_says_of_itself_is_described_and_nothing_else_unknown():
    package = data_package({"condensed": ("condensed.csv", ["dataset", "temperature"])})
    field = package["resources"][0]["schema"]["fields"][1]
    assert (field["name"], field["type"]) == ("temperature", "any")
    with pytest.raises(ValueError, match="table costs: no description of temperature"):
        data_package({"costs": ("costs.csv", ["rule", "temperature"])})
