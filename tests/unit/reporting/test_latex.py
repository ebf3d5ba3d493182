"""Tables of accuracies for a paper."""

import re
import shutil
import subprocess

import pandas as pd
import pytest

from finitecover.reporting.latex import latex_tables
from finitecover.reporting.statistics import at_training_eps, summarise, with_gates
from unit.reporting.test_statistics import runs, weaker
from unit.reporting.test_summaries import gates

TITLES = {"d": "Digits, (8 x 8)"}


def shown(cells, failed=None):
    return with_gates(at_training_eps(summarise(cells), {"d": {"linf": "8/255"}}), gates(method=failed))


def entries(latex, short=False):
    """Rows of numbers as lists of cells, of the tables with intervals or of those without."""
    parts = re.findall(r"\\begin\{table\}.*?\\end\{table\}", latex, re.S)
    latex = "\n".join(parts) if short else re.sub(r"\\begin\{table\}.*?\\end\{table\}", "", latex, flags=re.S)
    lines = [
        line.removesuffix(" \\\\")
        for line in latex.splitlines()
        if " & " in line and not re.search("method &|multicolumn", line)
    ]
    return [[cell.strip() for cell in line.split(" & ")] for line in lines]


def test_a_row_has_accuracies_with_intervals_of_a_training_and_method_and_the_head_data_set_norm_and_eps():
    table = shown(runs())
    latex = latex_tables(table, TITLES)
    numbers = {
        (row.method, row.measure): f"{100 * row.mean:.1f} [{100 * row.low:.1f}, {100 * row.high:.1f}]"
        for row in table.itertuples()
    }
    assert entries(latex) == [
        ["pgd", "full", numbers["full", "clean"], numbers["full", "linf"]],
        ["", "mfc", numbers["mfc", "clean"], numbers["mfc", "linf"]],
    ]
    assert r"training & method & clean & $\ell_\infty$, $\epsilon = 8/255$ \\" in latex
    assert r"\multicolumn{4}{c}{Digits, (8 x 8), m, 10 images per class: accuracy (\%)}" in latex
    _, caption = re.findall(r"\\caption\{(.*)\}", latex)
    for told in (
        "m on Digits, (8 x 8) in percent",
        "3 seeds",
        r"95\,\% intervals",
        "($n$ = 200)",
        "10 images per class",
        "all images (full)",
    ):
        assert told in caption
    assert "dagger" not in latex
    assert r"\label{tab:robust-d-m-10}" in latex


def test_the_first_table_has_a_row_per_method_and_a_column_per_data_set_and_budget_with_the_highest_mean_in_bold():
    table = shown([*runs(), *weaker()])
    smaller = table[table["method"] == "random"].assign(ipc=1)
    both = pd.concat([table, smaller, table.assign(dataset="e"), table.assign(training="other")[:2]])
    latex = latex_tables(both, TITLES | {"e": "E"})
    means = {row.method: f"{100 * row.mean:.1f}" for row in table[table["measure"] == "linf"].itertuples()}
    best = max((means["mfc"], means["random"]), key=float)
    means |= {"best": best}
    in_bold = {text: rf"\textbf{{{text}}}" if text == best else text for text in means.values()}
    rows = {row[0]: row[1:] for row in entries(latex, short=True)}
    assert rows["full"] == [means["full"]] * 3
    assert rows["mfc"] == ["", in_bold[means["mfc"]], in_bold[means["mfc"]]]
    assert rows["random"][0] == rf"\textbf{{{means['random']}}}"
    assert r"\multicolumn{2}{c}{Digits,} & \multicolumn{1}{c}{E}" in latex
    assert r"\cmidrule(lr){2-3}\cmidrule(lr){4-4}" in latex
    (caption, *_) = re.findall(r"\\caption\{(.*)\}", latex)
    assert "after training pgd on" in caption
    assert r"$\epsilon$ = 8/255 on Digits, (8 x 8), 8/255 on E" in caption


def test_marks_of_failed_gates_and_of_chance_are_explained_where_they_stand():
    failed = latex_tables(shown(runs(), failed="mfc"), TITLES)
    assert [r"$^\dagger$" in row[2] for row in entries(failed)] == [False, True]
    assert r"$^\dagger$: a sanity check of the evaluation failed." in failed
    at_chance = latex_tables(shown(runs(chance=0.42)), TITLES)
    assert [r"$^\ddagger$" in row[3] for row in entries(at_chance)] == [False, True]
    assert r"$^\ddagger$: it or the clean accuracy is not significantly above" in at_chance


def test_a_budget_and_a_network_have_a_table_each_and_one_seed_no_interval():
    table = shown([*runs(), *weaker()])
    more = pd.concat([table, table[table["method"] == "random"].assign(ipc=1), table.assign(model="n")])
    latex = latex_tables(more.assign(low=float("nan"), n_seeds=1), TITLES)
    assert re.findall(r"\\label\{(.*)\}", latex) == [
        *("tab:robust-m", "tab:robust-n"),
        *("tab:robust-d-m-10", "tab:robust-d-m-1", "tab:robust-d-n-10"),
    ]
    assert [row[1] for row in entries(latex)] == ["full", "mfc", "random", "full", "random", "full", "mfc", "random"]
    assert "[" not in "".join(cell for row in entries(latex) for cell in row)
    assert "intervals over seeds" not in latex
    assert "1 image per class" in latex
    without = latex_tables(table[table["method"] == "full"], TITLES)
    assert re.findall(r"\\label\{(.*)\}", without) == ["tab:robust-m", "tab:robust-d-m"]


PAPER = r"""\documentclass{article}
\usepackage{booktabs}
\begin{document}
%s
\end{document}
"""


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs LaTeX")
def test_latex_takes_it(tmp_path):
    (tmp_path / "paper.tex").write_text(
        PAPER % latex_tables(shown([*runs(chance=0.5), *weaker()], failed="mfc"), TITLES)
    )
    process = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"], cwd=tmp_path, capture_output=True
    )
    assert process.returncode == 0, process.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 5000
