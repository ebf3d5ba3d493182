"""Certify a model at the centres of a cover; carry the certificates over to every training image."""

from fractions import Fraction

import numpy as np
import torch

from finitecover.arrays import load_records, pixels, save_csv, save_json, save_parquet
from finitecover.certificates import ceiling_radii, smoothed_radii, transferred_radii
from finitecover.coresets import draw_examples
from finitecover.intervals import PASSES, certified_radii
from finitecover.jobs import job, log, torch_device
from finitecover.models import load_model
from finitecover.passes import Passes


def certify_model(
    model_path, train_path, cover_path, training, threat, settings, seed, points_path, table_path, cost_path
):
    """Training: noise, or adversary of interval bounds; threat: sizes per norm; settings: points, smoothing."""
    device = torch_device()
    network = load_model(model_path).to(device)
    passes = Passes(network)
    records, centres = load_records(train_path), torch.from_numpy(load_records(cover_path)["index"].copy())
    images = torch.from_numpy(pixels(records["image"]))
    labels = torch.from_numpy(np.array(records["label"]))
    drawn = torch.from_numpy(draw_examples(labels, settings["points"]))
    norm = "l2" if training["noise"] else training["adversary"]["norm"]

    def certify(rows):
        before = passes.images_seen
        x, y = images[rows].to(device), labels[rows].to(device)
        if training["noise"]:
            radii = smoothed_radii(network, x, y, sigma=training["noise"], seed=seed, **settings["smoothing"])
        else:
            passes.add(PASSES * len(rows), 0)
            radii = certified_radii(network, x, y, norm, largest=1 if norm == "linf" else x[0].numel() ** 0.5).cpu()
        return radii, (passes.images_seen - before) / len(rows)

    at_centres, each = certify(centres)
    direct, _ = certify(drawn)
    transferred = transferred_radii(images, labels, centres, at_centres, norm)
    ceiling = transferred_radii(images, labels, centres, ceiling_radii(images, labels, centres, norm), norm)
    others = torch.ones(len(labels), dtype=torch.bool)
    others[centres] = False
    table = []
    for eps in ["0", *threat.get(norm, [])]:
        size = float(Fraction(eps))
        row = {
            "norm": norm,
            "eps": eps,
            "points": len(labels),
            "centres": len(centres),
            "certified_centres": _share(at_centres >= size),
            "transferred": _share(transferred >= size),
            "transferred_beyond_centres": _share(transferred[others] >= size),
            "ceiling_beyond_centres": _share(ceiling[others] >= size),
            "drawn": len(drawn),
            "drawn_transferred": _share(transferred[drawn] >= size),
            "drawn_direct": _share(direct >= size),
            "passes_centres": round(each * len(centres)),
            "passes_all": round(each * len(labels)),
        }
        log.info(
            "%(norm)s %(eps)s: %(transferred).4f of all, drawn %(drawn_transferred).4f, direct %(drawn_direct).4f", row
        )
        table.append(row)
    everything = torch.full((len(labels),), torch.nan, dtype=torch.float64)
    everything[drawn] = direct
    save_parquet(
        points_path,
        {
            "point": np.arange(len(labels)),
            "label": labels.numpy(),
            "centre": (~others).numpy(),
            "transferred": transferred.numpy(),
            "direct": everything.numpy(),
        },
    )
    save_csv(table_path, table)
    save_json(cost_path, passes.counts())


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
