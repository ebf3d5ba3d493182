"""Means, deviations and intervals over seeds."""

import numpy as np
import pandas as pd
from scipy import stats

from finitecover.norms import PERTURBED, symbol


def mean_interval(values, level=0.95):
    """Mean, sample standard deviation and Student t interval of the mean: (mean, std, low, high).

    std and interval are NaN for a single value: one seed says nothing about the spread.
    """
    values = np.asarray(values, dtype=np.float64)
    mean = values.mean()
    if len(values) < 2:
        return mean, np.nan, np.nan, np.nan
    std = values.std(ddof=1)
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * std / np.sqrt(len(values))
    return mean, std, mean - half, mean + half


CELL = ["dataset", "training_set", "method", "ipc", "training", "model"]


def summarise(runs):
    """One row per cell (everything but the seed), attack, norm and eps: mean, std, low, high, seeds, n.

    runs: the tidy table of accuracies; low and high bound the 95 % interval of the mean over seeds; n is the number of
    images per seed.
    """
    groups = runs.groupby([*CELL, "attack", "norm", "eps"], sort=False, dropna=False)
    rows = []
    for key, group in groups:
        mean, std, low, high = mean_interval(group["accuracy"])
        rows.append((*key, mean, std, low, high, len(group), group["n"].iloc[0]))
    columns = [*CELL, "attack", "norm", "eps", "mean", "std", "low", "high", "seeds", "n"]
    return pd.DataFrame(rows, columns=columns).astype({"ipc": "Int64"})


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
    """A row per cell and a column per measure of `at_training_eps`; `form(mean, std)` writes an entry.

    ipc is "-" where no budget was given: all images, or as many as a radius needs.
    """
    entries = table.assign(
        entry=[form(mean, std) for mean, std in zip(table["mean"], table["std"], strict=True)],
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

    A column per data set, norm and budget, the highest entry of which has a star; `form(mean, std)` writes an entry.
    What needs no budget has columns of its own.
    """
    robust = table[table["measure"] != "clean"]
    robust = robust.assign(where=cell_names(robust, robust["measure"]))
    best = robust["mean"] == robust.groupby("where")["mean"].transform("max")
    columns = zip(robust["mean"], robust["std"], best, strict=True)
    robust = robust.assign(entry=[form(mean, std) + (" ★" if top else "") for mean, std, top in columns])
    keys = ["method", "training"]
    order = robust.groupby(keys)["mean"].mean().sort_values(ascending=False, kind="stable").index
    wide = robust.pivot(index=keys, columns="where", values="entry")[list(dict.fromkeys(robust["where"]))]
    return wide.loc[order].reset_index().fillna("")


def architecture_table(table, form):
    """One training set, any network: a row per training set and training, a column per network, of `at_training_eps`.

    Entries are worst-case accuracies, `form(mean, std)`; empty where a cell was not run.
    """
    robust = table[table["measure"] != "clean"]
    keys = ["dataset", "method", "ipc", "training", "measure", "eps"]
    entries = robust.assign(
        entry=[form(mean, std) for mean, std in zip(robust["mean"], robust["std"], strict=True)],
        ipc=robust["ipc"].astype("string").fillna("-"),
    )
    order = entries[keys].drop_duplicates()
    wide = entries.pivot(index=keys, columns="model", values="entry")[list(dict.fromkeys(entries["model"]))]
    return order.merge(wide.reset_index(), on=keys).fillna("").rename(columns={"measure": "norm"})


def set_costs(costs):
    """What it took to make one training set: means over its jobs of core-seconds and passes, the largest memory.

    costs: the table of `collect_costs`. Experts are no training set, but trajectory matching cannot do without them: a
    row per expert's network.
    """
    made = costs[costs["rule"].isin(["solve_cover", "select_coreset", "condense_dataset", "train_expert"])]
    made = made.assign(made=made["training_set"].where(made["rule"] != "train_expert", "each expert, " + made["model"]))
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


def percent(mean, std):
    """ "76.4 ± 0.3", in percent; without deviation for a single seed."""
    return f"{100 * mean:.1f}" + ("" if np.isnan(std) else f" ± {100 * std:.1f}")


def latex_table(table):
    """A table of `at_training_eps` as a LaTeX longtable with booktabs rules, accuracies in percent with deviations."""
    wide = wide_table(table, lambda mean, std: percent(mean, std).replace("±", r"$\pm$"))
    wide = wide.rename(columns={norm: f"robust ${symbol(norm)}$" for norm in PERTURBED})
    return wide.style.hide(axis="index").to_latex(
        hrules=True, environment="longtable", column_format="l" * wide.shape[1]
    )
