"""Project a cover on a plane and gather the images that the report's explorer shows of it."""

from finitecover.covers.groups import asked_for
from finitecover.jobs.files import save_json
from finitecover.jobs.harness import job
from finitecover.jobs.records import load_arrays, load_records, pixels
from finitecover.reporting.explorer import PAGE, SHOWN, explore


def explore_cover(train_path, set_path, cover_path, settings, covers, dataset, training_set, explorer_path):
    """Settings: norm, label_wise, and ipc or radius; covers: how many the page shows."""
    records, centres = load_records(train_path), load_records(set_path)
    groups, _ = asked_for(records["label"], settings)
    centre_groups, _ = asked_for(centres["label"], settings)
    chosen = centres["index"], pixels(centres["image"]), centre_groups
    shown = explore(pixels(records["image"]), groups, load_arrays(cover_path), chosen, min(SHOWN, PAGE // covers))
    named = {"dataset": dataset, "training_set": training_set}
    named |= {"norm": settings["norm"], "label_wise": settings["label_wise"]}
    save_json(explorer_path, named | shown)


if __name__ == "__main__":
    with job(snakemake):
        explore_cover(
            train_path=snakemake.input.train,
            set_path=snakemake.input.chosen,
            cover_path=snakemake.input.cover,
            settings=snakemake.params.settings,
            covers=snakemake.params.covers,
            dataset=snakemake.wildcards.dataset,
            training_set=snakemake.wildcards.training_set,
            explorer_path=snakemake.output.explorer,
        )
