"""Tables of accuracies in LaTeX, to be pasted into a paper that loads booktabs."""

from collections import Counter

import numpy as np

from finitecover.norms import symbol
from finitecover.reporting.statistics import best_small, span
from finitecover.study.kinds import FULL

HEAD = """\
% Every table needs \\usepackage{{booktabs}}. The first one of a network, without intervals, fits a column as long as
% six columns of numbers do. Bold is the highest mean; whether a difference is significant is decided by the claims
% (results/report/claims.csv). The others, with intervals, are as wide as two columns.
"""
SHORT = """
\\begin{{table}}
\\centering\\footnotesize\\setlength{{\\tabcolsep}}{{2.5pt}}
\\caption{{{caption}}}
\\label{{tab:{label}}}
\\begin{{tabular}}{{l{columns}}}
\\toprule
 & {heads} \\\\
{rules}
method & {budgets} \\\\
\\midrule
{body}
\\bottomrule
\\end{{tabular}}
\\end{{table}}
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
    """LaTeX of a table of `at_training_eps` with gate_failed: for each network the robust accuracies after the training
    that most sets have, a row per method, a column per data set and number of images per class; then a table per data
    set, network and number of images per class, with the sets that no budget makes in each, a row per training and
    method, a column per measure. titles: what data sets are called."""
    tables = [_short(rows, model, titles) for model, rows in table.groupby("model", sort=False)]
    for (dataset, model), rows in table.groupby(["dataset", "model"], sort=False):
        budgets = rows["ipc"].dropna().drop_duplicates().tolist()
        for budget in budgets or [None]:
            label = "-".join(map(str, ("robust", dataset, model, *([] if budget is None else [budget]))))
            shown = rows[rows["ipc"].isna() | rows["ipc"].eq(budget)]
            tables.append(_table(titles[dataset], model, budget, shown, label))
    return HEAD.format() + "".join(tables)


def _short(table, model, titles):
    robust = table[table["measure"].ne("clean")]
    sets = robust.groupby(["training", "measure"], sort=False)["training_set"].nunique()
    training, norm = sets.idxmax()
    rows = robust[robust["training"].eq(training) & robust["measure"].eq(norm)]
    columns = {
        (dataset, budget): shown[shown["ipc"].isna() | shown["ipc"].isin([budget])]
        for dataset, shown in rows.groupby("dataset", sort=False)
        for budget in shown["ipc"].dropna().drop_duplicates().sort_values().tolist() or [None]
    }
    entries = {key: _short_entries(cells) for key, cells in columns.items()}
    lines = [
        " & ".join([method, *(entries[key].get(method, "") for key in columns)]) + " \\\\"
        for method in dict.fromkeys(rows["method"])
    ]
    heads, rules, last = [], [], 1
    for dataset, count in Counter(dataset for dataset, _ in columns).items():
        heads.append(f"\\multicolumn{{{count}}}{{c}}{{{titles[dataset].partition(' (')[0]}}}")
        rules.append(f"\\cmidrule(lr){{{last + 1}-{last + count}}}")
        last += count
    return SHORT.format(
        caption=_short_caption(training, norm, model, rows, titles),
        label=f"robust-{model}",
        columns="c" * len(columns),
        heads=" & ".join(heads),
        rules="".join(rules),
        budgets=" & ".join("" if budget is None else str(budget) for _, budget in columns),
        body="\n".join(lines),
    )


def _short_entries(cells):
    """{method: accuracy in percent with marks}, the highest one of the small sets, if not at chance, in bold."""
    texts = {}
    for cell in cells.assign(best=best_small(cells)).itertuples():
        text = f"{100 * cell.mean:.1f}"
        text = f"\\textbf{{{text}}}" if cell.best else text
        texts[cell.method] = text + FAILED * bool(cell.gate_failed) + AT_CHANCE * bool(cell.at_chance)
    return texts


def _short_caption(training, norm, model, rows, titles):
    sizes = rows.drop_duplicates("dataset").set_index("dataset")["eps"]
    within = ", ".join(f"{eps} on {titles[dataset]}" for dataset, eps in sizes.items())
    seeds = f", means over {span(rows['n_seeds'])} seeds" if rows["n_seeds"].max() > 1 else ""
    images = span(rows["n_images"])
    return (
        f"Robust accuracy of {model} in percent after training {training} on sets of as many images per class as the "
        f"head says, or on all images ({FULL}){seeds}: worst case over {_all_attacks(rows)} ($n$ = {images}) within "
        f"${symbol(norm)}$, $\\epsilon$ = {within}. Bold: the highest mean of a small set.{_explained(rows)}"
    )


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
    mean = ""
    if rows["n_seeds"].max() > 1:
        mean = f", means over {span(rows['n_seeds'])} seeds with 95\\,\\% intervals over seeds and test images"
    sets = ["all images (full)"] if rows["method"].eq(FULL).any() else []
    sets += [] if budget is None else [f"sets of {_per_class(budget)}"]
    images = span(worst["n_images"])
    return (
        f"Accuracy of {model} on {dataset} in percent{mean}, after training on {' and '.join(sets)}: on clean images "
        f"($n$ = {span(clean['n_images'])}) and in the worst case over {_all_attacks(worst)} ($n$ = {images}), with "
        f"perturbations of at most $\\epsilon$ for pixels in $[0, 1]$.{_explained(rows)}"
    )


def _explained(rows):
    return "".join(words for column, words in _MARKS.items() if rows[column].any())


def _all_attacks(rows):
    return ", ".join(dict.fromkeys(name for names in rows["attacks"] for name in _attacks(names)))


def _attacks(names):
    """Of "fgsm + pgd; at smaller sizes deepfool" all three."""
    return names.replace("; at smaller sizes ", " + ").split(" + ")
