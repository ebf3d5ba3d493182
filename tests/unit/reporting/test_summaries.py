"""Tables that the report and the pages of kept results show."""

import pandas as pd

from finitecover.reporting.statistics import CELL, at_training_eps, marked, percent, summarise, with_gates
from finitecover.reporting.summaries import claim_table, compared_with_gates
from finitecover.reporting.verdicts import comparison_table
from unit.reporting.test_statistics import runs


def gates(**failed):
    """The table of gates of the cells of `runs`; one fails for the named method."""
    rows = [{name: cell[name] for name in CELL} | {"seed": seed} for cell, _ in runs() for seed in (0, 1)]
    table = pd.DataFrame(rows).astype({"ipc": "Int64"})
    return table.assign(
        gate="eps = 0 is clean", passed=[row.method != failed.get("method") for row in table.itertuples()]
    )


def test_a_failed_gate_is_marked_wherever_numbers_of_its_models_stand():
    shown = at_training_eps(summarise(runs()), {"d": {"linf": "8/255"}})
    assert not with_gates(shown, gates())["gate_failed"].any()
    failed = with_gates(shown, gates(method="mfc"))
    assert failed.loc[failed["gate_failed"], "method"].tolist() == ["mfc", "mfc"]
    assert ["†" in percent(row) for row in failed.itertuples()] == [False, True, False, True]
    assert marked(shown, gates(method="mfc"))["training_set"].tolist() == ["full", "mfc-ipc10†"] * 2


def test_a_failed_gate_is_marked_in_comparisons_and_counted_for_claims():
    shared = {"claim": "above", "says": "A beats B.", "source": "ours", "measure": "robust", "verdict": "holds"}
    shared |= {
        "dataset": "d",
        "model": "m",
        "norm": "linf",
        "eps": "8/255",
        "effect": 3.0,
        "low": 1,
        "high": 5,
        "n_seeds": 3,
    }
    pairs = [("mfc (pgd)", "random (pgd)", 10), ("mfc (pgd)", "random (pgd)", 1), ("full (pgd)", "random (pgd)", 1)]
    rows = [shared | {"higher": higher, "lower": lower, "ipc": ipc} for higher, lower, ipc in pairs]
    table = pd.DataFrame(rows).astype({"ipc": "Int64"})
    marked = compared_with_gates(table, gates(method="mfc"))
    assert marked["gate_failed"].tolist() == [True, False, False]  # of ten per class, not of one
    assert compared_with_gates(table, gates(method="full"))["gate_failed"].tolist() == [False, False, True]
    bound = {"higher": "mfc-ipc10 (pgd, cover_certified)", "lower": "all images (all_certified)", "ipc": None}
    bounds = pd.DataFrame([shared | {"measure": "bound"} | bound]).astype({"ipc": "Int64"})
    assert compared_with_gates(bounds, gates(method="mfc"))["gate_failed"].tolist() == [True]
    assert compared_with_gates(bounds, gates(method="random"))["gate_failed"].tolist() == [False]
    assert claim_table(marked)["comparisons"].tolist() == ["3 hold; † 1 with a failed sanity check"]
    entries = comparison_table(marked).set_index("higher")
    assert entries.loc["mfc (pgd)", "d, linf, 10"] == "+3.0† (+1.0 to +5.0) holds"
    assert entries.loc["mfc (pgd)", "d, linf, 1"] == "+3.0 (+1.0 to +5.0) holds"
