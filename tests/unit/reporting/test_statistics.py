import numpy as np
import pandas as pd
import pytest

from finitecover.reporting.statistics import (
    at_training_eps,
    latex_table,
    mean_interval,
    percent,
    ranking_table,
    summarise,
    wide_table,
)


def runs():
    identity = {"dataset": "d", "training": "pgd", "model": "m", "n": 100}
    rows = []
    for training_set, method, ipc, shift in (("full", "full", None, 0.1), ("mfc-ipc10", "mfc", 10, 0.0)):
        for seed in (0, 1, 2):
            for attack, norm, eps, level in (
                ("clean", "none", "0", 0.8),
                ("pgd", "linf", "8/255", 0.5),
                ("worst", "linf", "8/255", 0.4),
                ("worst", "linf", "4/255", 0.6),
            ):
                accuracy = level + shift + 0.01 * seed
                row = {
                    "training_set": training_set,
                    "method": method,
                    "ipc": ipc,
                    "seed": seed,
                    "attack": attack,
                    "norm": norm,
                }
                rows.append(identity | row | {"eps": eps, "accuracy": accuracy})
    return pd.DataFrame(rows).astype({"ipc": "Int64"})


def test_interval_by_hand():
    # mean 2, standard deviation 1, t(0.975, 2) = 4.302653, half-width 4.302653 / sqrt(3)
    mean, std, low, high = mean_interval([1.0, 2.0, 3.0])
    assert (mean, std) == (2, 1)
    assert (low, high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-6)


def test_one_seed_has_no_spread():
    mean, *rest = mean_interval([0.3])
    assert mean == 0.3
    assert np.isnan(rest).all()


def test_summary_has_a_row_per_cell_attack_norm_and_size():
    summary = summarise(runs())
    assert len(summary) == 8
    first = summary.iloc[0]
    assert (first["training_set"], first["attack"], first["seeds"], first["n"]) == ("full", "clean", 3, 100)
    assert (first["mean"], first["std"]) == pytest.approx((0.91, 0.01))
    assert first["low"] < first["mean"] < first["high"]
    assert pd.isna(first["ipc"])
    assert summary.iloc[-1]["ipc"] == 10


def test_models_are_compared_by_the_worst_case_at_the_named_size():
    table = at_training_eps(summarise(runs()), {"d": {"linf": "8/255"}})
    assert table["measure"].tolist() == ["clean", "clean", "linf", "linf"]
    assert table["mean"].tolist() == pytest.approx([0.91, 0.81, 0.51, 0.41])


def test_wide_and_latex_tables_show_every_cell_once():
    table = at_training_eps(summarise(runs()), {"d": {"linf": "8/255"}})
    wide = wide_table(table, percent)
    assert wide.columns.tolist() == ["dataset", "method", "ipc", "training", "model", "clean", "linf"]
    assert wide["ipc"].tolist() == ["-", "10"]
    assert wide["linf"].tolist() == ["51.0 ± 1.0", "41.0 ± 1.0"]
    latex = latex_table(table)
    assert [line.split(" & ")[1] for line in latex.splitlines() if "pgd" in line] == ["full", "mfc"]
    assert r"41.0 $\pm$ 1.0" in latex
    assert r"\toprule" in latex


def test_the_ranking_has_a_column_per_budget_with_a_star_and_the_most_robust_first():
    weaker = runs().query("method == 'mfc'").assign(method="random", training_set="random-ipc10")
    weaker["accuracy"] -= 0.2
    table = at_training_eps(summarise(pd.concat([weaker, runs()])), {"d": {"linf": "8/255"}})
    ranking = ranking_table(table, percent)
    assert ranking["method"].tolist() == ["full", "mfc", "random"]
    assert ranking["d, linf, 10"].tolist() == ["", "41.0 ± 1.0 ★", "21.0 ± 1.0"]
    assert ranking["d, linf, -"].tolist() == ["51.0 ± 1.0 ★", "", ""]


def test_percent_of_one_seed_has_no_deviation():
    assert percent(0.5, np.nan) == "50.0"
