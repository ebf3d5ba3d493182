"""Train one model on one training set and write its weights and history."""

import io
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from finitecover.arrays import RADIUS_FIELD, load_json, load_records, pixels, save_bytes, save_csv, save_json
from finitecover.checkpoint import Checkpoint
from finitecover.coresets import draw_examples
from finitecover.jobs import fastest_precision, job, log, torch_device
from finitecover.models import build_model
from finitecover.training import train


def train_model(
    train_path,
    summary_path,
    training,
    model,
    snapshots,
    seed,
    code,
    model_path,
    history_path,
    snapshots_path,
    cost_path,
):
    """Training: enlarged, weights, adversary, augmentation, noise, optimisation; snapshots: how many states to keep.

    Only generalised trainings and their parts use the radii or weights of a training set. A state beside the model lets
    a killed job go on.
    """
    device = torch_device()
    records, dataset = load_records(train_path), load_json(summary_path)
    if training["optimisation"]["precision"] == "auto":
        precision = fastest_precision(device)
        log.info("precision: auto, which is %s here", precision)
        training = {**training, "optimisation": {**training["optimisation"], "precision": precision}}
    adversary = training["adversary"]
    weights, radii = np.ones(len(records)), np.full(len(records), adversary["eps"] if adversary else 0.0)
    if training["weights"]:
        weights = np.array(records["weight"])
    if training["enlarged"]:
        radii = radii + records[RADIUS_FIELD[adversary["norm"]]]
        log.info("eps + r_c from %.3g to %.3g", radii.min(), radii.max())
    network = build_model(model, dataset, seed).to(device)
    state_path = Path(model_path).with_name("state.pt")
    read = sha256(Path(train_path).read_bytes()).hexdigest()
    checkpoint = Checkpoint(state_path, [read, dataset, training, model, snapshots, seed, str(device), code])
    data = [
        torch.from_numpy(pixels(records["image"])),
        torch.from_numpy(np.array(records["label"])),
        torch.tensor(weights, dtype=torch.float32),
        torch.tensor(radii, dtype=torch.float32),
    ]
    validation = None
    if share := training["optimisation"]["validation"]:
        held_out = draw_examples(records["label"], round(share * len(records)), seed)
        if not 0 < len(held_out) < len(records):
            raise ValueError(
                f"optimisation.validation: {share} of {len(records)} images leaves nothing; choose another share"
            )
        kept = np.setdiff1d(np.arange(len(records)), held_out)
        validation = (data[0][held_out], data[1][held_out], adversary["eps"] if adversary else 0.0)
        data = [column[kept] for column in data]
    trained = train(
        network,
        *data,
        optimisation=training["optimisation"],
        adversary=adversary,
        sampled=training["weights"] == "sampling",
        augmentation=training["augmentation"],
        noise=training["noise"],
        seed=seed,
        validation=validation,
        snapshots=snapshots,
        checkpoint=checkpoint,
    )
    described = {"model": dict(model), "dataset": dataset}
    _save(model_path, described | {"state": network.cpu().state_dict()})
    _save(snapshots_path, described | {"snapshots": trained.snapshots})
    save_csv(history_path, trained.history)
    save_json(cost_path, trained.cost)
    state_path.unlink(missing_ok=True)


def _save(path, content):
    buffer = io.BytesIO()  # a file's name would become part of what is saved
    torch.save(content, buffer)
    save_bytes(path, buffer.getvalue())


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
            model_path=snakemake.output.model,
            history_path=snakemake.output.history,
            snapshots_path=snakemake.output.snapshots,
            cost_path=snakemake.output.cost,
        )
