"""Accuracies of cells with their intervals, and tables of them."""

import numpy as np
import pandas as pd

from finitecover.norms import PERTURBED
from finitecover.study.kinds import FULL

CELL = ["dataset", "training_set", "method", "ipc", "training", "model"]
CLEAN = ("clean", "none", "0")  # attack, norm and eps of clean images
FAILED_MARK = "†"  # on numbers of models for which a gate failed
MODELS = ["dataset", "training_set", "training", "model"]  # what names the models of all seeds in every table


def summarise(cells):
    """One row per cell (everything but the seed), attack, norm and eps.

    cells: pairs of a dict of the columns `CELL` and {(attack, norm, eps): `answers.Answers`}. Beside mean, standard
    deviation over seeds (std) and the 95 % interval over seeds and images (low, high; empty for one seed): n_seeds,
    n_images, attacks (what the images went through), chance (the share of the largest class among them) and at_chance:
    that the accuracy, or the clean accuracy of the same models, is not above a constant answer's beyond its interval.
    """
    rows = []
    for cell, found in cells:
        clean_at_chance = not found[CLEAN].above_chance()
        for (attack, norm, eps), answers in found.items():
            mean, low, high = answers.interval()
            seeds, n = answers.correct.shape
            std = answers.correct.mean(axis=1).std(ddof=1) if seeds > 1 else np.nan
            at_chance = clean_at_chance or not answers.above_chance()
            row = [attack, norm, eps, mean, std, low, high, seeds, n, answers.attacks, answers.chance, at_chance]
            rows.append([*(cell[name] for name in CELL), *row])
    columns = ["attack", "norm", "eps", "mean", "std", "low", "high", "n_seeds", "n_images"]
    columns += ["attacks", "chance", "at_chance"]
    return pd.DataFrame(rows, columns=[*CELL, *columns]).astype({"ipc": "Int64"})


def with_gates(table, gates, training_set="training_set"):
    """A table with gate_failed: whether a gate failed for a model of the row; training_set: the column that names its
    training set."""
    failed = set(gates.loc[~gates["passed"], MODELS].itertuples(index=False, name=None))
    models = table[["dataset", training_set, "training", "model"]].itertuples(index=False, name=None)
    return table.assign(gate_failed=[model in failed for model in models])


def marked(table, gates, *training_sets):
    """A table in which the names of training sets, in one column or several, have a mark where a gate failed for one of
    their models."""
    names = {}
    for name in training_sets or ("training_set",):
        names[name] = table[name] + np.where(with_gates(table, gates, name)["gate_failed"], FAILED_MARK, "")
    return table.assign(**names)


def with_titles(table, titles):
    """A table in which data sets are called by their titles; titles: {name: title}."""
    if "dataset" not in table:
        return table
    return table.assign(dataset=[titles.get(name, name) for name in table["dataset"]])


def at_training_eps(summary, training_eps):
    """The summary at one size per data set and norm: clean accuracy and the worst case over all attacks, a row each.

    training_eps: {dataset: {norm: eps}}. Adds a column `measure`: "clean", "linf" or "l2".
    """
    parts = [summary[summary["attack"] == "clean"].assign(measure="clean")]
    for dataset, sizes in training_eps.items():
        for norm, eps in sizes.items():
            chosen = (summary["dataset"] == dataset) & (summary["norm"] == norm) & (summary["eps"] == eps)
            parts.append(summary[chosen & (summary["attack"] == "worst")].assign(measure=norm))
    return pd.concat(parts, ignore_index=True)


def wide_table(table, form):
    """A row per cell and a column per measure of `at_training_eps`; `form(row)` writes an entry.

    ipc is "-" where no budget was given: all images, or as many as a radius needs.
    """
    entries = table.assign(
        entry=[form(row) for row in table.itertuples()],
        ipc=table["ipc"].astype("string").fillna("-"),
    )
    order = entries.drop_duplicates(CELL)[CELL]
    wide = entries.pivot(index=CELL, columns="measure", values="entry").reset_index()
    columns = [*CELL, *(name for name in ("clean", *PERTURBED) if name in wide)]
    return order.merge(wide, on=CELL)[columns].fillna("").drop(columns="training_set")


def cell_names(table, norms):
    """ "mnist, linf, 10" for every row: data set, norm, images per class, and the network where there are several."""
    budgets = table["ipc"].astype("string").fillna("-")
    several = table["model"].nunique() > 1
    return table["dataset"] + ", " + norms + ", " + budgets + (", " + table["model"] if several else "")


def ranking_table(table, form):
    """Worst-case accuracies of `at_training_eps`: a row per method and training, the highest on the mean first.

    A column per data set, norm and budget, the highest entry of which has a star unless it is at chance; `form(row)`
    writes an entry. What needs no budget has columns of its own.
    """
    robust = table[table["measure"] != "clean"]
    robust = robust.assign(where=cell_names(robust, robust["measure"]))
    best = (robust["mean"] == robust.groupby("where")["mean"].transform("max")) & ~robust["at_chance"]
    entries = [form(row) + (" ★" if row.best else "") for row in robust.assign(best=best).itertuples()]
    robust = robust.assign(entry=entries)
    keys = ["method", "training"]
    order = robust.groupby(keys)["mean"].mean().sort_values(ascending=False, kind="stable").index
    wide = robust.pivot(index=keys, columns="where", values="entry")[list(dict.fromkeys(robust["where"]))]
    return wide.loc[order].reset_index().fillna("")


def best_small(rows):
    """Which rows, of one column of a table, have the highest mean of all sets but that of all images, unless it is at
    chance."""
    small = rows["method"].ne(FULL) & ~rows["at_chance"]
    return small & rows["mean"].eq(rows.loc[small, "mean"].max())


def architecture_table(table, form):
    """One training set, any network: a row per training set and training, a column per network, of `at_training_eps`.

    Entries are worst-case accuracies, `form(row)`; empty where a cell was not run.
    """
    robust = table[table["measure"] != "clean"]
    keys = ["dataset", "method", "ipc", "training", "measure", "eps"]
    entries = robust.assign(
        entry=[form(row) for row in robust.itertuples()],
        ipc=robust["ipc"].astype("string").fillna("-"),
    )
    order = entries[keys].drop_duplicates()
    wide = entries.pivot(index=keys, columns="model", values="entry")[list(dict.fromkeys(entries["model"]))]
    return order.merge(wide.reset_index(), on=keys).fillna("").rename(columns={"measure": "norm"})


# Rules that make no training set but what some sets cannot do without, and what their rows are called.
_SHARED = {"train_expert": "each expert", "score_images": "scores of images"}


def set_costs(costs):
    """What it took to make one training set: means over its jobs of core-seconds and passes, the largest memory.

    costs: the table of `collect_costs`. Experts, which trajectory matching follows and EasyCore scores images by, and
    those scores have a row per network.
    """
    made = costs[costs["rule"].isin(["solve_cover", "select_coreset", "condense_dataset", *_SHARED])]
    shared = made["rule"].map(_SHARED) + ", " + made["model"]
    made = made.assign(made=made["training_set"].where(~made["rule"].isin(_SHARED), shared))
    groups = made.groupby(["dataset", "made"], sort=False)
    table = groups.agg(
        jobs=("seconds", "size"),
        core_seconds=("core_seconds", "mean"),
        max_rss_mib=("max_rss_mib", "max"),
        images_seen=("images_seen", "mean"),
        gradient_evaluations=("gradient_evaluations", "mean"),
    ).reset_index()
    whole = ["max_rss_mib", "images_seen", "gradient_evaluations"]
    table = table.assign(core_seconds=table["core_seconds"].round(1))
    return table.assign(**{name: table[name].round().astype("Int64") for name in whole})


def percent(row):
    """ "76.4 (73.1 to 79.5)", in percent, of a row of `summarise`: mean and interval, which a single seed lacks; with
    a mark where a gate of its models failed; at chance it says so."""
    interval = "" if np.isnan(row.low) else f" ({100 * row.low:.1f} to {100 * row.high:.1f})"
    mark = FAILED_MARK if getattr(row, "gate_failed", False) else ""
    return f"{100 * row.mean:.1f}{mark}{interval}" + (", at chance" if row.at_chance else "")


def span(numbers):
    """ "3", or "50 to 364" where numbers differ."""
    low, high = numbers.min(), numbers.max()
    return str(low) if low == high else f"{low} to {high}"
