"""Tables as CSV, read and written with pandas, and tables of many jobs as one."""

from fractions import Fraction

import pandas as pd

from finitecover.jobs.files import atomic_write

# What the config writes or names, whatever it looks like.
TEXT = ("eps", "dataset", "training_set", "method", "training", "model", "cover", "space", "source", "target")
# Whole numbers that may be missing.
WHOLE = ("ipc", "seed", "n_seeds", "n_images", "violations", "images_seen", "gradient_evaluations")
# Numbers of seeds and images in tables kept by older versions, and what they are called now.
_COUNTS = {"n": "n_images", "seeds": "n_seeds"}
_COUNTS_OF_CLAIMS = {"n": "n_seeds", "images": "n_images"}


def save_csv(path, table):
    """Write a pandas table without its index; floats keep all their digits, and what is in `WHOLE` is whole or missing.
    Beside eps, which is text as the config has it, stands eps_value, a number, for readers elsewhere."""
    if "eps" in table:
        table = table.drop(columns="eps_value", errors="ignore")
        table.insert(table.columns.get_loc("eps") + 1, "eps_value", table["eps"].map(_number, na_action="ignore"))
    with atomic_write(path) as partial:
        _whole(table).to_csv(partial, index=False, lineterminator="\n")


def load_csv(path):
    """Read a table; what is in `TEXT` stays text, "8/255" without the number beside it, and what is in `WHOLE` is whole
    or missing. Numbers of seeds and images of an older version get their present names.
    """
    table = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False, na_values=[""])
    counts = _COUNTS_OF_CLAIMS if {"claim", "verdict"} & set(table) else _COUNTS
    return _whole(table.drop(columns="eps_value", errors="ignore").rename(columns=counts))


def _whole(table):
    return table.astype({name: "Int64" for name in WHOLE if name in table})


def _number(eps):
    return float(Fraction(str(eps)))


def join_runs(paths, runs):
    """The tables of jobs, one below the other, behind columns that say which job each row is from.

    runs: dicts of these columns, in the order of the paths.
    """
    tables = []
    for path, run in zip(paths, runs, strict=True):
        table = load_csv(path)
        tables.append(table.assign(**run)[[*run, *table.columns.difference(run, sort=False)]])
    return _whole(pd.concat(tables, ignore_index=True))
