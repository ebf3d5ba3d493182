"""Tables of accuracies in LaTeX, to be pasted into a paper that loads booktabs."""

import numpy as np

from finitecover.norms import symbol
from finitecover.reporting.statistics import span
from finitecover.study.kinds import FULL

HEAD = """\
% Each table needs \\usepackage{{booktabs}} and is as wide as two columns of most papers; no entry is in bold: whether a
% difference is significant is decided by the claims (results/report/claims.csv).
"""
TABLE = """
\\begin{{table*}}
\\centering
\\caption{{{caption}}}
\\label{{tab:{label}}}
\\begin{{tabular}}{{ll{columns}}}
\\toprule
\\multicolumn{{{width}}}{{c}}{{{title}}} \\\\
\\midrule
training & method & {heads} \\\\
{body}
\\bottomrule
\\end{{tabular}}
\\end{{table*}}
"""
FAILED, AT_CHANCE = "$^\\dagger$", "$^\\ddagger$"
_MARKS = {
    "gate_failed": f" {FAILED}: a sanity check of the evaluation failed.",
    "at_chance": f" {AT_CHANCE}: it or the clean accuracy is not significantly above that of a constant answer.",
}


def latex_tables(table, titles):
    """LaTeX of a table of `at_training_eps` with gate_failed: a table per data set, network and number of images per
    class, with the sets that no budget makes in each; a row per training and method, a column per measure. titles: what
    data sets are called."""
    tables = []
    for (dataset, model), rows in table.groupby(["dataset", "model"], sort=False):
        budgets = rows["ipc"].dropna().drop_duplicates().tolist()
        for budget in budgets or [None]:
            label = "-".join(map(str, ("robust", dataset, model, *([] if budget is None else [budget]))))
            shown = rows[rows["ipc"].isna() | rows["ipc"].eq(budget)]
            tables.append(_table(titles[dataset], model, budget, shown, label))
    return HEAD.format() + "".join(tables)


def _table(dataset, model, budget, rows, label):
    sizes = rows.drop_duplicates("measure").set_index("measure")["eps"]
    blocks = []
    for training, trained in rows.groupby("training", sort=False):
        lines = []
        for place, (_, cells) in enumerate(trained.groupby("training_set", sort=False)):
            entries = {cell.measure: _entry(cell) for cell in cells.itertuples()}
            names = [training if place == 0 else "", cells["method"].iloc[0]]
            lines.append(" & ".join([*names, *(entries.get(measure, "") for measure in sizes.index)]) + " \\\\")
        blocks.append("\n".join(["\\midrule", *lines]))
    title = f"{dataset}, {model}" + ("" if budget is None else f", {_per_class(budget)}")
    return TABLE.format(
        caption=_caption(dataset, model, budget, rows),
        label=label,
        columns="c" * len(sizes),
        width=len(sizes) + 2,
        title=f"{title}: accuracy (\\%)",
        heads=" & ".join(_head(measure, eps) for measure, eps in sizes.items()),
        body="\n".join(blocks),
    )


def _head(measure, eps):
    return "clean" if measure == "clean" else f"${symbol(measure)}$, $\\epsilon = {eps}$"


def _per_class(budget):
    return f"{budget} image{'s' if budget > 1 else ''} per class"


def _entry(cell):
    """ "76.4 [73.1, 79.5]", in percent, with marks; a single seed has no interval."""
    marks = FAILED * bool(cell.gate_failed) + AT_CHANCE * bool(cell.at_chance)
    interval = "" if np.isnan(cell.low) else f" [{100 * cell.low:.1f}, {100 * cell.high:.1f}]"
    return f"{100 * cell.mean:.1f}{marks}{interval}"


def _caption(dataset, model, budget, rows):
    clean, worst = rows[rows["measure"].eq("clean")], rows[rows["measure"].ne("clean")]
    attacks = ", ".join(dict.fromkeys(name for names in worst["attacks"] for name in _attacks(names)))
    mean = ""
    if rows["n_seeds"].max() > 1:
        mean = f", means over {span(rows['n_seeds'])} seeds with 95\\,\\% intervals over seeds and test images"
    sets = ["all images (full)"] if rows["method"].eq(FULL).any() else []
    sets += [] if budget is None else [f"sets of {_per_class(budget)}"]
    marks = "".join(words for column, words in _MARKS.items() if rows[column].any())
    return (
        f"Accuracy of {model} on {dataset} in percent{mean}, after training on {' and '.join(sets)}: on clean images "
        f"($n$ = {span(clean['n_images'])}) and in the worst case over {attacks} ($n$ = {span(worst['n_images'])}), "
        f"with perturbations of at most $\\epsilon$ for pixels in $[0, 1]$.{marks}"
    )


def _attacks(names):
    """Of "fgsm + pgd; at smaller sizes deepfool" all three."""
    return names.replace("; at smaller sizes ", " + ").split(" + ")
