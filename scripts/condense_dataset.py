"""Make synthetic images of each class and write them as a training set, with the history of the loss."""

from pathlib import Path

import numpy as np

from finitecover.condensation.loop import condense
from finitecover.jobs.device import torch_device
from finitecover.jobs.files import load_json, save_json, save_rows
from finitecover.jobs.harness import job
from finitecover.jobs.records import load_array, load_records, save_records, training_set
from finitecover.training.models import load_model


def condense_dataset(
    train_path, summary_path, expert_paths, start_path, teacher_path, settings, model, augmentation, seed, code, outputs
):
    """Settings: algorithm, ipc, and what the algorithm takes. start_path: of the set that the images begin with,
    teacher_path: of the network that the algorithm works with; or None. outputs: paths of train, history, snapshots,
    summary.

    A state beside the set lets a killed job resume.
    """
    device = torch_device()
    records, dataset = load_records(train_path), load_json(summary_path)
    state_path = Path(outputs.train).with_name("state.pt")
    condensed = condense(
        records["image"],
        records["label"],
        settings["ipc"],
        settings=settings,
        model=model,
        dataset=dataset,
        augmentation=augmentation,
        seed=seed,
        device=device,
        experts=[load_array(path) for path in expert_paths],
        start=_by_class(load_records(start_path)) if start_path else None,
        teacher=load_model(teacher_path, dataset).to(device) if teacher_path else None,
        state_path=state_path,
        code=code,
    )
    save_records(outputs.train, training_set(condensed.images, condensed.labels))
    save_rows(outputs.history, condensed.history)
    save_records(outputs.snapshots, condensed.snapshots)
    save_json(outputs.summary, condensed.summary)
    state_path.unlink(missing_ok=True)


def _by_class(records):
    """Images of a training set, class after class."""
    return records["image"][np.argsort(records["label"], kind="stable")]


if __name__ == "__main__":
    with job(snakemake):
        condense_dataset(
            train_path=snakemake.input.train,
            summary_path=snakemake.input.summary,
            expert_paths=snakemake.input.experts,
            start_path=snakemake.input.get("start"),
            teacher_path=snakemake.input.get("teacher"),
            settings=snakemake.params.settings,
            model=snakemake.params.model,
            augmentation=snakemake.params.augmentation,
            seed=int(snakemake.wildcards.seed),
            code=snakemake.params.code,
            outputs=snakemake.output,
        )
