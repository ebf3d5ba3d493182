"""Verdicts on claims: what is compared, what counts, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from cells import CLEAN, WORST, N, answers, cell
from finitecover.reporting.intervals import difference_of, interval_of_difference
from finitecover.reporting.summaries import claim_table
from finitecover.reporting.verdicts import (
    AT_CHANCE,
    FAILS,
    HOLDS,
    NOT_CERTIFIED,
    NOT_TESTED,
    OPEN,
    REPEATED,
    SAME,
    TOO_FEW,
    Cell,
    Measured,
    baseline_table,
    check_claim,
    comparison_table,
    overall,
)
from finitecover.study.claims import read_claims

KINDS = {"standard": ["standard", None], "pgd-linf": ["pgd", "linf"], "pgd-l2": ["pgd", "l2"]}
PLAIN = {"augmentation": False, "updates": 1, "labels": "hard"}
STRENGTHS = dict.fromkeys(KINDS, PLAIN)
STRENGTHS |= {"pgd-linf-long": PLAIN | {"updates": 4}, "pgd-linf-teacher": PLAIN | {"labels": "teacher"}}
KINDS |= {"pgd-linf-long": KINDS["pgd-linf"], "pgd-linf-teacher": KINDS["pgd-linf"]}
TEACHERS = {
    name: {"teacher": "pgd-linf-long"} if own["labels"] == "teacher" else None for name, own in STRENGTHS.items()
}
TRAINING_EPS = {"digits": {"linf": "8/255"}}
CLAIM = """
above:
  says: A beats B.
  source: ours
  measure: robust
  higher: {methods: [a], kind: pgd}
  lower: {methods: [b], kind: pgd}
"""


def cells(ipc=10, training="pgd-linf", model="convnet", **accuracies):
    """{Cell: Measured} of the worst case at linf 8/255: {method: accuracies by seed}."""
    return {
        Cell("digits", method, ipc, model, training, f"{method}-ipc{ipc}"): Measured(
            cell(values), tuple(f"{method}{seed}" for seed in range(len(values)))
        )
        for method, values in accuracies.items()
    }


def verdicts(measured, text=CLAIM, bounds=None):
    (claim,) = read_claims(text).values()
    return check_claim(claim, measured, bounds, KINDS, TRAINING_EPS, STRENGTHS, TEACHERS)


ABOVE = {"a": [0.60, 0.62, 0.61], "b": [0.40, 0.42, 0.41]}


def test_the_effect_is_the_difference_in_points_with_its_interval_over_seeds_and_images():
    measured = cells(**ABOVE)
    (row,) = verdicts(measured).itertuples()
    assert row.effect == pytest.approx(20)
    sides = [side.answers[WORST].correct for side in measured.values()]
    assert (row.low / 100, row.high / 100) == pytest.approx(interval_of_difference(difference_of(*sides)))
    assert (row.n_seeds, row.n_images, row.verdict, row.ipc) == (3, N, HOLDS, 10)
    assert row.level == pytest.approx(0.95)
    assert (row.higher, row.lower) == ("a (pgd-linf)", "b (pgd-linf)")
    compared = "{a-ipc10/pgd-linf/convnet,b-ipc10/pgd-linf/convnet}"
    assert row.file == f"results/digits/attacks/{compared}/seed*/examples.parquet"


def test_a_claim_fails_where_the_interval_lies_below_zero_and_is_open_around_it():
    assert verdicts(cells(a=ABOVE["b"], b=ABOVE["a"]))["verdict"].tolist() == [FAILS]
    assert verdicts(cells(a=[0.5, 0.6, 0.7], b=[0.6, 0.5, 0.69]))["verdict"].tolist() == [OPEN]


@pytest.mark.parametrize("fewer", ["a", "b"])
def test_below_three_seeds_there_is_no_verdict(fewer):
    measured = cells(**ABOVE | {fewer: ABOVE[fewer][:2]})
    (row,) = verdicts(measured).itertuples()
    assert (row.verdict, row.n_seeds) == (TOO_FEW, 2)
    assert row.effect == pytest.approx(20, abs=1)


@pytest.mark.parametrize("measure", [WORST, CLEAN])
def test_where_the_better_side_is_at_chance_nothing_is_won(measure):
    measured = cells(**ABOVE)
    better, worse = list(measured)
    constant = measured[better].answers | {measure: answers([0.2, 0.21, 0.2], chance=0.2)}
    at_chance = measured | {better: Measured(constant, ("x",))}
    lower = measured[worse].answers | {WORST: answers([0.01, 0.02, 0.01])}
    (row,) = verdicts(at_chance | {worse: Measured(lower, ("y",))}).itertuples()
    assert row.verdict == AT_CHANCE
    # the worse side may be: that is what makes it worse
    (row,) = verdicts(measured | {worse: Measured(lower, ("y",))}).itertuples()
    assert row.verdict == HOLDS


def test_intervals_are_corrected_for_the_number_of_comparisons():
    near = [0.47, 0.46, 0.465]
    few = verdicts(cells(a=[0.5, 0.5, 0.5], b=near))
    assert (few["verdict"].item(), few["low"].item() > 0) == (HOLDS, True)
    text = CLAIM.replace("[b]", "[b, c, d, e, f, g, h, i, j, k]")
    others = {name: [0.50, 0.51, 0.49 + 0.001 * place] for place, name in enumerate("cdefghijk")}
    many = verdicts(cells(a=[0.5, 0.5, 0.5], b=near, **others), text)
    (same,) = many[many["lower"] == "b (pgd-linf)"].itertuples()
    assert same.level == pytest.approx(1 - 0.05 / 10)
    assert same.high - same.low > few["high"].item() - few["low"].item()
    assert same.p == few["p"].item()
    weaker = verdicts(cells(a=[0.5, 0.5, 0.5], b=[0.475, 0.475, 0.475]))
    assert weaker["verdict"].item() == HOLDS
    many = verdicts(cells(a=[0.5, 0.5, 0.5], b=[0.475, 0.475, 0.475], **others), text)
    assert many.loc[many["lower"] == "b (pgd-linf)", "verdict"].item() == OPEN


def test_what_does_not_count_is_not_corrected_for():
    text = CLAIM.replace("[b]", "[b, c]")
    measured = cells(**ABOVE, c=ABOVE["b"][:2])
    found = verdicts(measured, text).set_index("lower")
    assert found.loc["b (pgd-linf)", "level"] == pytest.approx(0.95)
    assert found.loc["c (pgd-linf)", "verdict"] == TOO_FEW


def test_the_same_training_set_counts_once_and_is_not_compared_with_itself():
    text = CLAIM.replace("[b]", "[b, c]")
    measured = cells(**ABOVE, c=[0.43, 0.44, 0.42])
    *_, b, c = measured
    measured[c] = measured[c]._replace(digests=measured[b].digests)
    assert verdicts(measured, text)["verdict"].tolist() == [HOLDS, REPEATED]
    first = next(iter(measured))
    measured[first] = measured[first]._replace(digests=measured[b].digests)
    assert verdicts(measured, text)["verdict"].tolist() == [SAME, SAME]


def test_budgets_networks_and_norms_are_not_mixed():
    measured = cells(**ABOVE) | cells(ipc=50, **ABOVE) | cells(model="mlp", **ABOVE)
    measured |= cells(training="pgd-l2", **ABOVE)
    found = verdicts(measured)
    compared = [(10, "convnet"), (10, "mlp"), (50, "convnet")]
    assert sorted(found[["ipc", "model"]].itertuples(index=False, name=None)) == compared


def test_a_clean_claim_asks_for_robust_accuracy_above_chance_too():
    text = CLAIM.replace("measure: robust", "measure: clean")
    clean = {"a": [0.9, 0.9, 0.9], "b": [0.5, 0.5, 0.5]}
    measured = {
        key: value._replace(answers=value.answers | {CLEAN: answers(clean[key.method])})
        for key, value in cells(**ABOVE).items()
    }
    assert verdicts(measured, text)["verdict"].tolist() == [HOLDS]
    first = next(iter(measured))
    broken = measured[first].answers | {WORST: answers([0.05, 0.05, 0.05])}
    assert verdicts(measured | {first: Measured(broken, ("x",))}, text)["verdict"].tolist() == [AT_CHANCE]


def test_only_what_was_trained_alike_is_compared():
    measured = cells(**ABOVE) | cells(training="pgd-linf-long", **ABOVE)
    pairs = verdicts(measured)[["higher", "lower"]].to_numpy().tolist()
    assert pairs == [["a (pgd-linf)", "b (pgd-linf)"], ["a (pgd-linf-long)", "b (pgd-linf-long)"]]
    for of_training in (STRENGTHS, KINDS, TEACHERS):
        of_training["pgd-linf-more"] = of_training["pgd-linf"]  # more steps, say
    assert len(verdicts(cells(a=ABOVE["a"]) | cells(training="pgd-linf-more", b=ABOVE["b"]))) == 1
    assert verdicts(cells(a=ABOVE["a"]) | cells(training="pgd-linf-more", b=ABOVE["b"]))["verdict"].item() == NOT_TESTED


def test_labels_of_two_teachers_are_not_compared(monkeypatch):
    for of_training in (STRENGTHS, KINDS, TEACHERS):
        monkeypatch.setitem(of_training, "taught-otherwise", of_training["pgd-linf-teacher"])
    text = CLAIM.replace("methods: [a], kind: pgd", "methods: [a], kind: pgd, labels: teacher")
    text = text.replace("methods: [b], kind: pgd", "methods: [b], kind: pgd, labels: teacher")
    measured = cells(training="pgd-linf-teacher", a=ABOVE["a"]) | cells(training="taught-otherwise", b=ABOVE["b"])
    assert verdicts(measured, text)["verdict"].item() == HOLDS  # another name of the same
    monkeypatch.setitem(TEACHERS, "taught-otherwise", {"teacher": "pgd-linf"})
    assert verdicts(measured, text)["verdict"].item() == NOT_TESTED


def test_where_a_claim_says_so_a_method_is_compared_with_its_own_counterpart_alone():
    text = CLAIM.replace("[a]", "[a, c]").replace("[b]", "[b, d]")
    measured = cells(**ABOVE) | cells(c=ABOVE["a"], d=ABOVE["b"])
    assert len(verdicts(measured, text)) == 4
    found = verdicts(measured, text + "  pairwise: true\n")
    assert [(row.higher[0], row.lower[0]) for row in found.itertuples()] == [("a", "b"), ("c", "d")]


def test_the_full_set_stands_beside_every_budget():
    measured = cells(b=ABOVE["b"]) | cells(ipc=50, b=ABOVE["b"])
    measured |= {key._replace(ipc=None): value for key, value in cells(a=ABOVE["a"]).items()}
    assert verdicts(measured)["ipc"].tolist() == [10, 50]


def test_the_same_method_is_compared_with_itself_under_another_training():
    text = CLAIM.replace("higher: {methods: [a]", "higher: {methods: [a, b]").replace(
        "{methods: [b], kind: pgd}", "{methods: same, kind: standard}"
    )
    low = [0.2, 0.21, 0.2]
    found = verdicts(cells(**ABOVE) | cells(training="standard", a=low, b=low), text)
    assert found[["higher", "lower"]].to_numpy().tolist() == [
        ["a (pgd-linf)", "a (standard)"],
        ["b (pgd-linf)", "b (standard)"],
    ]
    assert found["verdict"].tolist() == [HOLDS, HOLDS]  # the same set under two trainings is no comparison with itself


LABELS = CLAIM.replace("kind: pgd}", "kind: pgd, labels: teacher}", 1).replace(
    "{methods: [b], kind: pgd}", "{methods: same, kind: pgd, labels: hard}"
)


def test_what_a_claim_names_of_the_strength_of_training_may_differ_and_the_rest_may_not():
    measured = cells(**ABOVE) | cells(training="pgd-linf-teacher", a=ABOVE["a"], b=ABOVE["b"])
    measured |= cells(training="pgd-linf-long", a=ABOVE["a"])
    found = verdicts(measured, LABELS)
    assert found[["higher", "lower"]].to_numpy().tolist() == [["a (pgd-linf-teacher)", "a (pgd-linf)"]]
    assert found["strength"].tolist() == ["plain"]
    told = verdicts(measured)[["higher", "strength"]].to_numpy().tolist()
    assert told == [["a (pgd-linf)", "plain"], ["a (pgd-linf-teacher)", "teacher's labels"]]


def test_a_gain_is_what_a_teachers_labels_add_to_either_side():
    text = CLAIM.replace("kind: pgd}", "kind: pgd, labels: teacher}").replace(
        "  measure: robust\n", "  measure: robust\n  gain: labels\n"
    )
    hard, soft = {"a": [0.30, 0.32, 0.31], "b": [0.50, 0.52, 0.51]}, {"a": [0.60, 0.62, 0.61], "b": [0.55, 0.57, 0.56]}
    found = verdicts(cells(**hard) | cells(training="pgd-linf-teacher", **soft), text)
    assert found["effect"].item() == pytest.approx(30 - 5, abs=0.5)
    assert found["verdict"].item() == HOLDS
    assert verdicts(cells(training="pgd-linf-teacher", **soft), text)["verdict"].item() == NOT_TESTED


def bounds(**columns):
    shared = {
        "dataset": "digits",
        "training_set": "mfc-ipc10",
        "training": "ibp",
        "model": "mlp",
        "norm": "linf",
        "eps": "0.1",
    }
    row = {"cover_certified": 3.0, "all_certified": 2.0, "cover_attack": 1.5, "all_attack": 1.0}
    row |= {"violations": 0, "attack_violations": 4}
    return pd.DataFrame([shared | row, shared | row | columns])


BOUND = "bound: {says: It bounds., source: ours, measure: bound}"


def test_the_bound_holds_where_it_is_certified_and_no_moment_and_no_image_contradicts_it():
    (row,) = verdicts({}, BOUND, bounds()).itertuples()
    assert (row.verdict, row.effect, row.n_seeds) == (HOLDS, 1.0, 2)
    assert verdicts({}, BOUND, bounds(violations=1))["verdict"].tolist() == [FAILS]
    # the mean over the images drawn says nothing of that over all
    assert verdicts({}, BOUND, bounds(all_certified=3.5))["verdict"].tolist() == [HOLDS]


@pytest.mark.parametrize("all_attack", [1.0, 1.6])
def test_what_attacks_find_on_both_sides_decides_nothing(all_attack):
    attacked = {"all_certified": np.nan, "cover_certified": np.nan, "all_attack": all_attack}
    assert verdicts({}, BOUND, bounds(**attacked))["verdict"].tolist() == [NOT_CERTIFIED]


def test_what_the_study_lacks_is_said_not_to_be_tested():
    assert verdicts(cells(a=[1, 1, 1]))["verdict"].tolist() == [NOT_TESTED]
    assert verdicts(cells(a=[1, 1, 1]), BOUND)["verdict"].tolist() == [NOT_TESTED]


def test_a_few_words_for_several_verdicts():
    assert overall(pd.Series([HOLDS, HOLDS])) == HOLDS
    assert overall(pd.Series([HOLDS, FAILS, OPEN])) == "mixed"
    assert overall(pd.Series([OPEN, FAILS, OPEN])) == "fails in part"
    assert overall(pd.Series([OPEN, OPEN])) == OPEN
    assert overall(pd.Series([], dtype=str)) == NOT_TESTED
    # what does not count changes no word, and is the word where nothing does
    assert overall(pd.Series([HOLDS, AT_CHANCE, SAME, TOO_FEW, NOT_CERTIFIED])) == HOLDS
    assert overall(pd.Series([AT_CHANCE, SAME, AT_CHANCE])) == AT_CHANCE


def test_a_cover_is_shown_beside_the_strongest_of_its_baselines():
    claims = {
        "relaxed-above-random": CLAIM.replace("[b]", "[random]"),
        "relaxed-above-condensed": CLAIM.replace("[b]", "[dc, dm]"),
        "weights-in-loss": CLAIM.replace("[b]", "[other]"),
    }
    high, low = [0.55, 0.56, 0.57], [0.3, 0.31, 0.3]
    measured = cells(a=high, random=low, dc=low, dm=[0.6, 0.6, 0.61], other=[0.9, 0.9, 0.9])
    found = pd.concat([verdicts(measured, text).assign(claim=name) for name, text in claims.items()], ignore_index=True)
    names = ["relaxed-above-random", "relaxed-above-condensed"]
    (row,) = baseline_table(found, names).to_dict("records")
    assert row["cover"] == "a (pgd-linf)"
    entry = row["digits, linf, 10"]
    assert entry.startswith("-4.3 (")
    assert entry.endswith(") dm; above 2 of 3")
    assert baseline_table(found, []).empty
    shown = comparison_table(found)
    assert shown.loc[shown["lower"] == "random (pgd-linf)", "digits, linf, 10"].item().endswith(") holds")
    found.loc[found["lower"] == "dm (pgd-linf)", "verdict"] = AT_CHANCE
    (row,) = baseline_table(found, names).to_dict("records")
    assert row["digits, linf, 10"].endswith("; above 2 of 2")


def test_claims_without_a_test_are_listed_after_the_others():
    untested = verdicts(cells(a=[1, 1, 1])).assign(claim="untested")
    tested = verdicts(cells(a=[0.5, 0.6, 0.7], b=[0.6, 0.5, 0.69])).assign(claim="tested")
    first, second = claim_table(pd.concat([untested, tested])).to_dict("records")
    assert (first["claim"], first["comparisons"]) == ("tested", f"1 {OPEN}")
    assert (second["claim"], second["verdict"], second["comparisons"]) == ("untested", NOT_TESTED, "")
