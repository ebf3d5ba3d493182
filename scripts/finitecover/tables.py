"""Tables of many jobs as one."""

import pandas as pd

from finitecover.arrays import load_csv
from finitecover.configuration import split_subset


def join_runs(paths, runs):
    """The tables of models, one below the other, with what identifies each: columns of `runs`, method and ipc.

    `runs`: dicts of `configuration.runs`, in the order of the paths.
    """
    tables = []
    for path, run in zip(paths, runs, strict=True):
        method, ipc = split_subset(run["subset"])
        tables.append(load_csv(path).assign(**run, method=method, ipc=ipc))
    return pd.concat(tables, ignore_index=True).astype({"ipc": "Int64"})
