"""Reference results: take those of a finished study, check a new run against them, write what documents say of them.

    python docs/results.py take smoke     copy from results/ to docs/results/smoke/
    python docs/results.py check smoke    compare results/ with docs/results/smoke/
    python docs/results.py write          the tables between the marks in README.md, from docs/results/

On the machine and the versions that made them a new run has the same bytes. Elsewhere rounding differs, and with it
what is trained: `check` allows single accuracies ACCURACY and all of them together MEAN percentage points; covers and
their bounds allow nothing.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import yaml
from snakemake.utils import update_config

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from finitecover import claims, configuration  # noqa: E402
from finitecover.arrays import load_csv  # noqa: E402
from finitecover.verdicts import overall  # noqa: E402

FILES = ["tables/summary.csv", "tables/covers.csv", "tables/costs.csv", "tables/gates.csv", "report/claims.csv"]
FILES += ["report/environment.json", "figures/tradeoff.png", "figures/frontier.png"]
ACCURACY, MEAN = 12.0, 2.0
START, END = "<!-- claims -->\n", "<!-- end of claims -->\n"
FAMILY_RULES = {"cover": "solve_cover", "coreset": "select_coreset", "condensation": "condense_dataset"}


def study(name):
    """The configuration of a study as Snakemake merges it."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
    return config


def take(name):
    """Copy what is kept of a study."""
    target = ROOT / "docs/results" / name
    target.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copyfile(ROOT / "results" / file, target / Path(file).name)
    (target / "settings.json").write_text(json.dumps(study(name), indent=1) + "\n", encoding="utf-8")


def differences(name, results=ROOT / "results"):
    """What of a new run lies outside the tolerance, a line each."""
    reference = ROOT / "docs/results" / name
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


def claims_table(name):
    """Markdown table of the claims: sentence, place, command, minutes of one core, what is expected."""
    config, costs = study(name), load_csv(ROOT / f"docs/results/{name}/costs.csv")
    seconds = costs.set_index(["rule", "job"])["seconds"]
    verdicts = load_csv(ROOT / f"docs/results/{name}/claims.csv")
    lines = ["| claim | from | target | core-minutes | expected |", "|---|---|---|---|---|"]
    for claim, settings in claims.read_claims((ROOT / "config/claims.yaml").read_text()).items():
        rows = verdicts[verdicts["claim"] == claim]
        counts = ", ".join(f"{n} {verdict}" for verdict, n in rows["verdict"].value_counts().items())
        expected = overall(rows["verdict"]) + (f" ({counts})" if len(rows) > 1 else "")
        if rows["effect"].notna().any():
            unit = "" if settings["measure"] == "bound" else " points"
            expected += f"; effects {rows['effect'].min():.1f} to {rows['effect'].max():.1f}{unit}"
        minutes = sum(seconds[job] for job in _jobs(config, settings)) / 60
        target = f"`results/report/claims/{claim}.csv`"
        lines.append(f"| {settings['says']} | {settings['source']} | {target} | {minutes:.1f} | {expected} |")
    return "\n".join(lines) + "\n"


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
    return f"{before}{START}{claims_table('smoke')}{END}{after}"


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
    elif found := differences(options.study):
        sys.exit("\n".join(found))
    else:
        print(f"results/ agrees with docs/results/{options.study}")


if __name__ == "__main__":
    main()
