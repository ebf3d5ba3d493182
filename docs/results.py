"""Reference results: take those of a finished study, check a new run against them, write what documents say of them.

    python docs/results.py take smoke     copy from results/ to docs/results/smoke/
    python docs/results.py check smoke    compare results/ with docs/results/smoke/
    python docs/results.py write          what README.md and docs/results/README.md say of what is kept

On the machine and the versions that made them a new run has the same bytes. Elsewhere rounding differs, and with it
what is trained: `check` allows single accuracies ACCURACY and all of them together MEAN percentage points; covers and
their bounds allow nothing.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import yaml
from snakemake.utils import update_config

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from finitecover import claims, configuration  # noqa: E402
from finitecover.arrays import load_csv, load_json  # noqa: E402
from finitecover.estimates import core_hours  # noqa: E402
from finitecover.statistics import headline_table, percent, wide_table  # noqa: E402
from finitecover.verdicts import comparison_table, overall  # noqa: E402

KEPT = ROOT / "docs/results"
# What is kept of a study; the rest of its figures and tables is made by running it.
FILES = ["tables/*.csv", "tables/*.tex", "figures/*.png", "report/claims.csv", "report/environment.json"]
STUDIES = {"smoke": "the smoke study", "cifar10-5k": "the default study, with a tenth of CIFAR-10"}
PAGE = """# Reference results

Written by `make docs` from the tables beside this page, which `python docs/results.py take <study>` copied from a run;
a test keeps the two equal. `make check-results` runs the smoke study again and compares.
"""
TITLES = {
    "tradeoff": "Clean against robust accuracy",
    "budgets": "Robust accuracy against images per class",
    "sizes": "Accuracy against the size of perturbations",
    "costs": "Robust accuracy against what the training set cost",
}
ACCURACY, MEAN = 12.0, 2.0
START, END = "<!-- claims -->\n", "<!-- end of claims -->\n"
FAMILY_RULES = {"cover": "solve_cover", "coreset": "select_coreset", "condensation": "condense_dataset"}


def study(name):
    """The configuration of a study as Snakemake merges it."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
    return config


def kept():
    """Names of the studies that results are kept of, in the order of `STUDIES`."""
    return [name for name in STUDIES if (KEPT / name / "settings.json").is_file()]


def take(name):
    """Copy what is kept of a study."""
    shutil.rmtree(KEPT / name, ignore_errors=True)
    (KEPT / name).mkdir(parents=True)
    for path in sorted(path for pattern in FILES for path in (ROOT / "results").glob(pattern)):
        shutil.copyfile(path, KEPT / name / path.name)
    (KEPT / name / "settings.json").write_text(json.dumps(study(name), indent=1) + "\n", encoding="utf-8")


def differences(name, results=ROOT / "results"):
    """What of a new run lies outside the tolerance, a line each."""
    reference = KEPT / name
    found = []
    exact = ["dataset", "subset", "label", "norm", "points", "size", "radius", "lower_bound", "status"]
    covers = [load_csv(path)[exact] for path in (reference / "covers.csv", results / "tables/covers.csv")]
    if not covers[0].equals(covers[1]):
        found.append("covers.csv: covers or bounds differ")
    keys = ["dataset", "subset", "training", "model", "attack", "norm", "eps"]
    old, new = (
        load_csv(path).set_index(keys)["mean"] for path in (reference / "summary.csv", results / "tables/summary.csv")
    )
    if set(old.index) != set(new.index):
        return [*found, "summary.csv: other rows"]
    apart = 100 * (new - old).abs()
    found += [
        f"summary.csv: {'/'.join(key)}: {value:.1f} points apart" for key, value in apart[apart > ACCURACY].items()
    ]
    if apart.mean() > MEAN:
        found.append(f"summary.csv: {apart.mean():.1f} points apart on average")
    return found


def claims_table():
    """Markdown table of the claims: sentence, place, file; of every kept study core-minutes and outcome."""
    columns = [f"{STUDIES[name]}: core-minutes | outcome" for name in kept()]
    lines = ["| claim | from | file to ask for | " + " | ".join(columns) + " |"]
    lines.append("|---" * (3 + 2 * len(columns)) + "|")
    for claim, settings in claims.read_claims((ROOT / "config/claims.yaml").read_text()).items():
        outcomes = [f"{_minutes(name, settings)} | {_outcome(name, claim, settings)}" for name in kept()]
        start = f"| {settings['says']} | {settings['source']} | `results/report/claims/{claim}.csv` | "
        lines.append(start + " | ".join(outcomes) + " |")
    return "\n".join(lines) + "\n"


def _minutes(name, claim):
    """Core-minutes of all that a claim needs in a study."""
    costs = load_csv(KEPT / name / "costs.csv")
    seconds = (costs["seconds"] * costs["threads"]).set_axis(pd.MultiIndex.from_frame(costs[["rule", "job"]]))
    return f"{sum(seconds[job] for job in _jobs(study(name), claim)) / 60:.0f}"


def _outcome(name, claim, settings):
    """What came out: one word, how many comparisons say what, the middle one of the effects and their range."""
    rows = load_csv(KEPT / name / "claims.csv").query("claim == @claim")
    told = overall(rows["verdict"])
    if len(rows) > 1:
        told += f" ({', '.join(f'{n} {verdict}' for verdict, n in rows['verdict'].value_counts().items())})"
    if rows["effect"].notna().any():
        unit = "" if settings["measure"] == "bound" else " points"
        effects = rows["effect"]
        told += f"; {effects.median():+.1f}{unit}"
        told += f", from {effects.min():+.1f} to {effects.max():+.1f}" if len(rows) > 1 else ""
    return told


def origin(name):
    """A sentence that says what made the kept results of a study, and in how long."""
    environment, hours = load_json(KEPT / name / "environment.json"), core_hours(KEPT / name / "costs.csv")
    packages = environment["packages"]
    return (
        f"`config/{name}.yaml` at commit {environment['commit']}: {hours:.1f} core-hours, {environment['cores']} cores "
        f"({environment['processor']}, {environment['device']}), Python {environment['python']}, "
        f"PyTorch {packages['torch']}, Snakemake {packages['snakemake']}."
    )


def page():
    """docs/results/README.md: of every kept study its origin, its claims, the best method by budget, its figures."""
    parts = [PAGE]
    for name in kept():
        folder = KEPT / name
        parts.append(f"\n## {STUDIES[name][0].upper()}{STUDIES[name][1:]}\n\n{origin(name)}\n")
        for figure, title in TITLES.items():
            if (folder / f"{figure}.png").is_file():
                parts.append(f"\n![{title}]({name}/{figure}.png)\n\n*{title}.*\n")
        table = headline_table(load_csv(folder / "summary.csv"), configuration.headline(study(name)))
        wide = wide_table(table, percent)
        parts.append(f"\nAccuracy in percent, mean ± standard deviation over seeds:\n\n{_markdown(wide)}")
        shown = comparison_table(load_csv(folder / "claims.csv"))
        parts.append(
            f"\nThe claims, in percentage points (95 % interval), by data set, norm and budget:\n\n{_markdown(shown)}"
        )
    return "".join(parts)


def _markdown(table):
    lines = [table.columns, ["---"] * table.shape[1], *table.itertuples(index=False)]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _jobs(config, claim):
    """(rule, job) of all that a claim needs and that costs time."""
    jobs = set()
    compared, traced = claims.compared_runs(config, claim), claims.traced_runs(config, claim)
    for run in compared + traced:
        method, _ = configuration.split_subset(run["subset"])
        settings = config["methods"][method]
        model = "{dataset}/{subset}/{training}/{model}/seed{seed}".format(**run)
        made = f"{run['dataset']}/{run['subset']}" + ("" if settings["family"] == "cover" else f"/seed{run['seed']}")
        jobs |= {("download_dataset", run["dataset"]), ("prepare_dataset", run["dataset"])}
        jobs |= {("train_model", model), ("trace_bound" if run in traced else "attack_model", model)}
        if settings["family"] in FAMILY_RULES:
            jobs.add((FAMILY_RULES[settings["family"]], made))
        if settings.get("algorithm") == "mtt":
            experts = range(config["experts"]["count"])
            jobs |= {("train_expert", f"{run['dataset']}/{settings['model']}/expert{number}") for number in experts}
    return jobs


def with_claims(text):
    """`text` with the present table between its marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    origins = "".join(f"\n{STUDIES[name][0].upper()}{STUDIES[name][1:]}: {origin(name)}\n" for name in kept())
    return f"{before}{START}{claims_table()}{origins}{END}{after}"


def main():
    """Carry out one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("take", "check", "write"))
    parser.add_argument("study", nargs="?", default="smoke")
    options = parser.parse_args()
    if options.what == "take":
        take(options.study)
    elif options.what == "write":
        readme = ROOT / "README.md"
        readme.write_text(with_claims(readme.read_text(encoding="utf-8")), encoding="utf-8")
        (KEPT / "README.md").write_text(page(), encoding="utf-8")
    elif found := differences(options.study):
        sys.exit("\n".join(found))
    else:
        print(f"results/ agrees with docs/results/{options.study}")


if __name__ == "__main__":
    main()
