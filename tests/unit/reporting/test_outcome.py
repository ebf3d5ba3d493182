from pathlib import Path

import pytest

from finitecover.reporting import outcome
from finitecover.study import paths

CLAIMS = """claim,verdict,dataset
first,holds,digits
first,inconclusive,digits
first,inconclusive,mnist
second,fails,digits
third,not tested,
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The files of a finished study, in the working directory."""
    monkeypatch.chdir(tmp_path)
    costs, gates = paths.table("costs"), paths.table("gates")
    content = {
        paths.CLAIMS: CLAIMS,
        paths.REPORT: "",
        costs: "core_seconds\n360\n360\n",
        gates: "passed\nTrue\nFalse\n",
    }
    for path, text in content.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    return list(content)


def test_a_finished_study_is_told_in_four_lines(study, tmp_path):
    assert outcome.told(study, 0.5) == [
        "Claims: 2 of 3 tested; comparisons: 2 inconclusive, 1 holds, 1 fails.",
        "Sanity checks: 1 of 2 failed.",
        "Cost: 12 core-minutes measured, 30 core-minutes estimated.",
        f"Report: {tmp_path / paths.REPORT}",
    ]


def test_without_figures_there_is_no_estimate(study):
    assert outcome.told(study)[2] == "Cost: 12 core-minutes measured, no estimate."


def test_a_table_that_nobody_asked_for_is_not_told_nor_one_that_is_not_there(study):
    assert outcome.told([paths.table("gates"), paths.table("covers")]) == ["Sanity checks: 1 of 2 failed."]
    Path(paths.CLAIMS).unlink()
    assert outcome.told([paths.CLAIMS]) == []


def test_a_study_that_tests_no_claim_says_so(study):
    Path(paths.CLAIMS).write_text("claim,verdict,dataset\nfirst,not tested,\n")
    assert outcome.claims(paths.CLAIMS) == "Claims: 0 of 1 tested; comparisons: none."
