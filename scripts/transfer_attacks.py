"""Attack every model of a training by the adversarial images of each of the others; a row per pair of models."""

from contextlib import nullcontext
from fractions import Fraction
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from finitecover.arrays import load_records, pixels, save_csv
from finitecover.attacks import perturb, predict
from finitecover.coresets import draw_examples
from finitecover.jobs import job, torch_device
from finitecover.models import load_model


def transfer_attacks(model_paths, test_path, subsets, sizes, attack, examples, seed, transfer_path):
    """Sizes: eps per norm; attack: settings of the descent, which never stops early here; examples: how many images."""
    device = torch_device()
    records = load_records(test_path)
    records = records[draw_examples(records["label"], examples)]
    images = torch.from_numpy(pixels(records["image"])).to(device)
    labels = torch.from_numpy(np.array(records["label"])).to(device)
    models = {subset: load_model(path).to(device) for subset, path in zip(subsets, model_paths, strict=True)}
    error = partial(F.cross_entropy, target=labels, reduction="sum")
    table = []
    for norm, eps in sizes.items():
        for source, attacked in models.items():
            adversarial = perturb(
                attacked,
                images,
                error,
                torch.full((len(images),), float(Fraction(eps)), device=device),
                norm=norm,
                steps=attack["steps"],
                step_size=attack["step_size"],
                generator=torch.Generator().manual_seed(seed),
                autocast=nullcontext,
            )
            for target, judged in models.items():
                accuracy = (predict(judged, adversarial) == labels).double().mean().item()
                row = {"source": source, "target": target, "norm": norm, "eps": eps}
                table.append(row | {"accuracy": accuracy, "n": len(labels)})
    save_csv(transfer_path, table)


if __name__ == "__main__":
    with job(snakemake):
        transfer_attacks(
            model_paths=snakemake.input.models,
            test_path=snakemake.input.test,
            subsets=snakemake.params.subsets,
            sizes=snakemake.params.sizes,
            attack=snakemake.params.attack,
            examples=snakemake.params.examples,
            seed=int(snakemake.wildcards.seed),
            transfer_path=snakemake.output.transfer,
        )
