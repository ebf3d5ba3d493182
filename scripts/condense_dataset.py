"""Make synthetic images of each class and write them as a training set, with the history of the loss."""

from finitecover.arrays import load_json, load_records, pixels, save_csv, save_json, save_records, training_set
from finitecover.condensation import CONDENSATIONS
from finitecover.jobs import log, logged, torch_device


def condense_dataset(
    train_path, summary_path, settings, model, augmentation, seed, set_path, history_path, clamping_path
):
    """Settings: algorithm, ipc, and what the algorithm takes."""
    device = torch_device()
    records = load_records(train_path)
    images, labels, history, clamping = CONDENSATIONS[settings["algorithm"]](
        pixels(records["image"]),
        records["label"],
        settings["ipc"],
        settings=settings,
        model=model,
        dataset=load_json(summary_path),
        augmentation=augmentation,
        seed=seed,
        device=device,
    )
    log.info("clamped to [0, 1]: %.2f %% of the pixels, by %.3g on average", 100 * clamping["share"], clamping["mean"])
    save_records(set_path, training_set(images, labels))
    save_csv(history_path, history)
    save_json(clamping_path, clamping)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        condense_dataset(
            train_path=snakemake.input.train,
            summary_path=snakemake.input.summary,
            settings=snakemake.params.settings,
            model=snakemake.params.model,
            augmentation=snakemake.params.augmentation,
            seed=int(snakemake.wildcards.seed),
            set_path=snakemake.output.train,
            history_path=snakemake.output.history,
            clamping_path=snakemake.output.clamping,
        )
