"""Write sets for others: one table of the places of all chosen images, and the centres of free covers."""

import pandas as pd

from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records, pixels, save_arrays
from finitecover.jobs.tables import save_csv
from finitecover.reporting.columns import TABLES


def collect_sets(set_paths, sets, indices_path, centre_paths):
    """sets: dicts of dataset, training_set, seed, in the order of the paths; centre_paths: where the centres of those
    that are no training images go, in that order, too."""
    columns, remaining = list(TABLES["indices"][1]), iter(centre_paths)
    tables = [pd.DataFrame(columns=columns)]
    for path, made in zip(set_paths, sets, strict=True):
        records = load_records(path)
        if (records["index"] < 0).all():
            save_arrays(next(remaining), images=pixels(records["image"]), labels=records["label"])
            continue
        told = {name: made[name] for name in columns if name in made}
        tables.append(pd.DataFrame({**told, "label": records["label"], "index": records["index"]}, columns=columns))
    save_csv(indices_path, pd.concat([table for table in tables if len(table)] or tables))


if __name__ == "__main__":
    with job(snakemake):
        collect_sets(
            set_paths=snakemake.input.sets,
            sets=snakemake.params.sets,
            indices_path=snakemake.output.indices,
            centre_paths=snakemake.output.centres,
        )
