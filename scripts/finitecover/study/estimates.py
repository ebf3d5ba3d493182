"""Core-hours that a study will take, from what the same jobs took in kept reference runs. Needs no NumPy: Snakemake's
own environment may lack it."""

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from finitecover.study import work
from finitecover.study.settings import ConfigurationError

# Sections of the settings that decide how much work a job is: maps with names that a study uses some of, whole ones.
NAMED = ("methods", "trainings", "models")
WHOLE = ("experts", "optimisation", "evaluation", "certificates", "frontier")


START = 3  # core-seconds that a job with networks takes before it works: Python, PyTorch, its files


class Estimate(NamedTuple):
    """Core-seconds of each job, None for one that no figures speak for, on the machine of the kept run that they are
    from, scaled by `work` where its settings are others; whether that run had the same settings; seconds of its
    benchmark (`jobs.speed`), which is one of processors: None where it kept none or ran on a GPU."""

    seconds: list
    run: Path
    same: bool
    benchmark: float | None

    def hours(self, scale=1.0):
        """Core-hours of the jobs together, `scale` times what they took there."""
        return scale * sum(filter(None, self.seconds)) / 3600


def estimate(jobs, config, kept, gpu=False):
    """The `Estimate` of jobs; None where there is nothing to estimate from.

    jobs: dicts of rule and what identifies the job, as in a table of costs. config: of the study. kept: folder of
    reference runs, each a folder with costs.csv, settings.json and environment.json; one on a GPU is preferred where
    there is one (gpu), one without where there is none, then one with the settings of the study, then one with its
    networks, then the one whose jobs are most like them. A job counts as much as the same job of another seed did on
    average, else as the same on another data set, else as its rule on its data set, else as its rule; with other
    settings, by the work of both.
    """
    runs = []
    for path in sorted(Path(kept).glob("*/settings.json")):
        settings = json.loads(path.read_text(encoding="utf-8"))
        same = all(_work(settings[key]) == _work(config[key]) for key in WHOLE) and all(
            _own(settings[key].get(name)) == _own(config[key][name]) for key in NAMED for name in config["run"][key]
        )
        rows = _rows(path.with_name("costs.csv"))
        known = {key for row in rows for key in _keys(row)}
        alike = [sum(key in known for key in keys) for keys in zip(*map(_keys, jobs), strict=True)]
        networks = all(
            name in settings["run"]["models"] and settings["models"][name] == config["models"][name]
            for name in config["run"]["models"]
        )
        runs.append((bool(_gpu(path.parent)) == gpu, same, networks, alike, path.parent, rows, settings))
    if not runs:
        return None
    _, same, _, _, run, rows, settings = max(runs, key=lambda run: run[:4])
    figures = _figures(rows, None if same else settings)
    seconds = [_look_up(figures, job, None if same else _work_of(job, config)) for job in jobs]
    benchmark = None if _gpu(run) else _environment(run).get("benchmark_seconds")
    return Estimate(seconds, run, same, benchmark)


def told(found, scale=None):
    """One line on an `Estimate`: core-hours, for which jobs, from which run. scale: how much longer the same work takes
    this machine, None where that is not known."""
    like = "the same settings" if found.same else "different settings, by the work of both"
    if scale:
        scaled = f"scaled by {scale:.2f}, as a benchmark of both machines says"
    elif _gpu(found.run):
        scaled = "a core with a GPU; GPUs differ, and this is not scaled to yours"
    elif found.benchmark is None:
        scaled = "unscaled: no benchmark was kept of that machine"
    else:
        scaled = "unscaled: no NumPy here to measure with"
    known = sum(seconds is not None for seconds in found.seconds)
    return (
        f"Estimate: {amount(found.hours(scale or 1))} for {known} of {len(found.seconds)} jobs that cost time, from "
        f"docs/results/{found.run.name} ({machine_of(found.run)}), with {like}; {scaled}."
    )


def by_rule(found, jobs, scale=1.0):
    """{rule: (core-hours, number of jobs)} of those that something is known of, the dearest first."""
    hours, counts = defaultdict(float), Counter()
    for job, seconds in zip(jobs, found.seconds, strict=True):
        if seconds is not None:
            hours[job["rule"]] += scale * seconds / 3600
            counts[job["rule"]] += 1
    return {rule: (hours[rule], counts[rule]) for rule in sorted(hours, key=lambda rule: -hours[rule])}


def told_by_rule(found, jobs, scale=None):
    """One line on `by_rule`, rules of less than a hundredth left out; None where nothing is known of any."""
    rules = by_rule(found, jobs, scale or 1)
    least = sum(hours for hours, _ in rules.values()) / 100
    told = ", ".join(f"{rule} {amount(hours)} for {count:,}" for rule, (hours, count) in rules.items() if hours > least)
    return f"By rule: {told}." if told else None


def amount(hours):
    """Core-hours in words, in minutes where they are few."""
    minutes = 60 * hours
    if minutes >= 120:
        return f"{hours:.1f} core-hours" if hours < 100 else f"{hours:,.0f} core-hours"
    return f"{minutes:.0f} core-minutes" if minutes >= 10 else f"{minutes:.1f} core-minutes"


def machine_of(run):
    """The GPU that a kept run was made on, else the processor."""
    return _gpu(run) or _environment(run)["processor"]


def _gpu(run):
    """The GPU that a kept run was made on, None for one without."""
    device = _environment(run).get("device", "cpu")
    return None if device == "cpu" else device


def _environment(run):
    return json.loads((Path(run) / "environment.json").read_text(encoding="utf-8"))


def core_hours(costs_path):
    """Core-hours of a table of costs, over all jobs."""
    with Path(costs_path).open(encoding="utf-8") as file:
        return sum(float(row["core_seconds"]) for row in csv.DictReader(file)) / 3600


def _own(entry):
    """Settings of a method, training or network, without the methods that a training is for."""
    return entry and {key: value for key, value in entry.items() if key != "methods"}


def _work(section):
    """A section of the settings without what decides how fast the work is done, as the processor does."""
    return {name: value for name, value in section.items() if name != "precision"}


def _rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _figures(rows, settings):
    """{what jobs are known by: (core-seconds on average, those per unit of work)}; settings: of the run, None where
    those of the study are the same, or where the work of a rule is not known: then there is no second number."""
    figures = defaultdict(list)
    for row in rows:
        told = float(row["core_seconds"]), None if settings is None else _work_of(row, settings)
        for key in _keys(row):
            figures[key].append(told)
    return {key: _rate(told) for key, told in figures.items()}


def _rate(told):
    seconds, works = zip(*told, strict=True)
    if None in works or not sum(works):
        return fmean(seconds), None
    return fmean(seconds), sum(max(0, own - START) for own in seconds) / sum(works)


def _work_of(job, config):
    try:
        return work.of_job(job, config)
    except (KeyError, TypeError, ConfigurationError):  # settings of an older version
        return None


def _keys(job):
    """What a job is known by, the most telling first: all but its seed, all but its data set too, its rule on its data
    set, its rule."""
    rule, dataset = job["rule"], job["dataset"]
    rest = tuple(job.get(key) or "" for key in ("training_set", "training", "model", "cover", "space", "expert"))
    return (rule, dataset, rest), (rule, None, rest), (rule, dataset), (rule,)


def _look_up(figures, job, own):
    """Core-seconds of a job whose work is `own`."""
    seconds, rate = next((figures[key] for key in _keys(job) if key in figures), (None, None))
    return seconds if rate is None or own is None else START + rate * own
