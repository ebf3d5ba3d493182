"""Train one model on one training set and write its weights and history."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from finitecover.data.sampling import draw_examples
from finitecover.jobs.checkpoint import Checkpoint
from finitecover.jobs.device import automatic_precision, torch_device
from finitecover.jobs.files import load_json, save_json, save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, radius_field, soft_labels_of
from finitecover.jobs.tensors import images_and_labels, save_tensors
from finitecover.training.labels import check_soft_labels
from finitecover.training.loop import train
from finitecover.training.models import build_model


def train_model(train_path, summary_path, training, model, snapshots, seed, code, outputs):
    """Training: of `settings.training_settings`; snapshots: how many states to keep; outputs: paths of model, history,
    snapshots, cost.

    A state beside the model lets a killed job resume.
    """
    device = torch_device()
    records, dataset = load_records(train_path), load_json(summary_path)
    training = training | {"optimisation": _with_precision(training["optimisation"], model["width"], device)}
    network = build_model(model, dataset, seed).to(device)
    state_path = Path(outputs.model).with_name("state.pt")
    read = sha256(Path(train_path).read_bytes()).hexdigest()
    data, validation = _split(records, _tensors(records, training, dataset["classes"]), training, seed)
    trained = train(
        network,
        **data,
        optimisation=training["optimisation"],
        objective=training["objective"],
        adversary=training["adversary"],
        sampled=training["weights"] == "sampling",
        augmentation=training["augmentation"],
        noise=training["noise"],
        seed=seed,
        validation=validation,
        snapshots=snapshots,
        checkpoint=Checkpoint(state_path, [read, dataset, training, model, snapshots, seed, str(device), code]),
    )
    described = {"model": dict(model), "dataset": dataset}
    save_tensors(outputs.model, described | {"state": network.cpu().state_dict()})
    save_tensors(outputs.snapshots, described | {"snapshots": trained.snapshots})
    save_rows(outputs.history, trained.history)
    save_json(outputs.cost, trained.cost)
    state_path.unlink(missing_ok=True)


def _with_precision(optimisation, width, device):
    """Settings of the optimisation with a precision that is one."""
    if optimisation["precision"] != "auto":
        return optimisation
    precision = automatic_precision(device, width)
    log.info("precision: auto, which is %s for width %d here", precision, width)
    return {**optimisation, "precision": precision}


def _tensors(records, training, classes):
    """Images, labels, weights, radii (float64), and targets where a teacher gave labels. Only kinds of training that
    covers are for use the set's weights or radii."""
    adversary = training["adversary"]
    weights, radii = np.ones(len(records)), np.full(len(records), adversary["eps"] if adversary else 0.0)
    if training["weights"]:
        weights = np.array(records["weight"])
    if training["enlarged"]:
        radii = radii + records[radius_field(adversary["norm"])]
        log.info("eps + r_c from %.3g to %.3g", radii.min(), radii.max())
    images, labels = images_and_labels(records)
    found = {"images": images, "labels": labels}
    found |= {"weights": torch.tensor(weights, dtype=torch.float32), "radii": torch.from_numpy(radii)}
    if (soft := soft_labels_of(records)) is not None:
        check_soft_labels(soft, (len(records), classes))
        found["targets"] = torch.from_numpy(soft)
    return found


def _split(records, data, training, seed):
    """The data to train on, and images, labels and a radius held out for validation, or None."""
    share, adversary = training["optimisation"]["validation"], training["adversary"]
    if not share:
        return data, None
    held_out = draw_examples(records["label"], round(share * len(records)), seed)
    if not 0 < len(held_out) < len(records):
        raise ValueError(
            f"optimisation.validation: {share} of {len(records)} images leaves nothing; choose another share"
        )
    kept = np.setdiff1d(np.arange(len(records)), held_out)
    validation = (data["images"][held_out], data["labels"][held_out], adversary["eps"] if adversary else 0.0)
    return {name: column[kept] for name, column in data.items()}, validation


if __name__ == "__main__":
    with job(snakemake):
        train_model(
            train_path=snakemake.input.train,
            summary_path=snakemake.input.summary,
            training=snakemake.params.training,
            model=snakemake.params.model,
            snapshots=snakemake.params.snapshots,
            seed=int(snakemake.wildcards.seed),
            code=snakemake.params.code,
            outputs=snakemake.output,
        )
