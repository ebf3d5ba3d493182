"""What a run says at its end of the study that it made. Needs neither NumPy nor pandas: Snakemake's own environment may
lack them."""

import csv
from collections import Counter
from pathlib import Path

from finitecover.study import estimates, paths


def told(files, estimated=None):
    """Lines on those of `files`, a study's outputs, that say what came of it: claims, gates, core-hours, report.

    estimated: core-hours that all jobs of the study were estimated at, None where there was nothing to estimate from.
    """
    lines = {
        paths.CLAIMS: claims,
        paths.table("gates"): gates,
        paths.table("costs"): lambda path: costs(path, estimated),
        paths.REPORT: lambda path: f"Report: {Path(path).resolve()}",
    }
    return [line(path) for path, line in lines.items() if path in files and Path(path).is_file()]


def claims(path):
    """How many claims were tested, and the verdicts on their comparisons, the most frequent first."""
    rows = _rows(path)
    compared = [row for row in rows if row["dataset"]]  # a claim that the study cannot test has a row without any
    verdicts = Counter(row["verdict"] for row in compared).most_common()
    said = ", ".join(counted(verdict, count) for verdict, count in verdicts) or "none"
    tested, all_claims = ({row["claim"] for row in part} for part in (compared, rows))
    return f"Claims: {len(tested)} of {len(all_claims)} tested; comparisons: {said}."


def counted(verdict, count):
    """ "1 holds", "2 hold", "3 inconclusive"."""
    return f"{count} {verdict if count == 1 else {'holds': 'hold', 'fails': 'fail'}.get(verdict, verdict)}"


def gates(path):
    """How many sanity checks of evaluations failed, of how many."""
    rows = _rows(path)
    return f"Sanity checks: {sum(row['passed'] != 'True' for row in rows)} of {len(rows):,} failed."


def costs(path, estimated=None):
    """Core-hours of all jobs, and the estimate beside."""
    beside = f"{estimates.amount(estimated)} estimated" if estimated is not None else "no estimate"
    return f"Cost: {estimates.amount(estimates.core_hours(path))} measured, {beside}."


def _rows(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
