"""Join the class tables of every cover, and what was measured when it was verified, into one."""

from pathlib import Path

import pandas as pd

from finitecover.arrays import save_csv
from finitecover.jobs import job


def collect_covers(class_paths, verified_paths, covers_path):
    """A class table lies at results/<dataset>/covers/<subset>/classes.csv; no covers, an empty table.

    gap: relative, between the size or radius and its lower bound; 0 at radius 0, missing where nothing was proved.
    verified: whether the verifier measured what the class table says; its job fails where anything else does not hold.
    """
    tables = [pd.DataFrame(columns=["dataset", "subset"])]
    for path, verified in zip(map(Path, class_paths), verified_paths, strict=True):
        _, dataset, _, subset, _ = path.parts
        table, measured = pd.read_csv(path), pd.read_csv(verified)
        reached = table["radius"].where(table["bounds"] == "radius", table["size"])
        gap = (reached / table["lower_bound"].where(table["lower_bound"] > 0) - 1).mask(reached == 0, 0.0)
        table.insert(table.columns.get_loc("status"), "gap", gap)
        same = ["label", "points", "size", "radius"]
        table["verified"] = (table[same] == measured[same]).all(axis=1)
        table.insert(0, "dataset", dataset)
        table.insert(1, "subset", subset)
        tables.append(table)
    save_csv(covers_path, pd.concat(tables[1:] or tables, ignore_index=True))


if __name__ == "__main__":
    with job(snakemake):
        collect_covers(
            class_paths=snakemake.input.classes,
            verified_paths=snakemake.input.verified,
            covers_path=snakemake.output.covers,
        )
