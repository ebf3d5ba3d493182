import numpy as np
import pandas as pd
import pytest

from cells import CLEAN, answers
from finitecover.reporting.intervals import interval_of_mean, mean_of
from finitecover.reporting.statistics import (
    at_training_eps,
    percent,
    ranking_table,
    set_costs,
    summarise,
    wide_table,
)

SHOWN = {CLEAN: 0.8, ("pgd", "linf", "8/255"): 0.5, ("worst", "linf", "8/255"): 0.4, ("worst", "linf", "4/255"): 0.6}


def runs(*, shift=0.0, names=(("full", "full", None, 0.1), ("mfc-ipc10", "mfc", 10, 0.0)), **more):
    """Cells of three seeds on two hundred images, for `summarise`."""
    for training_set, method, ipc, higher in names:
        cell = {"dataset": "d", "training_set": training_set, "method": method, "ipc": ipc}
        values = {
            key: answers([level + higher + shift + 0.01 * seed for seed in (0, 1, 2)], attacks=key[0], **more)
            for key, level in SHOWN.items()
        }
        yield cell | {"training": "pgd", "model": "m"}, values


def weaker(**more):
    """The same for random images, twenty points below."""
    return runs(shift=-0.2, names=(("random-ipc10", "random", 10, 0.0),), **more)


def test_summary_has_a_row_per_cell_attack_norm_and_size():
    summary = summarise(runs())
    assert len(summary) == 8
    first = summary.iloc[0]
    assert (first["training_set"], first["attack"], first["n_seeds"], first["n_images"]) == ("full", "clean", 3, 200)
    assert (first["mean"], first["std"]) == pytest.approx((0.91, 0.01))
    correct = answers([0.9, 0.91, 0.92]).correct
    assert (first["low"], first["high"]) == interval_of_mean(mean_of(correct), 200)
    assert (first["attacks"], first["chance"], first["at_chance"]) == ("clean", 0.1, False)
    assert pd.isna(first["ipc"])
    assert summary.iloc[-1]["ipc"] == 10


def test_one_seed_has_neither_deviation_nor_interval():
    ((cell, found),) = runs(names=(("full", "full", None, 0.1),))
    one = {key: row._replace(correct=row.correct[:1]) for key, row in found.items()}
    assert summarise([(cell, one)])[["std", "low", "high"]].isna().all().all()


def test_a_cell_whose_clean_or_robust_accuracy_is_a_constant_answers_is_at_chance():
    assert not summarise(runs())["at_chance"].any()
    at_chance = summarise(runs(chance=0.5)).set_index(["training_set", "attack", "eps"])["at_chance"]
    assert at_chance[at_chance].index.tolist() == [
        ("full", "worst", "8/255"),
        ("mfc-ipc10", "pgd", "8/255"),
        ("mfc-ipc10", "worst", "8/255"),
    ]
    assert summarise(runs(chance=0.95))["at_chance"].all()


def test_models_are_compared_by_the_worst_case_at_the_named_size():
    table = at_training_eps(summarise(runs()), {"d": {"linf": "8/255"}})
    assert table["measure"].tolist() == ["clean", "clean", "linf", "linf"]
    assert table["mean"].tolist() == pytest.approx([0.91, 0.81, 0.51, 0.41])


def test_the_wide_table_shows_every_cell_once():
    table = at_training_eps(summarise(runs()), {"d": {"linf": "8/255"}})
    wide = wide_table(table, percent)
    assert wide.columns.tolist() == ["dataset", "method", "ipc", "training", "model", "clean", "linf"]
    assert wide["ipc"].tolist() == ["-", "10"]
    entries = [f"{100 * row.mean:.1f} ({100 * row.low:.1f} to {100 * row.high:.1f})" for row in table[2:].itertuples()]
    assert wide["linf"].tolist() == entries


def test_the_ranking_has_a_column_per_budget_with_a_star_and_the_most_robust_first():
    table = at_training_eps(summarise([*weaker(), *runs()]), {"d": {"linf": "8/255"}})
    ranking = ranking_table(table, lambda row: f"{row.mean:.2f}")
    assert ranking["method"].tolist() == ["full", "mfc", "random"]
    assert ranking["d, linf, 10"].tolist() == ["", "0.41 ★", "0.21"]
    assert ranking["d, linf, -"].tolist() == ["0.51 ★", "", ""]


def test_what_is_at_chance_has_no_star():
    table = at_training_eps(summarise([*weaker(chance=0.5), *runs(chance=0.5)]), {"d": {"linf": "8/255"}})
    ranking = ranking_table(table, percent)
    assert not ranking.apply(lambda column: column.str.contains("★")).any().any()
    assert ranking["d, linf, 10"].str.endswith(", at chance").tolist() == [False, True, True]


def test_percent_of_one_seed_has_no_interval():
    row = next(pd.DataFrame([{"mean": 0.5, "low": np.nan, "at_chance": False}]).itertuples())
    assert percent(row) == "50.0"


def test_what_sets_share_has_a_row_of_its_own_beside_the_cost_of_each():
    jobs = [("select_coreset", "easycore-ipc1", None, 2.0), ("select_coreset", "easycore-ipc1", None, 4.0)]
    jobs += [("train_expert", None, "convnet", 10.0), ("score_images", None, "convnet", 5.0)]
    costs = pd.DataFrame(jobs, columns=["rule", "training_set", "model", "core_seconds"]).assign(
        dataset="d", seconds=1.0, max_rss_mib=1.0, images_seen=1, gradient_evaluations=1
    )
    found = set_costs(costs).set_index("made")["core_seconds"].to_dict()
    assert found == {"easycore-ipc1": 3.0, "each expert, convnet": 10.0, "scores of images, convnet": 5.0}
