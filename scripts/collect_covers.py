"""Join the class tables of every cover into one."""

from pathlib import Path

import pandas as pd

from finitecover.arrays import save_csv
from finitecover.jobs import logged


def collect_covers(class_paths, covers_path):
    """A class table lies at results/<dataset>/covers/<subset>/classes.csv; no covers, an empty table."""
    tables = [pd.DataFrame(columns=["dataset", "subset"])]
    for path in map(Path, class_paths):
        _, dataset, _, subset, _ = path.parts
        table = pd.read_csv(path)
        table.insert(0, "dataset", dataset)
        table.insert(1, "subset", subset)
        tables.append(table)
    save_csv(covers_path, pd.concat(tables[1:] or tables, ignore_index=True))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        collect_covers(class_paths=snakemake.input.classes, covers_path=snakemake.output.covers)
