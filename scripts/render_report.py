"""Render the report: one page that needs nothing but a browser."""

import base64
from pathlib import Path

import jinja2
import pandas as pd
import yaml

from finitecover.arrays import load_csv, load_json, save_text
from finitecover.estimates import core_hours
from finitecover.figures import DOTS_PER_INCH
from finitecover.jobs import job
from finitecover.statistics import architecture_table, headline_table, percent, set_costs, wide_table
from finitecover.verdicts import comparison_table, overall

ACCURACIES = {
    "tradeoff": "Clean against robust accuracy",
    "budgets": "Robust accuracy against images per class",
    "sizes": "Accuracy against the size of perturbations",
    "costs": "Robust accuracy against what the training set cost",
    "architectures": "Robust accuracy (%) across networks",
}
PROOFS = {
    "transfer": "Accuracy (%) under the adversarial images of every other model",
    "certificates": "Training images certified from the centres of a cover, and directly",
    "bounds": "Generalised adversarial loss on a cover beside the adversarial loss on all images, over training",
}


def render_report(
    template_path, tables, claims_path, figures, explorer_paths, environment_path, config, headline, report_path
):
    """Tables: {name: path of a CSV}; figures: list of (title, path of a PNG); explorers: of `explore_cover`."""
    comparisons = load_csv(claims_path)
    frames = {name: load_csv(path) for name, path in tables.items()}
    shown = headline_table(frames["summary"], headline)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(Path(template_path).read_text(encoding="utf-8"))
    page = template.render(
        headline=headline,
        claims=_claims(comparisons),
        differences=comparison_table(comparisons),
        comparisons=_shown(comparisons.drop(columns=["says", "source"]).round(2)),
        accuracies=wide_table(shown, percent),
        best=_best(shown),
        architectures=architecture_table(shown, percent) if shown["model"].nunique() > 1 else pd.DataFrame(),
        attacks=_attack_means(frames["summary"], headline),
        certificates=_seed_means(
            frames.get("certificates"), ["dataset", "subset", "training", "model", "cover", "norm", "eps"]
        ),
        bounds=_last_bounds(frames.get("bounds")),
        transfer=_transferred(frames.get("transfer")),
        seeds=config["run"]["seeds"],
        summary=frames["summary"],
        provenance=_shown(frames["provenance"].round(1)),
        core_hours=core_hours(tables["costs"]),
        gates=_gate_counts(frames["gates"]),
        failed=frames["gates"][~frames["gates"]["passed"].astype(bool)],
        covers=_timed_covers(frames["covers"], frames["costs"]),
        condensed=_condensed_means(frames.get("condensed")),
        sets=set_costs(frames["costs"]),
        costs=_cost_totals(frames["costs"]),
        figures=[(title, *_embedded(Path(path).read_bytes())) for title, path in figures],
        explorers=[load_json(path) for path in explorer_paths],
        environment=load_json(environment_path),
        settings=yaml.safe_dump(config, sort_keys=False),
    )
    save_text(report_path, page)


def _embedded(png):
    """A PNG in base64, and its width as printed, in the 96ths of an inch that browsers call pixels."""
    return base64.b64encode(png).decode(), int.from_bytes(png[16:20], "big") * 96 // DOTS_PER_INCH


def _shown(table):
    """A table whose missing entries are empty."""
    return table.astype(object).where(table.notna(), "")


def _claims(comparisons):
    """A row per claim: its sentence, where it is from, what its comparisons say together, how many say what."""
    rows = []
    for (name, says, source), group in comparisons.groupby(["claim", "says", "source"], sort=False):
        counts = group["verdict"].value_counts()
        rows.append(
            {
                "claim": name,
                "sentence": says,
                "from": source,
                "verdict": overall(group["verdict"]),
                "comparisons": ", ".join(f"{count} {verdict}" for verdict, count in counts.items()),
                "effects": _spread(group["effect"]),
            }
        )
    return pd.DataFrame(rows)


def _spread(effects):
    """The middle one of several effects, and the smallest and largest."""
    if effects.isna().all():
        return ""
    middle, low, high = effects.median(), effects.min(), effects.max()
    return f"{middle:+.1f}" if low == high else f"{middle:+.1f} ({low:+.1f} to {high:+.1f})"


def _best(shown):
    """For every data set, norm and budget: the most robust of the adversarially trained methods, and random."""
    robust = shown[(shown["measure"] != "clean") & (shown["training"] != "standard") & shown["ipc"].notna()]
    rows = []
    for (dataset, norm, eps, ipc, model), group in robust.groupby(
        ["dataset", "measure", "eps", "ipc", "model"], sort=False
    ):
        best = group.loc[group["mean"].idxmax()]
        random = group[group["method"] == "random"].sort_values("mean").tail(1)
        rows.append(
            {
                "dataset": dataset,
                "norm": norm,
                "eps": eps,
                "ipc": ipc,
                "model": model,
                "best": f"{best['method']} ({best['training']})",
                "robust": percent(best["mean"], best["std"]),
                "random": percent(*random[["mean", "std"]].iloc[0]) if len(random) else "not run",
            }
        )
    return pd.DataFrame(rows)


def _attack_means(summary, headline):
    """Accuracy under every attack at the sizes of training, in percent, a column per attack."""
    parts = [
        summary[(summary["dataset"] == dataset) & (summary["norm"] == norm) & (summary["eps"] == eps)]
        for dataset, sizes in headline.items()
        for norm, eps in sizes.items()
    ]
    shown = pd.concat(parts)
    keys = ["dataset", "subset", "training", "model", "norm", "eps"]
    entries = shown.assign(
        entry=[f"{percent(m, s)} ({n})" for m, s, n in zip(shown["mean"], shown["std"], shown["n"], strict=True)]
    )
    order = entries[keys].drop_duplicates()
    wide = entries.pivot(index=keys, columns="attack", values="entry")[list(dict.fromkeys(entries["attack"]))]
    return order.merge(wide.reset_index(), on=keys).fillna("")


def _seed_means(table, keys):
    """Means over seeds of a table that the study may lack; empty then."""
    if table is None:
        return pd.DataFrame()
    return table.drop(columns="seed").groupby(keys, sort=False).mean(numeric_only=True).reset_index()


def _last_bounds(table):
    """The bounds at the end of each training, and whether they say more than a constant answer does."""
    if table is None:
        return pd.DataFrame()
    keys = ["dataset", "subset", "training", "model", "norm", "eps"]
    last = _seed_means(table[table["step"] == table["step"].max()].drop(columns="step"), keys)

    def verdict(row):
        if pd.isna(row["cover_certified"]):
            return "no certified bound for this network"
        if row["cover_certified"] >= row["chance"]:
            return "empty: above a constant answer"
        return "says something"

    return last.assign(certified_bound=[verdict(row) for _, row in last.iterrows()])


def _transferred(table):
    """For every model the lowest accuracy under another model's adversarial images, beside that under its own."""
    if table is None:
        return pd.DataFrame()
    keys = ["dataset", "training", "model", "norm", "eps", "target"]
    own = table[table["source"] == table["target"]].groupby(keys, sort=False)["accuracy"].mean()
    others = table[table["source"] != table["target"]].groupby([*keys, "source"], sort=False)["accuracy"].mean()
    lowest = others.reset_index().sort_values("accuracy").drop_duplicates(keys).set_index(keys)
    joined = (
        own.to_frame("own").join(lowest.rename(columns={"accuracy": "transferred", "source": "from"})).reset_index()
    )
    return joined.assign(own=(100 * joined["own"]).round(1), transferred=(100 * joined["transferred"]).round(1))


def _gate_counts(gates):
    """Gates by kind (their text without sizes): how many there were, how many passed."""
    kind = gates["gate"].str.replace(r" (at )?(linf|l2) [0-9./]+", "", regex=True)
    return gates.groupby(kind, sort=False)["passed"].agg(checked="size", passed="sum").reset_index()


def _timed_covers(covers, costs):
    """The table of covers with the seconds that the job of each took, all classes together."""
    solved = costs[costs["rule"] == "solve_cover"]
    seconds = dict(zip(solved["job"], solved["seconds"], strict=True))
    return covers.assign(job_seconds=(covers["dataset"] + "/" + covers["subset"]).map(seconds))


def _condensed_means(condensed):
    """Means over seeds of what is known about every condensed set; empty where the study has none."""
    if condensed is None:
        return pd.DataFrame()
    groups = condensed.drop(columns="seed").groupby(["dataset", "subset"], sort=False)
    return groups.mean().reset_index()


def _cost_totals(costs):
    """Jobs, core-minutes and largest memory by rule."""
    groups = costs.assign(core_seconds=costs["seconds"] * costs["threads"]).groupby("rule", sort=False)
    table = groups.agg(
        jobs=("seconds", "size"), core_minutes=("core_seconds", "sum"), max_rss_mib=("max_rss_mib", "max")
    ).reset_index()
    return table.assign(core_minutes=(table["core_minutes"] / 60).round(2), max_rss_mib=table["max_rss_mib"].round())


def _of_datasets(title, paths):
    """Figures that lie at <kind>_<dataset>.png, with titles."""
    return [(f"{title}: {Path(path).stem.partition('_')[2]}", path) for path in paths]


if __name__ == "__main__":
    with job(snakemake):
        render_report(
            template_path=snakemake.input.template,
            tables={Path(path).stem: path for path in snakemake.input.tables},
            claims_path=snakemake.input.claims,
            figures=[
                *((ACCURACIES[Path(path).stem], path) for path in snakemake.input.accuracies),
                *(("Size against radius of covers", path) for path in snakemake.input.frontier),
                *_of_datasets("Chosen and synthetic images", snakemake.input.images),
                *_of_datasets("Condensation, loss and images over the iterations", snakemake.input.condensation),
                *((PROOFS[Path(path).stem], path) for path in snakemake.input.proofs),
            ],
            explorer_paths=snakemake.input.explorer,
            environment_path=snakemake.input.environment,
            config=snakemake.params.config,
            headline=snakemake.params.headline,
            report_path=snakemake.output.report,
        )
