"""Choose real images of each class and write them as a training set."""

import numpy as np

from finitecover.coresets.selection import select
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, pixels, save_records, training_set


def select_coreset(train_path, settings, seed, set_path):
    """Settings: algorithm, ipc."""
    records = load_records(train_path)
    rng = np.random.default_rng([seed, settings["ipc"]])
    chosen = select(settings["algorithm"], pixels(records["image"]), records["label"], settings["ipc"], rng)
    log.info("%s: %d images", settings["algorithm"], len(chosen))
    save_records(set_path, training_set(records["image"][chosen], records["label"][chosen], index=chosen))


if __name__ == "__main__":
    with job(snakemake):
        select_coreset(
            train_path=snakemake.input.train,
            settings=snakemake.params.settings,
            seed=int(snakemake.wildcards.seed),
            set_path=snakemake.output.train,
        )
