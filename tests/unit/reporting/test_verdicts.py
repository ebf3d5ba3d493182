import numpy as np
import pandas as pd
import pytest

from finitecover.reporting.summaries import claim_table
from finitecover.reporting.verdicts import FAILS, HOLDS, NOT_TESTED, OPEN, baseline_table, check_claim, overall
from finitecover.study.claims import read_claims

KINDS = {"standard": ["standard", None], "pgd-linf": ["pgd", "linf"], "pgd-l2": ["pgd", "l2"]}
TRAINING_EPS = {"digits": {"linf": "0.1"}}
CLAIM = """
above:
  says: A beats B.
  source: ours
  measure: robust
  higher: {methods: [a], kind: pgd}
  lower: {methods: [b], kind: pgd}
"""


def table(**accuracies):
    """Rows of the worst case at linf 0.1, three seeds each: {method: accuracies}, trained by pgd-linf, budget 10."""
    rows = []
    for method, values in accuracies.items():
        shared = {"dataset": "digits", "method": method, "ipc": 10, "training": "pgd-linf", "model": "convnet"}
        shared |= {"attack": "worst", "norm": "linf", "eps": "0.1", "training_set": f"{method}-ipc10"}
        rows += [shared | {"seed": seed, "accuracy": value} for seed, value in enumerate(values)]
    return pd.DataFrame(rows).astype({"ipc": "Int64"})


def verdicts(runs, text=CLAIM, bounds=None):
    (claim,) = read_claims(text).values()
    return check_claim(claim, runs, bounds, KINDS, TRAINING_EPS)


def test_the_effect_is_the_mean_paired_difference_in_points_with_students_interval():
    (row,) = verdicts(table(a=[0.50, 0.60, 0.70], b=[0.40, 0.52, 0.58])).itertuples()
    assert row.effect == pytest.approx(10)
    half = 4.302653 * 2 / np.sqrt(3)  # t at 97.5 % with two degrees of freedom; deviations of 10, 8, 12
    assert (row.low, row.high) == pytest.approx((10 - half, 10 + half), abs=1e-4)
    assert (row.n, row.verdict, row.ipc) == (3, HOLDS, 10)
    assert (row.higher, row.lower) == ("a (pgd-linf)", "b (pgd-linf)")
    compared = "{a-ipc10/pgd-linf/convnet,b-ipc10/pgd-linf/convnet}"
    assert row.file == f"results/digits/attacks/{compared}/seed*/accuracies.csv"


def test_a_claim_fails_where_the_interval_lies_below_zero_and_is_open_around_it_or_with_one_seed():
    assert verdicts(table(a=[0.40, 0.52, 0.58], b=[0.50, 0.60, 0.70]))["verdict"].tolist() == [FAILS]
    assert verdicts(table(a=[0.5, 0.6, 0.7], b=[0.6, 0.5, 0.72]))["verdict"].tolist() == [OPEN]
    assert verdicts(table(a=[0.9], b=[0.1]))["verdict"].tolist() == [OPEN]


def test_seeds_are_paired_and_budgets_networks_and_norms_are_not_mixed():
    runs = table(a=[0.5, 0.6], b=[0.4, 0.5])
    other = runs.assign(ipc=50, accuracy=0.0)
    network = runs.assign(model="mlp", accuracy=1.0)
    trained = runs.assign(training="pgd-l2", accuracy=0.3)
    found = verdicts(pd.concat([runs, other, network, trained, table(b=[0, 0, 0]).tail(1)]))
    cells = [(10, "convnet"), (10, "mlp"), (50, "convnet")]
    assert sorted(found[["ipc", "model"]].itertuples(index=False, name=None)) == cells
    assert set(found["n"]) == {2}
    assert found["effect"][(found["ipc"] == 10) & (found["model"] == "convnet")].item() == pytest.approx(10)


def test_the_full_set_stands_beside_every_budget():
    runs = table(a=[0.9, 0.9], b=[0.4, 0.5])
    runs.loc[runs["method"] == "a", "ipc"] = pd.NA
    more = table(b=[0.6, 0.8]).assign(ipc=50)
    assert verdicts(pd.concat([runs, more]))["ipc"].tolist() == [10, 50]


def test_the_same_method_is_compared_with_itself_under_another_training():
    text = CLAIM.replace("higher: {methods: [a]", "higher: {methods: [a, b]").replace(
        "{methods: [b], kind: pgd}", "{methods: same, kind: standard}"
    )
    runs = table(a=[0.5, 0.6], b=[0.4, 0.5])
    standard = runs.assign(training="standard", accuracy=0.0)
    found = verdicts(pd.concat([runs, standard]), text)
    assert found[["higher", "lower"]].to_numpy().tolist() == [
        ["a (pgd-linf)", "a (standard)"],
        ["b (pgd-linf)", "b (standard)"],
    ]


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


def test_the_bound_holds_where_no_moment_and_no_image_contradicts_it():
    (row,) = verdicts(table(a=[1, 1]), BOUND, bounds()).itertuples()
    assert (row.verdict, row.effect, row.n) == (HOLDS, 1.0, 2)
    assert verdicts(table(a=[1, 1]), BOUND, bounds(violations=1))["verdict"].tolist() == [FAILS]
    assert verdicts(table(a=[1, 1]), BOUND, bounds(all_certified=3.5))["verdict"].tolist() == [FAILS]
    attacked = {"all_certified": np.nan, "cover_certified": np.nan}
    assert verdicts(table(a=[1, 1]), BOUND, bounds(**attacked))["verdict"].tolist() == [HOLDS]
    assert verdicts(table(a=[1, 1]), BOUND, bounds(**attacked, all_attack=1.6))["verdict"].tolist() == [OPEN]


def test_what_the_study_lacks_is_said_not_to_be_tested():
    assert verdicts(table(a=[1, 1]))["verdict"].tolist() == [NOT_TESTED]
    assert verdicts(table(a=[1, 1]), BOUND)["verdict"].tolist() == [NOT_TESTED]


def test_a_few_words_for_several_verdicts():
    assert overall(pd.Series([HOLDS, HOLDS])) == HOLDS
    assert overall(pd.Series([HOLDS, FAILS, OPEN])) == "mixed"
    assert overall(pd.Series([OPEN, FAILS, OPEN])) == "fails in part"
    assert overall(pd.Series([OPEN, OPEN])) == OPEN
    assert overall(pd.Series([], dtype=str)) == NOT_TESTED


def test_a_cover_is_shown_beside_the_strongest_of_its_baselines():
    claims = {
        "relaxed-above-random": CLAIM.replace("[b]", "[random]"),
        "relaxed-above-condensed": CLAIM.replace("[b]", "[dc, dm]"),
        "weights-in-loss": CLAIM.replace("[b]", "[other]"),
    }
    runs = table(a=[0.5, 0.6], random=[0.3, 0.4], dc=[0.2, 0.3], dm=[0.5, 0.7], other=[0.9, 0.9])
    found = pd.concat([verdicts(runs, text).assign(claim=name) for name, text in claims.items()], ignore_index=True)
    names = ["relaxed-above-random", "relaxed-above-condensed"]
    (row,) = baseline_table(found, names).to_dict("records")
    assert row["cover"] == "a (pgd-linf)"
    assert row["digits, linf, 10"] == "-5.0 (-68.5 to +58.5) dm; above 2 of 3"
    assert baseline_table(found, []).empty


def test_claims_without_a_test_are_listed_after_the_others():
    untested = verdicts(table(a=[1, 1])).assign(claim="untested")
    tested = verdicts(table(a=[0.5, 0.6, 0.7], b=[0.6, 0.5, 0.72])).assign(claim="tested")
    first, second = claim_table(pd.concat([untested, tested])).to_dict("records")
    assert (first["claim"], first["comparisons"]) == ("tested", f"1 {OPEN}")
    assert (second["claim"], second["verdict"], second["comparisons"]) == ("untested", NOT_TESTED, "")
