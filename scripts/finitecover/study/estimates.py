"""Core-hours that a study will take, from what the same jobs took in kept reference runs. Needs no NumPy: Snakemake's
own environment may lack it."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean

from finitecover.study.renamed import check_columns

# Sections of the settings that decide how much work a job is: maps with names that a study uses some of, whole ones.
NAMED = ("methods", "trainings", "models")
WHOLE = ("experts", "optimisation", "evaluation", "certificates", "frontier")


def estimate(jobs, config, kept):
    """(core-hours of jobs, how many of them could be estimated, the kept run whose figures were used, whether it had
    these settings); None where there is nothing to estimate from.

    jobs: dicts of rule and what identifies the job, as in a table of costs. config: of the study. kept: folder of
    reference runs, each a folder with costs.csv and settings.json; one with the settings of the study is preferred,
    then the one whose jobs are most like them. A job counts as much as the same job of another seed did on average,
    else as the same work on another data set, else as its rule on its data set, else as its rule; jobs of rules without
    figures are left out.
    """
    runs = []
    for path in sorted(Path(kept).glob("*/settings.json")):
        settings = json.loads(path.read_text(encoding="utf-8"))
        same = all(_work(settings[key]) == _work(config[key]) for key in WHOLE) and all(
            settings[key].get(name) == config[key][name] for key in NAMED for name in config["run"][key]
        )
        figures = _figures(path.with_name("costs.csv"))
        found = [seconds for seconds in (_look_up(figures, job) for job in jobs) if seconds is not None]
        alike = [sum(key in figures for key in keys) for keys in zip(*map(_keys, jobs), strict=True)]
        runs.append((same, alike, path.parent.name, found))
    if not runs:
        return None
    same, _, name, found = max(runs, key=lambda run: run[:2])
    return sum(found) / 3600, len(found), name, same


def told(found, count, kept):
    """One line on an estimate, `found` of `estimate`, for so many jobs that cost time."""
    hours, known, name, same = found
    like = "the same settings" if same else "different settings"
    return (
        f"Estimate: {hours:.2f} core-hours for {known} of {count} jobs that cost time, from what such jobs took in "
        f"docs/results/{name} ({processor(Path(kept) / name)}), with {like}."
    )


def processor(run):
    """The processor that a kept run was made on; other machines take longer, or less long."""
    return json.loads((Path(run) / "environment.json").read_text(encoding="utf-8"))["processor"]


def core_hours(costs_path):
    """Core-hours of a table of costs, over all jobs."""
    with Path(costs_path).open(encoding="utf-8") as file:
        return sum(float(row["core_seconds"]) for row in csv.DictReader(file)) / 3600


def _work(section):
    """A section of the settings without what decides how fast the work is done, as the processor does."""
    return {name: value for name, value in section.items() if name != "precision"}


def _figures(path):
    figures = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        rows = csv.DictReader(file)
        check_columns(path, rows.fieldnames)
        for row in rows:
            for key in _keys(row):
                figures[key].append(float(row["core_seconds"]))
    return {key: fmean(seconds) for key, seconds in figures.items()}


def _keys(job):
    """What a job is known by, the most telling first: all but its seed, all but its data set too, its rule on its data
    set, its rule."""
    rule, dataset = job["rule"], job["dataset"]
    rest = tuple(job.get(key) or "" for key in ("training_set", "training", "model", "cover", "space", "expert"))
    return (rule, dataset, rest), (rule, None, rest), (rule, dataset), (rule,)


def _look_up(figures, job):
    return next((figures[key] for key in _keys(job) if key in figures), None)
