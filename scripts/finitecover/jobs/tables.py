"""Tables as CSV, read and written with pandas, and tables of many jobs as one."""

import pandas as pd

from finitecover.jobs.files import atomic_write
from finitecover.study.renamed import check_columns


def save_csv(path, table):
    """Write a pandas table without its index; floats keep all their digits."""
    with atomic_write(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def load_csv(path):
    """Read a table; `eps` stays the text of the config, "8/255", and `ipc` and `seed` are whole or missing.

    Raises `ValueError` for a table of an older version, whose columns had other names.
    """
    table = pd.read_csv(
        path, dtype={"eps": str, "ipc": "Int64", "seed": "Int64"}, keep_default_na=False, na_values=[""]
    )
    check_columns(path, table.columns)
    return table


def join_runs(paths, runs):
    """The tables of jobs, one below the other, behind columns that say which job each row is from.

    runs: dicts of these columns, in the order of the paths.
    """
    tables = []
    for path, run in zip(paths, runs, strict=True):
        table = load_csv(path)
        tables.append(table.assign(**run)[[*run, *table.columns.difference(run, sort=False)]])
    joined = pd.concat(tables, ignore_index=True)
    return joined.astype({"ipc": "Int64"}) if "ipc" in joined else joined
