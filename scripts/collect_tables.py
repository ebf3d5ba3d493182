"""Join tables that jobs have written, a row of each with what identifies the job."""

import pandas as pd

from finitecover.arrays import load_csv, save_csv
from finitecover.jobs import job


def collect_tables(paths, runs, table_path):
    """`runs` identifies the jobs, in the order of the paths: dicts of columns."""
    tables = []
    for path, run in zip(paths, runs, strict=True):
        table = load_csv(path)
        tables.append(table.assign(**run)[[*run, *table.columns]])
    save_csv(table_path, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    with job(snakemake):
        collect_tables(
            paths=snakemake.input.tables,
            runs=snakemake.params.runs,
            table_path=snakemake.output.table,
        )
