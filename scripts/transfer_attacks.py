"""Attack every model of a training by the adversarial images of each of the others; a row per pair of models."""

from fractions import Fraction

import torch

from finitecover.data.sampling import draw_examples
from finitecover.jobs.device import torch_device
from finitecover.jobs.files import save_rows
from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records
from finitecover.jobs.tensors import images_and_labels
from finitecover.training.attacks import perturb_all, predict
from finitecover.training.models import load_model


def transfer_attacks(model_paths, test_path, training_sets, training_eps, attack, examples, seed, transfer_path):
    """Training_sets: of the models, in the order of the paths; training_eps: per norm; attack: settings of PGD, which
    never stops early here; examples: how many images."""
    device = torch_device()
    records = load_records(test_path)
    records = records[draw_examples(records["label"], examples)]
    images, labels = images_and_labels(records, device)
    models = {name: load_model(path).to(device) for name, path in zip(training_sets, model_paths, strict=True)}
    shared = {name: attack[name] for name in ("steps", "step_size")}
    table = []
    for norm, eps in training_eps.items():
        radii = torch.full((len(images),), float(Fraction(eps)), device=device)
        for source, attacked in models.items():
            generator = torch.Generator().manual_seed(seed)
            adversarial = perturb_all(attacked, images, labels, radii, norm=norm, generator=generator, **shared)
            for target, judged in models.items():
                accuracy = (predict(judged, adversarial) == labels).double().mean().item()
                row = {"source": source, "target": target, "norm": norm, "eps": eps}
                table.append(row | {"accuracy": accuracy, "n_images": len(labels)})
    save_rows(transfer_path, table)


if __name__ == "__main__":
    with job(snakemake):
        transfer_attacks(
            model_paths=snakemake.input.models,
            test_path=snakemake.input.test,
            training_sets=snakemake.params.training_sets,
            training_eps=snakemake.params.training_eps,
            attack=snakemake.params.attack,
            examples=snakemake.params.examples,
            seed=int(snakemake.wildcards.seed),
            transfer_path=snakemake.output.transfer,
        )
