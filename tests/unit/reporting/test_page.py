"""What the report's page shows of tables."""

import base64

import pandas as pd
import pytest

from finitecover.reporting import page


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        ("+3.1 (1.0 to 5.2)", 3.1),
        ("-0.5† inconclusive", -0.5),
        ("8/255", 8 / 255),
        ("60.1†, at chance", 60.1),
        (1e-9, 1e-9),
        ("mtt", None),
        ("3-fold", None),
        ("1.2.3", None),
        (float("nan"), None),
    ],
)
def test_an_entry_sorts_by_the_number_that_it_begins_with(entry, number):
    assert page.number(entry) == (number if number is None else pytest.approx(number))


def test_a_column_sorts_by_number_where_every_entry_has_one_and_else_by_text():
    frame = pd.DataFrame({"effect": ["+3.0", "-12.0", ""], "mixed": ["3", "x", "-"], "share": [0.25, None, 1e9]})
    orders = [[cell["order"] for cell in row] for row in page.rows(frame)]
    assert orders == [[3, "3", 0.25], [-12, "x", ""], ["", "-", 1e9]]
    assert [cell["text"] for cell in page.rows(frame)[0]] == ["+3.0", "3", "0.25"]


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("holds in part", "holds"),
        ("+3.0† (+1.0 to +5.0) holds", "holds"),
        ("-5.0† too few seeds", "too-few-seeds"),
        ("mixed", "mixed"),
        ("this holds nothing", ""),
        ("3 holds, 2 fails", ""),
        ("a" * 61, "long"),
    ],
)
def test_verdicts_and_long_texts_have_a_class(entry, kind):
    ((cell,),) = page.rows(pd.DataFrame({"": [entry]}))
    assert cell["kind"] == kind


def test_a_table_is_embedded_as_csv_and_what_is_too_large_stays_out():
    uri = page.as_csv(pd.DataFrame({"a": [0.1234567], "b": ["x"]}))
    assert base64.b64decode(uri.removeprefix("data:text/csv;base64,")) == b"a,b\n0.1234567,x\n"
    assert page.fitting({"small": b"12", "large": b"123456", "more": b"123"}, 6).keys() == {"small", "more"}


def test_the_extent_of_a_study_is_told_in_words():
    summary = pd.DataFrame({"attack": ["worst", "worst", "clean"], "n_seeds": [1, 1, 9], "n_images": [50, 364, 9]})
    assert page.extent(summary) == "1 seed, 50 to 364 test images"


def test_the_contents_have_an_entry_per_heading():
    html = '<nav><ul></ul></nav><main><h2 id="a">One</h2><h3>none</h3><h3 id="b">Two</h3></main>'
    assert '<ul><li><a href="#a">One</a></li><li><a href="#b">Two</a></li></ul>' in page.with_contents(html)
