"""Train one model on one training set and write its weights and history."""

import io
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from finitecover.arrays import RADIUS_FIELD, load_json, load_records, pixels, save_bytes, save_csv
from finitecover.checkpoint import Checkpoint
from finitecover.jobs import log, logged, torch_device
from finitecover.models import build_model
from finitecover.training import train


def train_model(train_path, summary_path, training, model, seed, code, model_path, history_path):
    """Training: kind, adversary, augmentation, optimisation.

    Only kind generalised uses the radii and weights of a training set. A state beside the model lets a killed job go
    on.
    """
    device = torch_device()
    records, dataset = load_records(train_path), load_json(summary_path)
    adversary = training["adversary"]
    weights, radii = np.ones(len(records)), np.full(len(records), adversary["eps"] if adversary else 0.0)
    if training["kind"] == "generalised":
        weights = np.array(records["weight"])
        radii = radii + records[RADIUS_FIELD[adversary["norm"]]]
        log.info("eps + r_c from %.3g to %.3g", radii.min(), radii.max())
    network = build_model(model, dataset, seed).to(device)
    state_path = Path(model_path).with_name("state.pt")
    read = sha256(Path(train_path).read_bytes()).hexdigest()
    checkpoint = Checkpoint(state_path, [read, dataset, training, model, seed, str(device), code])
    history = train(
        network,
        torch.from_numpy(pixels(records["image"])),
        torch.from_numpy(np.array(records["label"])),
        torch.tensor(weights, dtype=torch.float32),
        torch.tensor(radii, dtype=torch.float32),
        optimisation=training["optimisation"],
        adversary=adversary,
        augmentation=training["augmentation"],
        seed=seed,
        checkpoint=checkpoint,
    )
    buffer = io.BytesIO()  # a file's name would become part of what is saved
    torch.save({"model": dict(model), "dataset": dataset, "state": network.cpu().state_dict()}, buffer)
    save_bytes(model_path, buffer.getvalue())
    save_csv(history_path, history)
    state_path.unlink(missing_ok=True)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        train_model(
            train_path=snakemake.input.train,
            summary_path=snakemake.input.summary,
            training=snakemake.params.training,
            model=snakemake.params.model,
            seed=int(snakemake.wildcards.seed),
            code=snakemake.params.code,
            model_path=snakemake.output.model,
            history_path=snakemake.output.history,
        )
