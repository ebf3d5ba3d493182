"""What was published of condensed sets, beside what a study measures: clean accuracies under standard training."""

from pathlib import Path

import pandas as pd

from finitecover.jobs.tables import load_csv
from finitecover.reporting.statistics import percent
from finitecover.study.runs import at_budget

PUBLISHED = Path(__file__).with_name("published.csv")  # of ConvNet-3, in percent, each with its source


def published_table(summary, config):
    """A row per condensed set with a published accuracy: that, ours, and what differs; empty where there is none.

    summary: of `statistics.summarise`; config: of the study. Only data sets in their publishers' files have the test
    images that were published on. Those accuracies are of more iterations, and of wider networks trained for longer.
    """
    kinds = {name: settings["kind"] for name, settings in config["trainings"].items()}
    ours = summary[(summary["attack"] == "clean") & (summary["training"].map(kinds) == "standard")]
    table = load_csv(PUBLISHED)
    rows = [row for cell in ours.itertuples() for row in _rows(cell, table, config)]
    return pd.DataFrame(rows)


def _rows(cell, table, config):
    method, data = config["methods"][cell.method], config["datasets"][cell.dataset]
    if method["family"] != "condensation" or data["source"] != "torchvision":
        return
    same = (table["dataset"] == data["name"]) & (table["method"] == cell.method) & (table["ipc"] == cell.ipc)
    for known in table[same].itertuples():
        iterations, width = at_budget(method, cell.ipc)["iterations"], config["models"][cell.model].get("width")
        yield {
            "dataset": cell.dataset,
            "method": cell.method,
            "ipc": cell.ipc,
            "training": cell.training,
            "model": cell.model,
            "clean %": percent(cell),
            "published %": known.accuracy,
            "iterations": f"{iterations} for {known.iterations}",
            "width": f"{width} for {known.width}",
            "source": known.source,
        }
