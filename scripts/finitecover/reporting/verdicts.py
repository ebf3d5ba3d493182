"""Verdicts on claims: paired comparisons over seeds, and the bound over training."""

from itertools import product
from typing import NamedTuple

import pandas as pd

from finitecover.reporting.statistics import cell_names, mean_interval
from finitecover.study import paths

COLUMNS = ["says", "source", "verdict", "dataset", "model", "norm", "eps", "ipc", "measure", "higher", "lower"]
COLUMNS += ["effect", "low", "high", "n", "file"]
HOLDS, FAILS, OPEN = "holds", "fails", "inconclusive"
NOT_TESTED = "not tested"


class Cell(NamedTuple):
    """Models that differ in their seed alone; ipc None where a training set has no budget."""

    method: str
    ipc: int | None
    model: str
    training: str
    training_set: str


def check_claim(claim, runs, bounds, kinds, training_eps):
    """A row per comparison of a claim; one that says so where the study has no models for it.

    claim: of `claims.read_claims`; runs: the tidy table of accuracies, or None; bounds: that of the bounds over
    training, or None; kinds: {training: (kind, norm)}; training_eps: {dataset: {norm: eps}}, the sizes that robust
    accuracy is compared at. Accuracies are compared in percentage points, losses as they are. Columns: `COLUMNS`.
    """
    if claim["measure"] == "bound":
        rows = [] if bounds is None else _bound(bounds)
    else:
        rows = [] if runs is None else _compare(claim, runs, kinds, training_eps)
    shared = {key: claim[key] for key in ("says", "source", "measure")}
    table = pd.DataFrame([shared | row for row in rows or [{"verdict": NOT_TESTED, "n": 0}]])
    return table.reindex(columns=COLUMNS).astype({"ipc": "Int64"})


def overall(verdicts):
    """A few words for the verdicts of a claim's comparisons: what all say, "in part" beside open ones, or "mixed"."""
    said = set(verdicts) or {NOT_TESTED}
    if {HOLDS, FAILS} <= said:
        return "mixed"
    decided = (said & {HOLDS, FAILS}) or said
    return f"{min(decided)} in part" if decided < said else min(decided)


def comparison_table(comparisons):
    """A row per claim and pair, a column per data set, norm and budget: difference in points, interval, verdict.

    comparisons: rows of `check_claim` for several claims, with a column `claim`; the bound is left out.
    """
    made = comparisons[comparisons["verdict"].ne(NOT_TESTED) & comparisons["measure"].ne("bound")]
    entries = [f"{_effect(row)} {row.verdict}" if row.n > 1 else _effect(row) for row in made.itertuples()]
    return _wide(made, entries, ["claim", "higher", "lower"])


def baseline_table(comparisons, claims):
    """A row per cover, a column per data set, norm and budget: how far it is above its strongest baseline.

    comparisons: as of `comparison_table`; claims: names of those that put covers beside baselines. An entry is the
    smallest of the differences in points, its interval, the baseline, and above how many baselines the cover is beyond
    doubt.
    """
    made = comparisons[comparisons["claim"].isin(claims) & comparisons["verdict"].ne(NOT_TESTED)]
    cells = made.groupby(["higher", "dataset", "norm", "ipc", "model"], sort=False)
    above = cells["verdict"].transform(lambda verdicts: f"above {verdicts.eq(HOLDS).sum()} of {len(verdicts)}")
    least = made.loc[cells["effect"].idxmin()]
    entries = [f"{_effect(row)} {row.lower.split()[0]}; {above[row.Index]}" for row in least.itertuples()]
    return _wide(least, entries, ["higher"]).rename(columns={"higher": "cover"})


def _effect(row):
    return f"{row.effect:+.1f}" + (f" ({row.low:+.1f} to {row.high:+.1f})" if row.n > 1 else "")


def _wide(comparisons, entries, keys):
    """A row per value of `keys`, a column per data set, norm and budget, of one entry per comparison."""
    if comparisons.empty:
        return comparisons
    made = comparisons.assign(where=cell_names(comparisons, comparisons["norm"]), entry=entries)
    wide = made.pivot(index=keys, columns="where", values="entry")[list(dict.fromkeys(made["where"]))]
    return made[keys].drop_duplicates().merge(wide.reset_index(), on=keys).fillna("")


def _compare(claim, runs, kinds, training_eps):
    rows = []
    for dataset, sizes in training_eps.items():
        for norm, eps in sizes.items():
            measured = _measured(runs[runs["dataset"] == dataset], claim["measure"], norm, eps)
            higher, lower = (_side(measured, claim[side], kinds, norm) for side in ("higher", "lower"))
            for (a, first), (b, second) in product(higher.items(), lower.items()):
                if claim["lower"]["methods"] == "same" and (a.method, a.ipc) != (b.method, b.ipc):
                    continue
                if a.model != b.model or (None not in (a.ipc, b.ipc) and a.ipc != b.ipc):
                    continue
                shared = {"dataset": dataset, "model": a.model, "norm": norm, "eps": eps}
                names = {side: f"{cell.method} ({cell.training})" for side, cell in (("higher", a), ("lower", b))}
                names |= {"ipc": b.ipc if a.ipc is None else a.ipc, "file": _file(dataset, a, b)}
                rows.append(shared | names | _difference(100 * first, 100 * second))
    return rows


def _file(dataset, *cells):
    """The accuracies of both sides, all seeds, as a shell expands it."""
    return paths.accuracies_of(dataset, [(cell.training_set, cell.training, cell.model) for cell in cells])


def _measured(runs, measure, norm, eps):
    """Accuracy of every model: of clean images, or the worst case over all attacks of one size."""
    if measure == "clean":
        return runs[runs["attack"] == "clean"]
    return runs[(runs["attack"] == "worst") & (runs["norm"] == norm) & (runs["eps"] == eps)]


def _side(measured, side, kinds, norm):
    """{Cell: accuracies by seed} of the models that a side names."""
    trainings = [name for name, kind in kinds.items() if kind[0] == side["kind"] and kind[1] in (None, norm)]
    chosen = measured[measured["training"].isin(trainings)]
    if side["methods"] != "same":
        chosen = chosen[chosen["method"].isin(side["methods"])]
    groups = chosen.groupby(list(Cell._fields), sort=False, dropna=False)
    return {
        Cell(method, None if pd.isna(ipc) else ipc, *names): group.set_index("seed")["accuracy"]
        for (method, ipc, *names), group in groups
    }


def _difference(first, second):
    difference = (first - second).dropna()
    effect, _, low, high = mean_interval(difference)
    verdict = HOLDS if low > 0 else FAILS if high < 0 else OPEN
    return {
        "effect": effect,
        "low": low,
        "high": high,
        "n": len(difference),
        "verdict": verdict,
    }


def _bound(bounds):
    """The smallest distance of the bound above the loss that it bounds, over all moments and seeds of a training.

    Certified on both sides where the network admits it: then the theorem leaves no exception, for no image. What
    attacks find stands elsewhere, on both sides: it may fall short of either, so that a negative distance settles
    nothing.
    """
    rows = []
    keys = ["dataset", "training_set", "training", "model", "norm", "eps"]
    for key, group in bounds.groupby(keys, sort=False):
        dataset, training_set, training, model, norm, eps = key
        certified = group["cover_certified"].notna().all()
        upper, lower = ("cover_certified", "all_certified") if certified else ("cover_attack", "all_attack")
        gap = (group[upper] - group[lower]).min()
        broken = group["violations"].sum() if certified else 0
        rows.append(
            {
                "dataset": dataset,
                "model": model,
                "norm": norm,
                "eps": eps,
                "higher": f"{training_set} ({training}, {upper})",
                "lower": f"all images ({lower})",
                "effect": gap,
                "n": len(group),
                "verdict": FAILS if broken or (certified and gap < 0) else HOLDS if gap >= 0 else OPEN,
                "file": paths.table("bounds"),
            }
        )
    return rows
