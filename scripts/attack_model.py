"""Attack one model; write a row per test image and attack, the accuracies, the gates, and a few adversarial images."""

from fractions import Fraction

import numpy as np

from finitecover.data.sampling import draw_examples
from finitecover.evaluation.gates import standard_broken
from finitecover.evaluation.rows import accuracies, evaluate
from finitecover.guarded import seeded
from finitecover.jobs.device import torch_device
from finitecover.jobs.files import save_json, save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, save_parquet, save_records
from finitecover.jobs.tensors import images_and_labels
from finitecover.training.models import load_model
from finitecover.training.passes import Passes


def attack_model(
    model_path,
    test_path,
    threat,
    examples,
    attacks,
    library,
    kind,
    seed,
    examples_path,
    accuracies_path,
    gates_path,
    pictures_path,
    cost_path,
):
    """Threat: sizes per norm; examples: how many images to attack; attacks: the weakest first; library: on which images
    and at which sizes library attacks run; kind: of training."""
    device = torch_device()
    network = load_model(model_path).to(device)
    passes = Passes(network)
    records = load_records(test_path)
    chosen = draw_examples(records["label"], examples)
    images, labels = images_and_labels(records, device)
    asked = {"threat": threat, "attacks": attacks, "library": library}
    with seeded(seed, device):  # your own networks may draw from global generators
        rows, gates, shown = evaluate(network, images, labels, chosen, **asked, seed=seed)
    columns = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    table = accuracies(rows)
    if kind == "standard":
        gates += [_standard(table, norm, max(sizes, key=Fraction)) for norm, sizes in threat.items()]
    for row in table:
        log.info("%(attack)s %(norm)s %(eps)s: %(accuracy).4f of %(n_images)d", row)
    for gate in gates:
        if not gate["passed"]:
            log.warning("gate failed: %(gate)s: %(value)g, expected %(expected)s", gate)
    save_parquet(examples_path, columns)
    save_rows(accuracies_path, table)
    save_rows(gates_path, gates)
    save_records(pictures_path, np.concatenate(shown))
    save_json(cost_path, passes.counts())


def _standard(table, norm, eps):
    (row,) = (row for row in table if (row["attack"], row["norm"], row["eps"]) == ("worst", norm, eps))
    return standard_broken(row["accuracy"], norm, eps)


if __name__ == "__main__":
    with job(snakemake):
        attack_model(
            model_path=snakemake.input.model,
            test_path=snakemake.input.test,
            threat=snakemake.params.threat,
            examples=snakemake.params.examples,
            attacks=snakemake.params.attacks,
            library=snakemake.params.library,
            kind=snakemake.params.kind,
            seed=int(snakemake.wildcards.seed),
            examples_path=snakemake.output.examples,
            accuracies_path=snakemake.output.accuracies,
            gates_path=snakemake.output.gates,
            pictures_path=snakemake.output.pictures,
            cost_path=snakemake.output.cost,
        )
