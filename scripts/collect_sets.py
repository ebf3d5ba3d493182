"""Write sets for others: one table of the places of all chosen images, and the centres of free covers."""

from pathlib import Path

import pandas as pd

from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records, pixels, save_arrays
from finitecover.jobs.tables import save_csv

COLUMNS = ["dataset", "training_set", "seed", "label", "index"]


def collect_sets(set_paths, sets, indices_path, centre_paths):
    """sets: dicts of dataset, training_set, seed, in the order of the paths; centre_paths: where the centres of those
    without places go, named after data set and training set."""
    places = {(Path(path).parent.name, Path(path).stem): path for path in centre_paths}
    tables = [pd.DataFrame(columns=COLUMNS)]
    for path, made in zip(set_paths, sets, strict=True):
        records = load_records(path)
        if free := places.get((made["dataset"], made["training_set"])):
            save_arrays(free, images=pixels(records["image"]), labels=records["label"])
            continue
        named = {name: made[name] for name in COLUMNS[:3]}
        tables.append(pd.DataFrame({**named, "label": records["label"], "index": records["index"]}, columns=COLUMNS))
    save_csv(indices_path, pd.concat([table for table in tables if len(table)] or tables))


if __name__ == "__main__":
    with job(snakemake):
        collect_sets(
            set_paths=snakemake.input.sets,
            sets=snakemake.params.sets,
            indices_path=snakemake.output.indices,
            centre_paths=snakemake.output.centres,
        )
