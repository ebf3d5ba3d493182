"""Reference results: take those of a finished study, check a new run against them, write what documents say of them.

    python tools/results.py take smoke     copy from results/ to docs/results/smoke/
    python tools/results.py check smoke    compare results/ with docs/results/smoke/
    python tools/results.py bench covers   what benchmarks/covers.py prints, to docs/results/benchmarks/covers.md
    python tools/results.py write          what README.md, docs/claims.md, docs/results say and draw of what is kept

On the machine and the versions that made them a new run has the same bytes. Elsewhere rounding differs, and with it
what is trained: `check` allows single accuracies ACCURACY and all of them together MEAN percentage points; covers and
their bounds allow nothing. A verdict that differs is told, and is a fault where the new effect lies outside the kept
interval.
"""

import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import yaml
from snakemake.utils import update_config

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tools")]

from controls import controls  # noqa: E402
from overview import bibtex, by_dataset, decisions, small_table  # noqa: E402

from finitecover.jobs.environment import environment, machine  # noqa: E402
from finitecover.jobs.files import load_json, load_rows, save_json  # noqa: E402
from finitecover.jobs.tables import load_csv  # noqa: E402
from finitecover.reporting.figures.registry import DRAWN, figure_of  # noqa: E402
from finitecover.reporting.figures.style import save, style  # noqa: E402
from finitecover.reporting.summaries import BY_STRENGTH, HEADINGS, study_tables, with_all_titles, written  # noqa: E402
from finitecover.reporting.verdicts import DECIDED_OR_OPEN, NOT_TESTED  # noqa: E402
from finitecover.study import claims, estimates, figures, outputs, paths, runs  # noqa: E402
from finitecover.study.kinds import FAMILIES  # noqa: E402
from finitecover.study.overlays import derive  # noqa: E402
from finitecover.study.settings import titles  # noqa: E402

KEPT = ROOT / "docs/results"
# What is kept of a study; the rest of its figures and tables is made by running it.
FILES = ["tables/*.csv", "tables/*.tex", "figures/*.png", "report/claims.csv", "report/environment.json"]
LARGEST = 2_000_000  # bytes of the centres of a cover that are kept
# In words, and the overlays that make it. A claim's verdict is that of the first kept study in which it counts.
STUDIES = {
    "default": ("the default study", []),
    "cifar10-50k": ("the default study, with 1,017 test images of CIFAR-10", ["cifar10-50k"]),
    "covers": ("the study of covers", ["covers"]),
    "fair": ("the default study's sets, other trainings", ["fair"]),
    "selections": ("recent rivals of covers", ["selections"]),
    "budgets": ("at which budget the ranking changes", ["budgets"]),
    "robustness": ("one training set, any network", ["robustness"]),
    "certificates": ("what follows from the centres of a cover", ["certificates"]),
    "certificates-mnist": ("certificates on MNIST", ["certificates", "certificates-mnist"]),
    "condensation": ("condensed sets as their literature compares them", ["condensation"]),
    "mnist": ("all of MNIST, a small study", ["mnist"]),
    "mnist-robust": ("an anchor: all of MNIST at linf 0.3", ["mnist-robust"]),
    "paper": ("full size, for GPUs", ["paper"]),
    "paper-first": ("the part of it to run first", ["paper", "paper-first"]),
    "paper-sample": ("a sample of the jobs at full size, for their costs alone", ["paper", "paper-sample"]),
    "smoke": ("the smoke study", ["smoke"]),
}
SHOWN = "cifar10-50k"  # the study that README.md and docs/findings.md show
SAMPLE = "paper-sample"  # of which costs alone say something: its trainings have a hundredth of their updates
MAIN_CLAIMS = (  # those that docs/findings.md puts in numbers, and README.md beside all of the paper
    "adversarial-training-helps",
    "condensed-below-full",
    "condensed-below-random",
    "mfc-above-condensed",
    "generalised-above-pgd",
    "coresets-above-random",
    "free-above-random",
    "free-above-condensed",
    "condensed-from-free",
    "labels-above-own-classes",
)
PAGE = """# Reference results

Written by `make docs` from the tables in these folders, which `python tools/results.py take <study>` copied from a run;
a test compares them. `make check-results` runs the smoke study again and compares its results with those kept here.
Each study has a page with all its figures and tables. Robust accuracy is the worst case over the study's attacks, in
percent, with its 95 % interval. A star marks the highest value in the column of a data set, norm and budget (images per
class), † the numbers of models for which a sanity check failed.
"""
OLDER = " Older: this command has other settings now; those of the kept results are in settings.json."
BENCHMARKS = (
    "training",
    "condensation",
    "covers",
    "workflow",
    "choices",
    "strength",
    "controls",
    "minimal_cover",
    "selections",
    "calibration",
)
ACCURACY, MEAN = 12.0, 2.0
SNAKEMAKE = "snakemake --cores 8 "
CLAIMS_PAGE = """# What is claimed, and what came out?

Written by `make docs` from [config/claims.yaml](../config/claims.yaml) and the kept results in
[docs/results](results/README.md).

A claim is a comparison of models that differ only in what it names. Its effect is a difference in percentage points,
taken over seeds and test images, with an interval that is corrected for the number of the claim's comparisons. A
comparison holds where the interval lies above 0, fails where it lies below, and is inconclusive otherwise. "In part"
means that the other comparisons are inconclusive, "mixed" that some hold and some fail.

"Verdict" is that of the first kept study in which a comparison of the claim counts. "Effect" is the median over its
comparisons, with the smallest and the largest. "Minutes" are core-minutes of all jobs that the claim needs: in that
study, and in the smoke study. Each command takes a minute of your time, at most 3 GB of memory and less than 100 MB of
disk beside the environment and the data. [running.md](running.md) says how to write such commands.

A new run of the smoke study should give the same verdicts. On the machine that made the kept results it gives the same
bytes; elsewhere `make check-results` allows {accuracy:.0f} points for each accuracy and {mean:.0f} on average.

The columns of `results/report/claims.csv` say for every comparison which models it compares, the effect, the interval,
the number of seeds and images, the verdict, and the files that the numbers come from.

"""


def merged(name):
    """The configuration of a study as Snakemake merges it."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for overlay in STUDIES[name][1]:
        update_config(config, yaml.safe_load((ROOT / f"config/{overlay}.yaml").read_text()))
    derive(config)
    return config


def kept():
    """Names of the studies that results are kept of, in the order of `STUDIES`."""
    return [name for name in STUDIES if (KEPT / name / "settings.json").is_file()]


def take(name):
    """Copy what is kept of a study; what was kept of it before stays where its run has not come to the end."""
    report = ROOT / paths.REPORT
    if not report.is_file():
        sys.exit("results/ holds no finished study: results/report/report.html is missing")
    centres = paths.fill_all(paths.CENTRES, outputs.free_covers(merged(name)))
    if missing := [path for path in centres if not (ROOT / path).is_file()]:
        sys.exit(f"{missing[0]} is missing; run the study to its end with this version")
    page = report.read_text(encoding="utf-8")
    shutil.rmtree(KEPT / name, ignore_errors=True)
    (KEPT / name).mkdir(parents=True)
    for path in sorted(path for pattern in FILES for path in (ROOT / "results").glob(pattern)):
        if path.suffix != ".png" or base64.b64encode(path.read_bytes()).decode() in page:  # else another study's
            shutil.copyfile(path, KEPT / name / path.name)
    for path in centres:
        if (ROOT / path).stat().st_size <= LARGEST:
            to = KEPT / name / Path(path).relative_to("results")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, to)
    package = load_json(ROOT / paths.DATA_PACKAGE)
    for resource in package["resources"]:  # what is kept lies in one folder
        resource["path"] = Path(resource["path"]).name
    save_json(KEPT / name / "datapackage.json", package)
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
    (KEPT / f"benchmarks/{name}.md").write_text(head + "\n" + "".join(lines).lstrip("\n"), encoding="utf-8")


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


def claims_page():
    """docs/claims.md: of every claim its verdict, comparisons, effects, where they come from, and what it costs."""
    rows = [
        {
            "claim": claim["says"],
            "from": claim["source"],
            "study": f"[{name}](results/{name}/README.md)" if name else "",
            "verdict": told["verdict"],
            BY_STRENGTH: told.get(BY_STRENGTH, ""),
            "comparisons": told["comparisons"],
            "effect": told["effects"] + ("" if claim["measure"] == "bound" or not told["effects"] else " points"),
            "minutes": _minutes(name, claim) if name else "",
            "minutes, smoke": _minutes("smoke", claim),
            "command": f"`{command(name or 'smoke', paths.CLAIM.format(claim=key))}`",
        }
        for key, claim, name, told in _told_claims()
    ]
    return CLAIMS_PAGE.format(accuracy=ACCURACY, mean=MEAN) + _markdown(pd.DataFrame(rows))


def claims_table():
    """Markdown: the paper's claims and our main ones that a kept study tests, with verdicts and commands; how many more
    there are."""
    main = [found for found in _told_claims() if found[0] in MAIN_CLAIMS or found[1]["source"] != "ours"]
    rows = [
        {
            "claim": claim["says"],
            "verdict": told["verdict"] + _older_mark(name),
            "command": f"`{command(name, paths.CLAIM.format(claim=key)).removeprefix(SNAKEMAKE)}`",
        }
        for key, claim, name, told in main
        if name
    ]
    more = len(_claims()) - len(rows)
    return f"{_markdown(pd.DataFrame(rows))}\n{more} more are in [docs/claims.md](docs/claims.md).\n"


def _told_claims():
    """(name, claim, kept study that tests it or None, what its table says) of every claim: the first study in which a
    comparison counts, those with older settings last, else the first."""
    tables = {name: _tables(name)["claims"].set_index("claim") for name in kept()}
    found = []
    for key, claim in _claims().items():
        tested = [name for name, table in tables.items() if key in table.index and table["effects"][key]]
        counts = {name: tables[name]["verdict"][key].startswith((*DECIDED_OR_OPEN, "mixed")) for name in tested}
        tested.sort(key=lambda name: (not counts[name], _is_older(name)))
        nothing = {"verdict": NOT_TESTED, "comparisons": "", "effects": ""}
        found.append((key, claim, *((tested[0], tables[tested[0]].loc[key]) if tested else (None, nothing))))
    return found


def _older_mark(name):
    """What stands behind a kept study that was run with other settings, or behind what it says."""
    return " (older settings)" if _is_older(name) else ""


def overlays_of(name):
    """The overlays of a study, as a command names them."""
    return " ".join(f"config/{overlay}.yaml" for overlay in STUDIES[name][1])


def command(name, target=""):
    """The command that runs a study, or makes one of its files."""
    overlays = f"--configfile {overlays_of(name)}" if STUDIES[name][1] else ""
    return " ".join(filter(None, [SNAKEMAKE.strip(), target, overlays]))


def studies_table():
    """Markdown: the kept studies, their data sets, core-hours and overlays; the overlays of those that are not kept."""
    rows = []
    for name in kept():
        study = f"[{STUDIES[name][0]}](docs/results/{name}/README.md){_older_mark(name)}"
        hours = f"{estimates.core_hours(KEPT / name / 'costs.csv'):.1f}"
        overlays = f"`{overlays_of(name)}`" if STUDIES[name][1] else "none"
        sets = ", ".join(_settings(name)["run"]["datasets"])
        rows.append({"study": study, "data sets": sets, "core-hours": hours, "overlays": overlays})
    others = ", ".join(f"`{overlays_of(name)}`" for name in STUDIES if name not in kept() and STUDIES[name][1])
    return _markdown(pd.DataFrame(rows)) + (f"\nWithout kept results: {others}.\n" if others else "")


def results_table():
    """Markdown: the small table of the study that README.md shows, with its caption."""
    table, caption = small_table(_frames(SHOWN), _settings(SHOWN))
    older = OLDER if _is_older(SHOWN) else ""
    return f"{_markdown(table)}\n*{caption} [{_title(SHOWN)}](docs/results/{SHOWN}/README.md).{older}*\n"


def findings_table():
    """Markdown: what the comparisons behind the main claims say, by data set, in the study shown first."""
    frames, _ = with_all_titles(_frames(SHOWN), _settings(SHOWN))
    sentences = {name: claim["says"] for name, claim in _claims().items() if name in MAIN_CLAIMS}
    return _markdown(by_dataset(frames["claims"], sentences))


def main_figure():
    """Markdown: the main figure of the study that README.md shows."""
    figure = figures.FIGURES["methods"]
    picture = f"docs/results/{SHOWN}/methods.png"
    return f"![{figure.title}]({picture})\n\n*{_title(SHOWN)}: {figure.title.lower()}.*\n"


def citation():
    """CITATION.cff as a block of BibTeX."""
    return f"```bibtex\n{bibtex(yaml.safe_load((ROOT / 'CITATION.cff').read_text(encoding='utf-8')))}\n```\n"


@cache
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
    hours = estimates.core_hours(KEPT / name / "costs.csv")
    made = f"`{command(name)}` in {hours:.1f} core-hours: {machine(load_json(KEPT / name / 'environment.json'))}."
    return made + (OLDER if _is_older(name) else "")


def index_page():
    """docs/results/README.md: of every kept study its origin, its first figure and its ranking."""
    parts = [PAGE]
    for name in kept():
        parts.append(f"\n## [{_title(name)}]({name}/README.md)\n\n{origin(name)}\n")
        if name == SAMPLE:
            continue
        parts += [
            _figure(f"{name}/methods.png", figures.FIGURES["methods"].title),
            f"\n{_markdown(_tables(name)['ranking'])}",
        ]
    core_hours = {name: estimates.core_hours(KEPT / name / "costs.csv") for name in kept()}
    decided = decisions([(_title(name), _frames(name)["claims"], hours) for name, hours in core_hours.items()])
    parts.append(f"\n## How much is decided\n\n{_markdown(decided)}")
    kept_benches = [name for name in BENCHMARKS if (KEPT / f"benchmarks/{name}.md").is_file()]
    if kept_benches:
        parts.append("\n## Benchmarks\n\n")
        parts += [f"* [{name}](benchmarks/{name}.md)\n" for name in kept_benches]
    return "".join(parts)


def draw(name, folder=None):
    """Draw the figures of a kept study from its kept tables, as PNG, into its folder or another; those that are drawn
    from files of jobs stay as they were kept. Returns the names of the files."""
    config, frames = _settings(name), _frames(name)
    drawn = []
    for kind in _drawable(name):
        style()
        tables = {table: frames[table] for table in figures.FIGURES[kind].tables}
        path = (folder or KEPT / name) / f"{kind}.png"
        save(figure_of(kind, tables, figures.drawn_with(config)), None, path)
        drawn.append(path.name)
    return drawn


def draw_controls(folder):
    """Draw the figure of the kept benchmark of controls."""
    page = (KEPT / "benchmarks/controls.md").read_text(encoding="utf-8")
    save(controls(page, titles(merged("default"))), None, folder / "controls.png")


def _drawable(name):
    """The figures of a kept study that its kept tables suffice for."""
    wanted = [kind for kind, figure in figures.FIGURES.items() if kind in DRAWN and figure.wanted(_settings(name))]
    return [kind for kind in wanted if set(figures.FIGURES[kind].tables) <= _frames(name).keys()]


def _forget_old_figures(name):
    """Take away kept figures that a study no longer has."""
    known = {Path(figure["path"]).name for figure in figures.of_study(_settings(name))}
    for path in (KEPT / name).glob("*.png"):
        if path.name not in known:
            path.unlink()


def study_page(name):
    """The page of one kept study: its figures and its tables, as the report has them."""
    tables = _tables(name) | {"claims": _tables(name)["claims"].query("effects != ''")}
    parts = [f"# {_title(name)}\n\n{origin(name)}\n"]
    for figure in figures.of_study(_settings(name)):
        path = KEPT / name / Path(figure["path"]).name
        parts += [_figure(path.name, figure["title"], figure["alt"])] if path.is_file() else []
    parts += [f"\n## {title}\n\n{_markdown(tables[key])}" for key, title in HEADINGS.items() if len(tables[key])]
    return "".join(parts)


@cache
def _settings(name):
    found, now = load_json(KEPT / name / "settings.json"), merged(name)
    for dataset, settings in found["datasets"].items():
        settings["title"] = titles(now).get(dataset, dataset)
    return {"figures": now["figures"]} | found  # which is newer than some kept settings


@cache
def _is_older(name):
    """Whether the overlays of a kept study say something else now of what it runs."""
    then, now = load_json(KEPT / name / "settings.json"), json.loads(json.dumps(merged(name)))
    used = [(key, entry) for key in ("datasets", *estimates.NAMED) for entry in now["run"][key]]
    same = all(then[key].get(entry) == now[key][entry] for key, entry in used)
    return not (same and all(then[key] == now[key] for key in ("run", *estimates.WHOLE)))


@cache
def _frames(name):
    frames = {path.stem: load_csv(path) for path in (KEPT / name).glob("*.csv")}
    now = {key: claim["says"] for key, claim in _claims().items()}
    says = frames["claims"]["claim"].map(now).fillna(frames["claims"]["says"])
    frames["claims"] = frames["claims"].assign(says=says)  # in the words of today
    if "at_chance" not in frames["summary"]:  # kept before that was asked
        frames["summary"] = frames["summary"].assign(at_chance=False)
    return frames


@cache
def _tables(name):
    return study_tables(_frames(name), _settings(name), claims.baseline_claims(_claims()))


def _title(name):
    words = STUDIES[name][0]
    return words[0].upper() + words[1:]


def _figure(path, title, alt=None):
    return f"\n![{alt or title}]({path})\n\n*{title}.*\n"


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
        if runs.takes_teacher(config, run["training"]):
            teacher = runs.teacher_of(config, run)
            jobs += [{"rule": "label_set"} | model, {"rule": "train_model"} | {key: teacher[key] for key in model}]
        if family.rule:
            keys = ("dataset", "training_set", "seed") if family.seeded else ("dataset", "training_set")
            jobs.append({"rule": family.rule} | {key: run[key] for key in keys})
        if teacher := runs.teacher_of_set(config, run):
            jobs.append({"rule": "train_model"} | {key: teacher[key] for key in model})
        if "cover" in method:
            jobs.append({"rule": "cover_condensed"} | {key: run[key] for key in ("dataset", "training_set", "seed")})
        if start := runs.start_of(config, run["training_set"]):
            family = FAMILIES[config["methods"][start["method"]]["family"]]
            seed = {"seed": run["seed"]} if family.seeded else {}
            jobs.append({"rule": family.rule, "training_set": start["training_set"]} | data | seed)
        if (found := runs.algorithm(method)) and found.experts:
            shared = {"rule": "train_expert", "model": method["model"]} | data
            jobs += [shared | {"expert": number} for number in range(config["experts"]["count"])]
            if method["family"] == "coreset":
                jobs.append(shared | {"rule": "score_images"})
    return jobs


def full_size(name):
    """Markdown: hours of a study by rule, estimated from kept runs on a GPU and on CPUs, and peak memory on a GPU."""
    config = merged(name)
    jobs = outputs.costly_jobs(config)
    gpu, cpu = (estimates.estimate(jobs, config, KEPT, gpu) for gpu in (True, False))
    on_cpu, rules = estimates.by_rule(cpu, jobs), estimates.by_rule(gpu, jobs)
    memory = load_csv(gpu.run / "costs.csv").groupby("rule")["max_rss_mib"].max() / 1024
    rows = [["all", len(jobs), gpu.hours(), cpu.hours(), memory.max()]]
    rows += [[rule, count, hours, on_cpu.get(rule, [0])[0], memory[rule]] for rule, (hours, count) in rules.items()]
    hours = f"hours, {estimates.machine_of(gpu.run)}", f"core-hours, {estimates.machine_of(cpu.run)}"
    shown = [[rule, f"{count:,}", *map(_rounded, numbers)] for rule, count, *numbers in rows if numbers[0] >= 0.1]
    table = _markdown(pd.DataFrame(shown, columns=["rule", "jobs", *hours, "peak GiB"]))
    sources = " and ".join(f"[{run.name}](results/{run.name}/README.md)" for run in (gpu.run, cpu.run))
    return f"{table}\n*From {sources}, scaled by the work of each job.*\n"


def _rounded(number):
    return f"{number:,.0f}" if number >= 20 else f"{number:.1f}" if number else ""


def with_parts(text):
    """A document with its present parts between their marks."""

    def written_anew(found):
        return f"<!-- {found[1]} -->\n{PARTS[found[1]]()}<!-- end of {found[1]} -->\n"

    return re.sub("<!-- ([a-z ]+) -->\n.*?<!-- end of \\1 -->\n", written_anew, text, flags=re.S)


# What is written into documents, by the name of its marks.
PARTS = {
    "figure": main_figure,
    "results": results_table,
    "claims": claims_table,
    "studies": studies_table,
    "citation": citation,
    "findings": findings_table,
    "hours at full size": lambda: full_size("paper"),
    "hours of the first part": lambda: full_size("paper-first"),
}
DOCUMENTS = [ROOT / "README.md", ROOT / "docs/findings.md", ROOT / "docs/full-size.md"]  # those that have parts


def pages():
    """{path: text} of all that is written from what is kept."""
    documents = {path: with_parts(path.read_text(encoding="utf-8")) for path in DOCUMENTS}
    overviews = {ROOT / "docs/claims.md": claims_page(), KEPT / "README.md": index_page()}
    return documents | overviews | {KEPT / name / "README.md": study_page(name) for name in kept()}


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
        for name in kept():
            _forget_old_figures(name)
            draw(name)
        draw_controls(KEPT / "benchmarks")
        for path, text in pages().items():
            path.write_text(text, encoding="utf-8")
    elif found := differences(options.name):
        sys.exit("\n".join(found))
    else:
        told = [line for line, _ in other_verdicts(options.name)]
        print("\n".join([*told, f"results/ agrees with docs/results/{options.name}"]))


if __name__ == "__main__":
    main()
