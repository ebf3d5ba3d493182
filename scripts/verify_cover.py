"""Read a stored cover and its prices and check, with the verifier's code alone, that they prove what is claimed."""

import numpy as np
import pandas as pd

from finitecover.arrays import load_arrays, load_records, pixels, save_csv
from finitecover.jobs import job
from finitecover.verification import CoverError, asked_for, verify_claims


def verify_cover(train_path, set_path, cover_path, classes_path, settings, verified_path):
    """Settings: norm, label_wise, ipc or radius, uncovered, as asked for; nothing of the solver's is trusted."""
    records, chosen = load_records(train_path), load_records(set_path)
    points, labels = pixels(records["image"]), records["label"]
    groups, budget = asked_for(labels, settings)
    cover = load_arrays(cover_path)
    if not np.array_equal(records[["image", "label"]][cover["indices"]], chosen[["image", "label"]]):
        raise CoverError("the training set holds other images than the cover's centres")
    claims = pd.read_csv(classes_path).set_index("label")["certified_bound"].to_dict()
    asked = (settings["norm"], budget, settings.get("radius"), settings.get("uncovered", 0.0))
    rows = verify_claims(points, groups, cover, claims, *asked)
    save_csv(verified_path, pd.DataFrame(rows))


if __name__ == "__main__":
    with job(snakemake):
        verify_cover(
            train_path=snakemake.input.train,
            set_path=snakemake.input.chosen,
            cover_path=snakemake.input.cover,
            classes_path=snakemake.input.classes,
            settings=snakemake.params.settings,
            verified_path=snakemake.output.verified,
        )
