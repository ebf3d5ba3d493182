"""Tables that the report and the pages of docs/results show, from the tables of a study."""

from itertools import starmap

import pandas as pd

from finitecover.norms import PERTURBED
from finitecover.reporting.outcome import counted
from finitecover.reporting.published import published_table
from finitecover.reporting.statistics import (
    FAILED_MARK,
    architecture_table,
    at_training_eps,
    marked,
    percent,
    ranking_table,
    set_costs,
    wide_table,
    with_gates,
    with_titles,
)
from finitecover.reporting.verdicts import NOT_TESTED, baseline_table, comparison_table, overall
from finitecover.study.settings import every_training_eps, titled, titles

BY_STRENGTH = "by strength of training"
# Headings of the tables of `study_tables`, in the order of the pages of docs/results.
HEADINGS = {
    "ranking": "Robust accuracy",
    "architectures": "Robust accuracy across networks",
    "claims": "The claims",
    "differences": "The comparisons behind them: percentage points, corrected interval",
    "baselines": "Covers beside their strongest baselines: percentage points, corrected interval",
    "accuracies": "Every method",
    "attacks": "Accuracy (%) under every attack at the sizes of training (number of images)",
    "certificates": "Certificates, means over seeds",
    "bounds": "Bounds on the loss at the end of the trainings, means over seeds",
    "transfer": "Accuracy (%) under other models' adversarial images, at the lowest",
    "gates": "Sanity checks",
    "condensed": "Condensed sets, means over seeds",
    "published": "Condensed sets beside what was published of them: clean accuracy under standard training",
    "sets": "What training sets cost",
    "costs": "What everything cost",
}


def with_all_titles(frames, config):
    """Tables of a study, {name: table}, and its config, in both of which data sets are called by their titles."""
    return {name: with_titles(frame, titles(config)) for name, frame in frames.items()}, titled(config)


def study_tables(frames, config, baselines):
    """{name: table} of all that is shown of a study, data sets by their titles; a table is empty where the study lacks
    what it is made from.

    frames: {name of a file in results/tables, or claims: its table}; config: of the study; baselines: names of the
    claims that put covers beside baselines.
    """
    frames, config = with_all_titles(frames, config)
    gates, training_eps = frames["gates"], every_training_eps(config)
    shown = with_gates(at_training_eps(frames["summary"], training_eps), gates)
    compared = compared_with_gates(frames["claims"], gates)
    return {
        "claims": claim_table(compared),
        "differences": comparison_table(compared),
        "baselines": baseline_table(compared, baselines),
        "accuracies": wide_table(shown, percent),
        "ranking": ranking_table(shown, percent),
        "architectures": architecture_table(shown, percent) if shown["model"].nunique() > 1 else pd.DataFrame(),
        "attacks": attack_table(marked(frames["summary"], gates), training_eps),
        "certificates": certificate_table(_marked(frames.get("certificates"), gates)),
        "bounds": bound_table(_marked(frames.get("bounds"), gates)),
        "transfer": transfer_table(_marked(frames.get("transfer"), gates, "target", "source")),
        "gates": gate_table(gates),
        "covers": cover_table(frames["covers"], frames["costs"]),
        "condensed": condensed_table(frames.get("condensed")),
        "published": published_table(frames["summary"], config),
        "sets": set_costs(frames["costs"]),
        "costs": cost_table(frames["costs"]),
    }


def _marked(table, gates, *training_sets):
    """`marked` in each of these columns; None where the study lacks the table."""
    return None if table is None else marked(table, gates, *training_sets)


def compared_with_gates(comparisons, gates):
    """Comparisons of claims with gate_failed: whether a gate failed for a model of either side."""
    failed = gates[~gates["passed"]].astype({"ipc": "string"}).fillna({"ipc": ""})
    failed = pd.concat([failed, failed.assign(method=failed["training_set"], ipc="")])  # the latter as bounds name them
    sides = failed["method"] + " (" + failed["training"]
    known = set(zip(failed["dataset"], failed["model"], sides, failed["ipc"], strict=True))

    def of_row(row):
        budgets = {"", "" if pd.isna(row.ipc) else str(row.ipc)}
        sides = [str(side).rstrip(")").partition(", ")[0] for side in (row.higher, row.lower)]
        return any((row.dataset, row.model, side, ipc) in known for side in sides for ipc in budgets)

    return comparisons.assign(gate_failed=[of_row(row) for row in comparisons.itertuples()])


def claim_table(comparisons):
    """A row per claim: its sentence, where it is from, what its comparisons say together, and at each strength of
    training, how many say so, effects; of how many of them a gate failed for a model.

    Claims that the study does not put to the test come last. Where no claim has several strengths, none are told.
    """
    rows = []
    for (name, says, source), group in comparisons.groupby(["claim", "says", "source"], sort=False):
        counts = group.loc[group["verdict"].ne(NOT_TESTED), "verdict"].value_counts()
        rows.append(
            {
                "claim": name,
                "sentence": says,
                "from": source,
                "verdict": overall(group["verdict"]),
                BY_STRENGTH: _by_strength(group),
                "comparisons": ", ".join(starmap(counted, counts.items())) + _failed(group),
                "effects": _spread(group["effect"]),
            }
        )
    table = pd.DataFrame(sorted(rows, key=lambda row: row["verdict"] == NOT_TESTED))
    told = len(table) and table[BY_STRENGTH].ne("").any()
    return table if told else table.drop(columns=BY_STRENGTH, errors="ignore")


def _by_strength(group):
    """ "augmented: holds; augmented, teacher's labels: fails in part"; nothing where there is one strength, or none."""
    if "strength" not in group or group["strength"].nunique() < 2:
        return ""
    words = group.groupby("strength", sort=False)["verdict"].agg(overall)
    return "; ".join(f"{strength}: {word}" for strength, word in words.items())


def _failed(group):
    failed = group.get("gate_failed", pd.Series(dtype=bool)).sum()
    return f"; {FAILED_MARK} {failed} with a failed sanity check" if failed else ""


def _spread(effects):
    """The middle one of several effects, and the smallest and largest."""
    if effects.isna().all():
        return ""
    middle, low, high = effects.median(), effects.min(), effects.max()
    return f"{middle:+.1f}" if low == high else f"{middle:+.1f} ({low:+.1f} to {high:+.1f})"


def attack_table(summary, training_eps):
    """Accuracy under every attack at the sizes of training, in percent, a column per attack."""
    parts = [
        summary[(summary["dataset"] == dataset) & (summary["norm"] == norm) & (summary["eps"] == eps)]
        for dataset, sizes in training_eps.items()
        for norm, eps in sizes.items()
    ]
    shown = pd.concat(parts)
    keys = ["dataset", "training_set", "training", "model", "norm", "eps"]
    entries = shown.assign(
        entry=[f"{100 * mean:.1f} ({n})" for mean, n in zip(shown["mean"], shown["n_images"], strict=True)]
    )
    order = entries[keys].drop_duplicates()
    wide = entries.pivot(index=keys, columns="attack", values="entry")[list(dict.fromkeys(entries["attack"]))]
    return order.merge(wide.reset_index(), on=keys).fillna("")


def certificate_table(table):
    """Means over seeds of what is certified; empty where the study lacks the table."""
    if table is None:
        return pd.DataFrame()
    return _seed_means(table, ["dataset", "training_set", "training", "model", "cover", "norm", "eps"])


def _seed_means(table, keys):
    return table.drop(columns="seed").groupby(keys, sort=False).mean(numeric_only=True).reset_index()


def bound_table(table):
    """The bounds at the end of each training, and whether they say more than a constant answer does."""
    if table is None:
        return pd.DataFrame()
    keys = ["dataset", "training_set", "training", "model", "norm", "eps"]
    ends = table.groupby(keys)["step"].transform("max")
    last = _seed_means(table[table["step"] == ends].drop(columns="step"), keys)

    def verdict(row):
        if pd.isna(row["cover_certified"]):
            return "no certified bound for this network"
        if row["cover_certified"] >= row["chance"]:
            return "vacuous: above a constant answer"
        return "says something"

    return last.assign(certified_bound=[verdict(row) for _, row in last.iterrows()])


def transfer_table(table):
    """For every model the lowest accuracy under another model's adversarial images, beside that under its own; of equal
    ones that of the first source."""
    if table is None:
        return pd.DataFrame()
    keys = ["dataset", "training", "model", "norm", "eps", "target"]
    own = table[table["source"] == table["target"]].groupby(keys, sort=False)["accuracy"].mean()
    others = table[table["source"] != table["target"]].groupby([*keys, "source"], sort=False)["accuracy"].mean()
    lowest = others.reset_index().sort_values("accuracy", kind="stable").drop_duplicates(keys).set_index(keys)
    joined = (
        own.to_frame("own").join(lowest.rename(columns={"accuracy": "transferred", "source": "from"})).reset_index()
    )
    return joined.assign(own=(100 * joined["own"]).round(1), transferred=(100 * joined["transferred"]).round(1))


def gate_table(gates):
    """Gates by kind (their text without sizes): how many there were, how many passed."""
    kind = gates["gate"].str.replace(rf" (at )?({'|'.join(PERTURBED)}) [0-9./]+", "", regex=True)
    return gates.groupby(kind, sort=False)["passed"].agg(checked="size", passed="sum").reset_index()


def cover_table(covers, costs):
    """The table of covers with the seconds that the job of each took, all classes together."""
    keys = ["dataset", "training_set"]
    solved = costs[costs["rule"] == "solve_cover"][[*keys, "seconds"]].rename(columns={"seconds": "job_seconds"})
    return covers.merge(solved, on=keys, how="left") if len(covers) else covers.assign(job_seconds=None)


def condensed_table(condensed):
    """Means over seeds of what is known about every condensed set; empty where the study has none."""
    if condensed is None:
        return pd.DataFrame()
    return _seed_means(condensed, ["dataset", "training_set"])


def cost_table(costs):
    """Jobs, core-minutes and largest memory by rule."""
    groups = costs.groupby("rule", sort=False)
    table = groups.agg(
        jobs=("seconds", "size"), core_minutes=("core_seconds", "sum"), max_rss_mib=("max_rss_mib", "max")
    ).reset_index()
    return table.assign(core_minutes=(table["core_minutes"] / 60).round(2), max_rss_mib=table["max_rss_mib"].round())


def written(value):
    """An entry of a table as text: numbers to four digits, nothing where there is none."""
    if pd.isna(value):
        return ""
    return str(value) if not isinstance(value, float) else f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
