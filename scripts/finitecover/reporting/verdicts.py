"""Verdicts on claims: comparisons of cells over seeds and images, corrected for their number, and the bound."""

from itertools import product
from typing import NamedTuple

import pandas as pd

from finitecover.reporting.answers import gained
from finitecover.reporting.intervals import LEVEL, holm_levels, interval_of_difference, p_value
from finitecover.reporting.statistics import CLEAN, FAILED_MARK, cell_names
from finitecover.study import paths
from finitecover.study.claims import NAMED
from finitecover.study.kinds import LABELS, TEACHER, TRAININGS

COLUMNS = ["says", "source", "verdict", "dataset", "model", "norm", "eps", "ipc", "measure", "higher", "lower"]
COLUMNS += ["strength", "unit", "effect", "low", "high", "level", "p", "n_seeds", "n_images", "file"]
HOLDS, FAILS, OPEN = "holds", "fails", "inconclusive"
DECIDED_OR_OPEN = (HOLDS, FAILS, OPEN)  # what counts; the words below say why a comparison does not
AT_CHANCE, TOO_FEW, SAME, REPEATED = "at chance", "too few seeds", "same training set", "counted already"
NOT_CERTIFIED, NOT_TESTED = "not certified", "not tested"
LEAST_SEEDS = 3  # of each side for a verdict


class Cell(NamedTuple):
    """Models that differ in their seed alone; ipc None where a training set has no budget."""

    dataset: str
    method: str
    ipc: int | None
    model: str
    training: str
    training_set: str


class Measured(NamedTuple):
    """What is known of a cell: its answers, {(attack, norm, eps): Answers}, and the digests of its training sets."""

    answers: dict
    digests: tuple

    def at_chance(self, worst):
        """Whether it does no better than a constant answer, on clean images or in the worst case of this key."""
        return not (self.answers[CLEAN].above_chance() and self.answers[worst].above_chance())


def check_claim(claim, cells, bounds, kinds, training_eps, strengths, teachers):
    """A row per comparison of a claim; one that says so where the study has no models for it.

    claim: of `claims.read_claims`; cells: {Cell: Measured}; bounds: the table of the bounds over training, or None;
    kinds: {training: (kind, norm)}; training_eps: {dataset: {norm: eps}}, the sizes that robust accuracy is compared
    at; strengths: {training: of `settings.strength`}, equal on both sides but for what these name; teachers: {training:
    who its teacher is and what its labels are made with, or None}, equal where both sides have one. Accuracies are
    compared in percentage points, losses as they are. Columns: `COLUMNS`; strength says in words how strong the
    trainings are in what both share; n_seeds is the number of seeds, of the side that has fewer, or of moments of a
    training; level is that of the interval, after Holm.
    """
    if claim["measure"] == "bound":
        rows = [] if bounds is None else _bound(bounds)
    else:
        rows = _decided(_compare(claim, cells, kinds, training_eps, strengths, teachers))
    shared = {key: claim[key] for key in ("says", "source", "measure")}
    table = pd.DataFrame([shared | row for row in rows or [{"verdict": NOT_TESTED, "n_seeds": 0}]])
    return table.reindex(columns=COLUMNS).astype({"ipc": "Int64", "n_images": "Int64"})


def overall(verdicts):
    """A few words for the verdicts of a claim's comparisons: what all say, "in part" beside open ones, or "mixed".

    What does not count is passed over; where nothing counts, the words say why, the most frequent reason.
    """
    verdicts = pd.Series(verdicts, dtype=object)
    said = set(verdicts) & set(DECIDED_OR_OPEN)
    if not said:
        return verdicts.value_counts().index[0] if len(verdicts) else NOT_TESTED
    if {HOLDS, FAILS} <= said:
        return "mixed"
    decided = (said & {HOLDS, FAILS}) or said
    return f"{min(decided)} in part" if decided < said else min(decided)


def comparison_table(comparisons):
    """A row per claim and pair, a column per data set, norm and budget: difference in points, interval, verdict.

    comparisons: rows of `check_claim` for several claims, with a column `claim`; the bound is left out.
    """
    made = comparisons[comparisons["verdict"].ne(NOT_TESTED) & comparisons["measure"].ne("bound")]
    entries = [f"{_effect(row)} {row.verdict}" for row in made.itertuples()]
    return _wide(made, entries, ["claim", "higher", "lower"])


def baseline_table(comparisons, claims):
    """A row per cover, a column per data set, norm and budget: how far it is above its strongest baseline.

    comparisons: as of `comparison_table`; claims: names of those that put covers beside baselines. An entry is the
    smallest of the differences in points that count, its interval, the baseline, and above how many baselines the
    cover is beyond doubt.
    """
    made = comparisons[comparisons["claim"].isin(claims) & comparisons["verdict"].ne(NOT_TESTED)]
    cells = made.groupby(["higher", "dataset", "norm", "ipc", "model"], sort=False)
    above = cells["verdict"].transform(_counted)
    counting = made["verdict"].isin(DECIDED_OR_OPEN)
    first = made.assign(aside=~counting).sort_values(["aside", "effect"], kind="stable")
    least = first.drop_duplicates(["higher", "dataset", "norm", "ipc", "model"]).sort_index()
    entries = [f"{_effect(row)} {row.lower.split()[0]}; {above[row.Index]}" for row in least.itertuples()]
    return _wide(least, entries, ["higher"]).rename(columns={"higher": "cover"})


def _counted(verdicts):
    counting = verdicts[verdicts.isin(DECIDED_OR_OPEN)]
    return f"above {counting.eq(HOLDS).sum()} of {len(counting)}" if len(counting) else verdicts.iloc[0]


def _effect(row):
    mark = FAILED_MARK if getattr(row, "gate_failed", False) else ""
    return f"{row.effect:+.1f}{mark}" + (f" ({row.low:+.1f} to {row.high:+.1f})" if row.n_seeds > 1 else "")


def _wide(comparisons, entries, keys):
    """A row per value of `keys`, a column per data set, norm and budget, of one entry per comparison."""
    if comparisons.empty:
        return comparisons
    made = comparisons.assign(where=cell_names(comparisons, comparisons["norm"]), entry=entries)
    wide = made.pivot(index=keys, columns="where", values="entry")[list(dict.fromkeys(made["where"]))]
    return made[keys].drop_duplicates().merge(wide.reset_index(), on=keys).fillna("")


def _compare(claim, cells, kinds, training_eps, strengths, teachers):
    """The comparisons of a claim, the verdict of those that do not count said already."""
    rows, seen, named = [], set(), {name for side in ("higher", "lower") for name in claim[side] if name in NAMED}
    shared = {name: {key: own[key] for key in own if key not in named} for name, own in strengths.items()}
    for dataset, sizes in training_eps.items():
        for norm, eps in sizes.items():
            worst = "worst", norm, eps
            key = CLEAN if claim["measure"] == "clean" else worst
            higher, lower = (_side(dataset, cells, claim[side], kinds, norm, strengths) for side in ("higher", "lower"))
            for (a, first), (b, second) in product(higher.items(), lower.items()):
                if not (_comparable(claim, a, b) and _trained_alike(a, b, kinds, shared, named, teachers)):
                    continue
                bases = _bases(claim, (a, b), cells, kinds, strengths)
                if None in bases:
                    continue
                names = {side: f"{cell.method} ({cell.training})" for side, cell in (("higher", a), ("lower", b))}
                names |= {"ipc": b.ipc if a.ipc is None else a.ipc, "file": _file(dataset, a, b)}
                row = {"dataset": dataset, "model": a.model, "norm": norm, "eps": eps, **names}
                row |= {"strength": _in_words(shared[a.training]), "unit": "percentage points"}
                row |= _difference(first, second, key, worst, bases)
                pair = a.model, key, _identity(a, first, kinds), _identity(b, second, kinds)
                if pair[2] == pair[3]:
                    row["verdict"] = SAME
                elif pair in seen:
                    row["verdict"] = REPEATED
                seen.add(pair)
                rows.append(row)
    return rows


def _comparable(claim, a, b):
    """Whether the training sets and networks of two cells differ in what a claim is about alone."""
    higher, lower = (claim[side]["methods"] for side in ("higher", "lower"))
    if lower == "same" and (a.method, a.ipc) != (b.method, b.ipc):
        return False
    if claim.get("pairwise") and higher.index(a.method) != lower.index(b.method):
        return False
    return a.model == b.model and (None in (a.ipc, b.ipc) or a.ipc == b.ipc)


def _decided(rows):
    """The comparisons with their intervals, corrected by Holm among those that count, and their verdicts."""
    counting = [row for row in rows if row["verdict"] is None]
    levels = holm_levels([row["p"] for row in counting])
    for row, level in zip(counting, levels, strict=True):
        row["level"] = level
    for row in rows:
        low, high = (100 * end for end in interval_of_difference(row.pop("estimate"), row["level"]))
        row |= {"low": low, "high": high}
        row["verdict"] = row["verdict"] or (HOLDS if low > 0 else FAILS if high < 0 else OPEN)
    return rows


def _trained_alike(a, b, kinds, shared, named, teachers):
    """Whether the trainings of two cells are the same or differ in their kind and in what a claim names alone; shared:
    {training: the rest of its strength}."""
    first, second = a.training, b.training
    differ = kinds[first] != kinds[second] or named
    taught_alike = None in (teachers[first], teachers[second]) or teachers[first] == teachers[second]
    return first == second or (bool(differ) and shared[first] == shared[second] and taught_alike)


def _bases(claim, pair, cells, kinds, strengths):
    """What both cells of a pair are compared with first, where a claim is about a gain: the `Measured` of the same set
    under the same training but for the teacher, None where the study has none."""
    if not claim.get("gain"):
        return []
    return [_with_hard_labels(cell, cells, kinds, strengths) for cell in pair]


def _with_hard_labels(cell, cells, kinds, strengths):
    hard = strengths[cell.training] | {"labels": LABELS[0]}
    for training, strength in strengths.items():
        if strength == hard and kinds[training] == kinds[cell.training] and strength != strengths[cell.training]:
            return cells.get(cell._replace(training=training))
    return None


def _in_words(strength):
    """What of a training is strong: "augmented, 4 times the updates, teacher's labels", or "plain"."""
    updates = strength.get("updates", 1)
    words = ["augmented"] if strength.get("augmentation") else []
    words += [f"{updates:g} times the updates"] if updates != 1 else []
    words += ["teacher's labels"] if strength.get("labels") == TEACHER else []
    return ", ".join(words) or "plain"


def _identity(cell, measured, kinds):
    """What makes a cell's models: training sets of the same images are the same, unless weights or radii count too."""
    kind = TRAININGS[kinds[cell.training][0]]
    own = cell.training_set if kind.weights or kind.enlarged else None
    return cell.training, measured.digests, own


def _difference(first, second, key, worst, bases):
    """Effect, estimate and p of two cells under one attack, and the verdict where the comparison does not count; worst:
    key of the worst case that neither may be at chance in; bases: cells that both are compared with first, or none."""
    sides = [cell.answers[key] for cell in (first, second)]
    if bases:
        sides = [gained(side, base.answers[key]) for side, base in zip(sides, bases, strict=True)]
    estimate, images = sides[0].less(sides[1])
    seeds = min(len(side.correct) for side in sides)
    better = first if estimate.value >= 0 else second
    verdict = TOO_FEW if seeds < LEAST_SEEDS else AT_CHANCE if better.at_chance(worst) else None
    effect, p = 100 * estimate.value, p_value(estimate)
    shared = {"estimate": estimate, "effect": effect, "level": LEVEL, "p": p}
    return shared | {"n_seeds": seeds, "n_images": images, "verdict": verdict}


def _side(dataset, cells, side, kinds, norm, strengths):
    """{Cell: Measured} of the models that a side names."""
    trainings = [
        name
        for name, kind in kinds.items()
        if kind[0] == side["kind"]
        and kind[1] in (None, norm)
        and all(strengths[name][key] == side[key] for key in NAMED if key in side)
    ]
    return {
        cell: measured
        for cell, measured in cells.items()
        if cell.dataset == dataset
        and cell.training in trainings
        and (side["methods"] == "same" or cell.method in side["methods"])
    }


def _file(dataset, *cells):
    """The records of both sides, all seeds, as a shell expands it."""
    return paths.examples_of(dataset, [(cell.training_set, cell.training, cell.model) for cell in cells])


def _bound(bounds):
    """The smallest distance of the bound above the loss that it bounds, over all moments and seeds of a training.

    Judged where it is certified, image by image: the theorem leaves no exception. What attacks find on both sides is
    shown and decides nothing, for they may fall short of either.
    """
    rows = []
    keys = ["dataset", "training_set", "training", "model", "norm", "eps"]
    for key, group in bounds.groupby(keys, sort=False):
        dataset, training_set, training, model, norm, eps = key
        certified = group["cover_certified"].notna().all()
        upper, lower = ("cover_certified", "all_certified") if certified else ("cover_attack", "all_attack")
        gap = (group[upper] - group[lower]).min()  # of all images the one, of those drawn the other: it decides nothing
        fails = certified and group["violations"].sum() > 0
        rows.append(
            {
                "dataset": dataset,
                "model": model,
                "norm": norm,
                "eps": eps,
                "higher": f"{training_set} ({training}, {upper})",
                "lower": f"all images ({lower})",
                "unit": "nats",
                "effect": gap,
                "n_seeds": len(group),
                "verdict": FAILS if fails else HOLDS if certified else NOT_CERTIFIED,
                "file": paths.table("bounds"),
            }
        )
    return rows
