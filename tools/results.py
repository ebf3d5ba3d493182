"""Reference results: take those of a finished study, check a new run against them, write what documents say of them.

    python tools/results.py take smoke     copy from results/ to docs/results/smoke/
    python tools/results.py check smoke    compare results/ with docs/results/smoke/
    python tools/results.py bench covers   what benchmarks/covers.py prints, to docs/results/benchmarks/covers.md
    python tools/results.py write          what README.md and the pages of docs/results say of what is kept

On the machine and the versions that made them a new run has the same bytes. Elsewhere rounding differs, and with it
what is trained: `check` allows single accuracies ACCURACY and all of them together MEAN percentage points; covers and
their bounds allow nothing. A verdict that differs is told, and is a fault where the new effect lies outside the kept
interval.
"""

import argparse
import base64
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import yaml
from snakemake.utils import update_config

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from finitecover.jobs.environment import environment, machine  # noqa: E402
from finitecover.jobs.files import load_json, load_rows  # noqa: E402
from finitecover.jobs.tables import load_csv  # noqa: E402
from finitecover.reporting.summaries import HEADINGS, study_tables, written  # noqa: E402
from finitecover.study import claims, figures, outputs, paths, runs, settings  # noqa: E402
from finitecover.study.estimates import core_hours  # noqa: E402
from finitecover.study.kinds import FAMILIES  # noqa: E402
from finitecover.study.overlays import derive_methods  # noqa: E402

KEPT = ROOT / "docs/results"
# What is kept of a study; the rest of its figures and tables is made by running it.
FILES = ["tables/*.csv", "tables/*.tex", "figures/*.png", "report/claims.csv", "report/environment.json"]
# In words, and the overlays that make it. The claims in README.md are the first's that puts them to the test.
STUDIES = {
    "cifar10-5k": ("the default study, with a tenth of CIFAR-10", ["cifar10-5k"]),
    "cifar10-50k": ("the default study, with 1,017 test images of CIFAR-10", ["cifar10-50k"]),
    "larger": ("the default study at three times the cost", ["cifar10-5k", "larger"]),
    "covers": ("the study of covers", ["covers"]),
    "covers-cifar10-5k": ("the study of covers, on a tenth of CIFAR-10", ["covers-cifar10-5k"]),
    "free": ("free centres, and condensations that start from them", ["free"]),
    "budgets": ("at which budget the ranking turns", ["budgets"]),
    "robustness": ("one training set, any network", ["robustness"]),
    "certificates": ("what follows from the centres of a cover", ["certificates"]),
    "condensation": ("condensed sets as their literature compares them", ["condensation"]),
    "mnist-robust": ("an anchor: all of MNIST at linf 0.3", ["mnist-robust"]),
    "smoke": ("the smoke study", ["smoke"]),
}
PAGE = """# Reference results

Written by `make docs` from the tables in these folders, which `python tools/results.py take <study>` copied from a run;
a test keeps the two equal. `make check-results` runs the smoke study again and compares. Each study has a page with all
its figures and tables. Robust accuracy is the worst case over the study's attacks in percent, with its 95 % interval;
in the column of a data set, norm and budget (images per class) the highest has a star. † marks numbers of models for
which a gate failed.
"""
OLDER = (
    " Kept before every training augmented its images, before intervals were over images, too, and corrected for their"
    " number, and before what is at chance was told."
)
BENCHMARKS = ("training", "condensation", "covers", "workflow", "choices", "controls", "calibration")
ACCURACY, MEAN = 12.0, 2.0
START, END = "<!-- claims -->\n", "<!-- end of claims -->\n"


def merged(name):
    """The configuration of a study as Snakemake merges it."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for overlay in STUDIES[name][1]:
        update_config(config, yaml.safe_load((ROOT / f"config/{overlay}.yaml").read_text()))
    derive_methods(config)
    return config


def kept():
    """Names of the studies that results are kept of, in the order of `STUDIES`."""
    return [name for name in STUDIES if (KEPT / name / "settings.json").is_file()]


def take(name):
    """Copy what is kept of a study; what was kept of it before stays where its run has not come to the end."""
    report = ROOT / paths.REPORT
    if not report.is_file():
        sys.exit("results/ holds no finished study: results/report/report.html is missing")
    page = report.read_text(encoding="utf-8")
    shutil.rmtree(KEPT / name, ignore_errors=True)
    (KEPT / name).mkdir(parents=True)
    for path in sorted(path for pattern in FILES for path in (ROOT / "results").glob(pattern)):
        if path.suffix != ".png" or base64.b64encode(path.read_bytes()).decode() in page:  # else another study's
            shutil.copyfile(path, KEPT / name / path.name)
    (KEPT / name / "settings.json").write_text(json.dumps(merged(name), indent=1) + "\n", encoding="utf-8")


def bench(name):
    """Run a benchmark and keep what it prints: Markdown tables, below what they were made with."""
    made_with = machine(environment(ROOT / "pyproject.toml"))
    command, lines = [sys.executable, str(ROOT / f"benchmarks/{name}.py")], []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(process.returncode)
    head = f"# What benchmarks/{name}.py measured\n\nMade by `make bench`: {made_with}.\n"
    (KEPT / "benchmarks").mkdir(exist_ok=True)
    (KEPT / f"benchmarks/{name}.md").write_text("".join([head, *lines]), encoding="utf-8")


def differences(name, results=ROOT / "results"):
    """What of a new run lies outside the tolerance, a line each."""
    reference = KEPT / name
    found = []
    exact = ["dataset", "training_set", "label", "norm", "points", "size", "radius", "lower_bound", "status"]
    covers = [load_csv(path)[exact] for path in (reference / "covers.csv", results / "tables/covers.csv")]
    if not covers[0].equals(covers[1]):
        found.append("covers.csv: covers or bounds differ")
    keys = ["dataset", "training_set", "training", "model", "attack", "norm", "eps"]
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
    return found + [line for line, explained in other_verdicts(name, results) if not explained]


def other_verdicts(name, results=ROOT / "results"):
    """Comparisons of claims with another verdict than was kept: (a line each, whether it may be chance)."""
    keys = ["claim", "dataset", "model", "norm", "eps", "ipc", "higher", "lower"]
    old, new = (
        {"/".join(row[key] for key in keys if row[key]): row for row in load_rows(path)}
        for path in (KEPT / name / "claims.csv", results / "report/claims.csv")
    )
    found = [(f"claims.csv: {key}: compared in one of the two alone", False) for key in old.keys() ^ new.keys()]
    for key in sorted(old.keys() & new.keys()):
        before, after = old[key], new[key]
        if before["verdict"] == after["verdict"]:
            continue
        low, effect, high = (float(value or "nan") for value in (before["low"], after["effect"], before["high"]))
        inside = low <= effect <= high
        why = f"{'inside' if inside else 'outside'} the kept interval, {low:.1f} to {high:.1f}"
        why = why if before["low"] else "without an interval"
        why += ": another processor rounds otherwise, and so trains other models" if inside else ""
        told = f"claims.csv: {key}: {after['verdict']}, was {before['verdict']}; the effect is {effect:.1f}, {why}"
        found.append((told, inside))
    return found


def claims_table():
    """Markdown table of the claims: sentence, file, core-minutes in the smoke study, what came out and where."""
    tables = {name: _tables(name)["claims"].set_index("claim") for name in kept()}
    rows = []
    for claim, asked in _claims().items():
        tested = [name for name, table in tables.items() if claim in table.index and table["effects"][claim]]
        row = {"claim": asked["says"], "from": asked["source"]}
        row["file to ask for"] = f"`{paths.CLAIM.format(claim=claim)}`"
        row["smoke: core-minutes"] = _minutes("smoke", asked)
        if tested:
            told = tables[tested[0]].loc[claim]
            unit = "" if asked["measure"] == "bound" else " points"
            row |= {
                "study": f"[{tested[0]}](docs/results/{tested[0]}/README.md)",
                "core-minutes": _minutes(tested[0], asked),
            }
            row["outcome"] = f"**{told['verdict']}** ({told['comparisons']}); {told['effects']}{unit}"
        rows.append(row)
    return _markdown(pd.DataFrame(rows).fillna(""))


def _claims():
    return claims.read_claims((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))


def _minutes(name, claim):
    """Core-minutes of all that a claim needs in a study."""
    costs = _frames(name)["costs"]
    keys = ["rule", *outputs.IDENTITY]
    seconds = dict(zip(_as_text(costs[keys]), costs["core_seconds"], strict=True))
    jobs = pd.DataFrame(_jobs(_settings(name), claim), columns=keys)
    return f"{sum(seconds[job] for job in set(_as_text(jobs))) / 60:.0f}"


def _as_text(table):
    """Rows as tuples of text, whole numbers as such, nothing as nothing."""
    rows = table.astype(object).where(table.notna(), "").itertuples(index=False)
    return [tuple(str(int(value)) if isinstance(value, float) else str(value) for value in row) for row in rows]


def origin(name):
    """A sentence that says what made the kept results of a study, and in how long."""
    hours, overlays = core_hours(KEPT / name / "costs.csv"), STUDIES[name][1]
    named = " ".join(f"config/{overlay}.yaml" for overlay in overlays)
    made = f"`--configfile {named}` in {hours:.1f} core-hours: {machine(load_json(KEPT / name / 'environment.json'))}."
    return made + (OLDER if _is_older(name) else "")


def index_page():
    """docs/results/README.md: of every kept study its origin, its first figure and its ranking."""
    parts = [PAGE]
    for name in kept():
        parts.append(f"\n## [{_title(name)}]({name}/README.md)\n\n{origin(name)}\n")
        parts += [
            _figure(f"{name}/tradeoff.png", figures.FIGURES["tradeoff"].title),
            f"\n{_markdown(_tables(name)['ranking'])}",
        ]
    kept_benches = [name for name in BENCHMARKS if (KEPT / f"benchmarks/{name}.md").is_file()]
    if kept_benches:
        parts.append("\n## Benchmarks\n\n")
        parts += [f"* [{name}](benchmarks/{name}.md)\n" for name in kept_benches]
    return "".join(parts)


def study_page(name):
    """The page of one kept study: its figures and its tables, as the report has them."""
    tables = _tables(name) | {"claims": _tables(name)["claims"].query("effects != ''")}
    parts = [f"# {_title(name)}\n\n{origin(name)}\n"]
    for figure in figures.of_study(_settings(name)):
        path = KEPT / name / Path(figure["path"]).name
        parts += [_figure(path.name, figure["title"])] if path.is_file() else []
    parts += [f"\n## {title}\n\n{_markdown(tables[key])}" for key, title in HEADINGS.items() if len(tables[key])]
    return "".join(parts)


@cache
def _settings(name):
    return load_json(KEPT / name / "settings.json")


def _is_older(name):
    return "chance" not in _frames(name)["summary"]


@cache
def _frames(name):
    frames = {path.stem: load_csv(path) for path in (KEPT / name).glob("*.csv")}
    if "at_chance" not in frames["summary"]:  # kept before that was asked
        frames["summary"] = frames["summary"].assign(at_chance=False)
    return frames


@cache
def _tables(name):
    return study_tables(_frames(name), settings.every_training_eps(_settings(name)), claims.baseline_claims(_claims()))


def _title(name):
    words = STUDIES[name][0]
    return words[0].upper() + words[1:]


def _figure(path, title):
    return f"\n![{title}]({path})\n\n*{title}.*\n"


def _markdown(table):
    lines = [table.columns, ["---"] * table.shape[1], *table.itertuples(index=False)]
    return "".join(f"| {' | '.join(map(written, line))} |\n" for line in lines)


def _jobs(config, claim):
    """Dicts of rule and identity of all jobs that a claim needs and that cost time."""
    compared, traced = claims.compared_runs(config, claim), claims.traced_runs(config, claim)
    jobs = []
    for run in compared + traced:
        method = config["methods"][run["method"]]
        family, data = FAMILIES[method["family"]], {"dataset": run["dataset"]}
        model = {key: run[key] for key in ("dataset", "training_set", "training", "model", "seed")}
        jobs += [{"rule": rule} | data for rule in ("download_dataset", "prepare_dataset")]
        jobs += [{"rule": rule} | model for rule in ("train_model", "trace_bound" if run in traced else "attack_model")]
        if family.rule:
            keys = ("dataset", "training_set", "seed") if family.seeded else ("dataset", "training_set")
            jobs.append({"rule": family.rule} | {key: run[key] for key in keys})
        if "cover" in method:
            jobs.append({"rule": "cover_condensed"} | {key: run[key] for key in ("dataset", "training_set", "seed")})
        if start := runs.start_of(config, run["training_set"]):
            family = FAMILIES[config["methods"][start["method"]]["family"]]
            seed = {"seed": run["seed"]} if family.seeded else {}
            jobs.append({"rule": family.rule, "training_set": start["training_set"]} | data | seed)
        if (found := runs.algorithm(method)) and found.experts:
            shared = {"rule": "train_expert", "model": method["model"]} | data
            jobs += [shared | {"expert": number} for number in range(config["experts"]["count"])]
    return jobs


def with_claims(text):
    """`text` with the present table between its marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}{claims_table()}{END}{after}"


def pages():
    """{path: text} of all that is written from what is kept."""
    readme = ROOT / "README.md"
    overviews = {readme: with_claims(readme.read_text(encoding="utf-8")), KEPT / "README.md": index_page()}
    return overviews | {KEPT / name / "README.md": study_page(name) for name in kept()}


def main():
    """Carry out one of the four."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("take", "check", "bench", "write"))
    parser.add_argument("name", nargs="?", default="smoke")
    options = parser.parse_args()
    known = BENCHMARKS if options.what == "bench" else STUDIES
    if options.name not in known:
        parser.error(f"nothing to {options.what} is called {options.name}; choose one of {', '.join(known)}")
    if options.what == "take":
        take(options.name)
    elif options.what == "bench":
        bench(options.name)
    elif options.what == "write":
        for path, text in pages().items():
            path.write_text(text, encoding="utf-8")
    elif found := differences(options.name):
        sys.exit("\n".join(found))
    else:
        told = [line for line, _ in other_verdicts(options.name)]
        print("\n".join([*told, f"results/ agrees with docs/results/{options.name}"]))


if __name__ == "__main__":
    main()
