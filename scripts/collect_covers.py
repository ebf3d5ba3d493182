"""Join the class tables of every cover, and what was measured when it was verified, into one."""

import pandas as pd

from finitecover.jobs.harness import job
from finitecover.jobs.tables import join_runs, save_csv


def collect_covers(class_paths, verified_paths, covers, covers_path):
    """`covers` identifies the covers, in the order of the paths: dicts of dataset, training_set; none, an empty table.

    gap: relative, between the size or radius and its lower bound; 0 at radius 0, missing where nothing was proved.
    verified: whether the verifier measured what the class table says; its job fails where anything else does not hold.
    """
    if not covers:
        save_csv(covers_path, pd.DataFrame(columns=["dataset", "training_set"]))
        return
    table = join_runs(class_paths, covers)
    reached = table["radius"].where(table["bounds"] == "radius", table["size"])
    gap = (reached / table["lower_bound"].where(table["lower_bound"] > 0) - 1).mask(reached == 0, 0.0)
    table.insert(table.columns.get_loc("status"), "gap", gap)
    measured, same = join_runs(verified_paths, covers), ["label", "points", "size", "radius"]
    table["verified"] = (table[same] == measured[same]).all(axis=1)
    save_csv(covers_path, table)


if __name__ == "__main__":
    with job(snakemake):
        collect_covers(
            class_paths=snakemake.input.classes,
            verified_paths=snakemake.input.verified,
            covers=snakemake.params.covers,
            covers_path=snakemake.output.covers,
        )
