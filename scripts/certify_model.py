"""Certify a model at the centres of a cover; carry the certificates over to every training image."""

from fractions import Fraction

import numpy as np
import torch

from finitecover.certificates.bounds import ceiling_radii, transferred_radii
from finitecover.certificates.smoothing import smoothed_radii
from finitecover.data.sampling import draw_examples
from finitecover.jobs.device import torch_device
from finitecover.jobs.files import save_json, save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, save_parquet
from finitecover.jobs.tensors import images_and_labels
from finitecover.norms import order
from finitecover.training.intervals import PASSES, certified_radii
from finitecover.training.models import load_model
from finitecover.training.passes import Passes


def certify_model(
    model_path, train_path, cover_path, training, threat, settings, seed, points_path, table_path, cost_path
):
    """Training: noise, or adversary of interval bounds; threat: sizes per norm; settings: points, smoothing."""
    device = torch_device()
    network = load_model(model_path).to(device)
    passes = Passes(network)
    records, chosen = load_records(train_path), load_records(cover_path)
    (images, labels), (centres, own) = images_and_labels(records), images_and_labels(chosen)
    drawn = torch.from_numpy(draw_examples(labels, settings["points"]))
    norm = "l2" if training["noise"] else training["adversary"]["norm"]

    def certify(x, y):
        before = passes.images_seen
        x, y = x.to(device), y.to(device)
        if training["noise"]:
            radii = smoothed_radii(network, x, y, sigma=training["noise"], seed=seed, **settings["smoothing"])
        else:
            passes.add(PASSES * len(x), 0)
            radii = certified_radii(network, x, y, norm, largest=x[0].numel() ** (1 / order(norm))).cpu()
        return radii, (passes.images_seen - before) / len(x)

    at_centres, each = certify(centres, own)
    direct, _ = certify(images[drawn], labels[drawn])
    radii = {
        "centres": at_centres,
        "direct": direct,
        "transferred": transferred_radii(images, labels, centres, own, at_centres, norm),
    }
    ceilings = ceiling_radii(images, labels, centres, own, norm)
    radii["ceiling"] = transferred_radii(images, labels, centres, own, ceilings, norm)
    others = torch.ones(len(labels), dtype=torch.bool)
    others[chosen["index"][chosen["index"] >= 0]] = False  # free centres are no images
    sizes = ["0", *threat.get(norm, [])]
    save_parquet(points_path, _points(labels, others, radii, drawn))
    save_rows(table_path, [_row(norm, eps, radii, others, drawn, each) for eps in sizes])
    save_json(cost_path, passes.counts())


def _row(norm, eps, radii, others, drawn, each):
    """What is certified at one size; others: which images are no centres; each: passes for one image."""
    size, points, centres = float(Fraction(eps)), len(others), len(radii["centres"])
    row = {
        "norm": norm,
        "eps": eps,
        "points": points,
        "centres": centres,
        "certified_centres": _share(radii["centres"] >= size),
        "transferred": _share(radii["transferred"] >= size),
        "transferred_beyond_centres": _share(radii["transferred"][others] >= size),
        "ceiling_beyond_centres": _share(radii["ceiling"][others] >= size),
        "drawn": len(drawn),
        "drawn_transferred": _share(radii["transferred"][drawn] >= size),
        "drawn_direct": _share(radii["direct"] >= size),
        "passes_centres": round(each * centres),
        "passes_all": round(each * points),
    }
    told = "%(norm)s %(eps)s: %(transferred).4f of all, drawn %(drawn_transferred).4f, direct %(drawn_direct).4f"
    log.info(told, row)
    return row


def _points(labels, others, radii, drawn):
    """A row per training image: certified radii by transfer, and directly where it was drawn."""
    direct = torch.full((len(labels),), torch.nan, dtype=torch.float64)
    direct[drawn] = radii["direct"]
    return {
        "point": np.arange(len(labels)),
        "label": labels.numpy(),
        "centre": (~others).numpy(),
        "transferred": radii["transferred"].numpy(),
        "direct": direct.numpy(),
    }


def _share(mask):
    return mask.double().mean().item() if len(mask) else float("nan")


if __name__ == "__main__":
    with job(snakemake):
        certify_model(
            model_path=snakemake.input.model,
            train_path=snakemake.input.train,
            cover_path=snakemake.input.cover,
            training=snakemake.params.training,
            threat=snakemake.params.threat,
            settings=snakemake.params.settings,
            seed=int(snakemake.wildcards.seed),
            points_path=snakemake.output.points,
            table_path=snakemake.output.table,
            cost_path=snakemake.output.cost,
        )
