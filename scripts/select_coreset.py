"""Choose real images of each class and write them as a training set."""

import numpy as np

from finitecover.coresets.selection import select
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_array, load_records, pixels, save_records, training_set


def select_coreset(train_path, scores_path, settings, seed, set_path):
    """Settings: algorithm, ipc. scores_path: of `score_images`, or None where the algorithm needs none."""
    records = load_records(train_path)
    rng = np.random.default_rng([seed, settings["ipc"]])
    scores = None if scores_path is None else load_array(scores_path)
    points, labels = pixels(records["image"]), records["label"]
    chosen = select(settings["algorithm"], points, labels, settings["ipc"], rng, scores)
    log.info("%s: %d images", settings["algorithm"], len(chosen))
    save_records(set_path, training_set(records["image"][chosen], records["label"][chosen], index=chosen))


if __name__ == "__main__":
    with job(snakemake):
        select_coreset(
            train_path=snakemake.input.train,
            scores_path=snakemake.input.get("scores"),
            settings=snakemake.params.settings,
            seed=int(snakemake.wildcards.seed),
            set_path=snakemake.output.train,
        )
