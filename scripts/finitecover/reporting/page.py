"""What the report's page shows of tables and figures: cells that sort by number, files embedded as data."""

import base64
import re
from fractions import Fraction

import pandas as pd

from finitecover.reporting.statistics import span
from finitecover.reporting.summaries import written

ROOM = 6_000_000  # bytes of embedded files that are not shown, so that the page stays below 15 MB
LONG = 60  # letters of a text that needs a column of some width
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:/\d+)?(?![\w.-])")
# The first of these words in an entry gives its colour.
_VERDICTS = ("mixed", "holds", "fails", "inconclusive", "at chance", "too few seeds", "not certified", "not tested")


def rows(frame):
    """The rows of a table as lists of cells: {"text", "order", "kind"}.

    order: what a cell sorts by, the number that it begins with (of "+3.1 (1.0 to 5.2)" 3.1, of "8/255" a fraction)
    where every entry of its column begins with one, else its text. kind: a class name, of a verdict where it says one,
    of a long text, else "".
    """
    columns = [_cells(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return list(zip(*columns, strict=True))


def _cells(column):
    texts = [written(value) for value in column]
    numbers = [number(text if isinstance(value, str) else value) for value, text in zip(column, texts, strict=True)]
    numeric = all(value is not None for value, text in zip(numbers, texts, strict=True) if text not in ("", "-"))
    orders = [("" if value is None else value) if numeric else text for value, text in zip(numbers, texts, strict=True)]
    return [{"text": text, "order": order, "kind": kind(text)} for text, order in zip(texts, orders, strict=True)]


def number(value):
    """The number that an entry of a table is or begins with; None where there is none."""
    if not isinstance(value, str):
        return None if pd.isna(value) else float(value)
    found = _NUMBER.match(value.replace("−", "-"))  # noqa: RUF001
    return None if found is None else float(Fraction(found.group()))


def kind(text):
    """ "holds" of "holds in part", "at-chance" of "+0.1 at chance"."""
    if len(text) > LONG:
        return "long"
    for verdict in _VERDICTS:
        if re.fullmatch(rf"(?:[+-].*\) ?|[+-][\d.†]+ )?{verdict}(?: in part)?", text):
            return verdict.replace(" ", "-")
    return ""


def as_csv(frame):
    """A table as a data URI of a CSV."""
    return data_uri("text/csv", frame.to_csv(index=False).encode())


def data_uri(kind, content):
    """Bytes as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def png_width(png, dots_per_inch):
    """The width of a PNG as printed, in the 96ths of an inch that browsers call pixels."""
    return int.from_bytes(png[16:20], "big") * 96 // dots_per_inch


def fitting(contents, room=ROOM):
    """{name: bytes} without those that do not fit any more, the largest first to go."""
    kept = {}
    for name in sorted(contents, key=lambda name: len(contents[name])):
        room -= len(contents[name])
        if room >= 0:
            kept[name] = contents[name]
    return kept


def extent(summary):
    """In words, how many seeds and test images the worst cases of a summary are of: "3 seeds, 50 to 364 images"."""
    worst = summary[summary["attack"] == "worst"]
    return ", ".join(_counted(worst[name], word) for name, word in (("n_seeds", "seed"), ("n_images", "test image")))


def _counted(values, word):
    return f"{span(values)} {word}{'' if values.max() == 1 else 's'}"


def with_contents(html):
    """A page whose list of contents, the first empty list, has an entry per heading of level 2 and 3 with an anchor."""
    found = re.findall(r'<h[23] id="([^"]+)">([^<]+)</h', html.partition("<main>")[2])
    entries = "".join(f'<li><a href="#{anchor}">{words}</a></li>' for anchor, words in found)
    return html.replace("<ul></ul>", f"<ul>{entries}</ul>", 1)
