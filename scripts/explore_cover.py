"""Project a cover on a plane and gather the images that the report's explorer shows of it."""

from finitecover.arrays import load_arrays, load_records, pixels, save_json
from finitecover.explorer import PAGE, SHOWN, explore
from finitecover.jobs import job
from finitecover.verification import asked_for


def explore_cover(train_path, cover_path, settings, covers, dataset, subset, explorer_path):
    """Settings: norm, label_wise, and ipc or radius; covers: how many the page shows."""
    records = load_records(train_path)
    groups, _ = asked_for(records["label"], settings)
    shown = explore(pixels(records["image"]), groups, load_arrays(cover_path), min(SHOWN, PAGE // covers))
    named = {"dataset": dataset, "subset": subset, "norm": settings["norm"], "label_wise": settings["label_wise"]}
    save_json(explorer_path, named | shown)


if __name__ == "__main__":
    with job(snakemake):
        explore_cover(
            train_path=snakemake.input.train,
            cover_path=snakemake.input.cover,
            settings=snakemake.params.settings,
            covers=snakemake.params.covers,
            dataset=snakemake.wildcards.dataset,
            subset=snakemake.wildcards.subset,
            explorer_path=snakemake.output.explorer,
        )
