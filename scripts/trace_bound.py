"""The generalised adversarial loss on a cover beside the adversarial loss on all training images, over a training."""

import math
from pathlib import Path

import numpy as np
import torch

from finitecover.certificates.bounds import adversarial_losses
from finitecover.data.sampling import draw_examples
from finitecover.jobs.device import torch_device
from finitecover.jobs.files import save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_arrays, load_records, pixels, radius_field
from finitecover.training.balls import float32_radii
from finitecover.training.intervals import admits, loss_bounds
from finitecover.training.models import build_model


def trace_bound(snapshots_path, train_path, set_path, cover_path, training, attack, points, seed, bound_path):
    """Training: adversary; attack: settings of the strongest of kind pgd; points: how many training images are drawn.

    `violations` counts drawn images whose loss under attack exceeds the certified bound at their centre, which none
    may; `attack_violations` those, no centres themselves, whose loss exceeds what the attack found at their centre,
    which a weak attack makes possible.
    """
    device = torch_device()
    saved = torch.load(Path(snapshots_path), weights_only=True)
    records, cover, arrays = load_records(train_path), load_records(set_path), load_arrays(cover_path)
    norm, eps = training["adversary"]["norm"], training["adversary"]["eps"]
    drawn = draw_examples(records["label"], points)
    drawn = drawn[arrays["covered"][drawn]]  # a partial cover speaks for no others
    places = np.searchsorted(cover["index"], arrays["assignment"][drawn])  # of each drawn image's centre
    represented = torch.from_numpy(cover["index"][places] != drawn)  # by another image than themselves
    weights = torch.from_numpy(cover["weight"] / cover["weight"].sum())
    sides = {
        "all": _side(records[drawn], np.full(len(drawn), eps), device),
        "cover": _side(cover, eps + cover[radius_field(norm)], device),
    }
    settings = {name: attack[name] for name in ("steps", "step_size", "restarts")}
    table = []
    for snapshot in saved["snapshots"]:
        network = build_model(saved["model"], saved["dataset"], seed=0)
        network.load_state_dict(snapshot["model"])
        network.to(device).eval().requires_grad_(False)
        attacked, bounds = {}, {}
        for name, side in sides.items():
            within = float32_radii(side[2], outwards=name == "cover")  # all's balls stay inside those of the cover
            attacked[name] = adversarial_losses(network, *side[:2], within, norm=norm, seed=seed, **settings).cpu()
            if admits(network):
                bounds[name] = loss_bounds(network, *side, norm).cpu()
        row = {
            "step": snapshot["step"],
            "norm": norm,
            "eps": f"{eps:.4g}",
            "drawn": len(drawn),
            "all_attack": attacked["all"].mean().item(),
            "cover_attack": (weights * attacked["cover"]).sum().item(),
            "all_certified": bounds["all"].mean().item() if bounds else None,
            "cover_certified": (weights * bounds["cover"]).sum().item() if bounds else None,
            "chance": math.log(saved["dataset"]["classes"]),
            "attack_violations": int((attacked["all"] > attacked["cover"][places])[represented].sum()),
            "violations": int((attacked["all"] > bounds["cover"][places]).sum()) if bounds else None,
        }
        log.info("%s", row)
        table.append(row)
    save_rows(bound_path, table)


def _side(records, radii, device):
    """Images, labels and radii as tensors, radii in float64."""
    images = torch.from_numpy(pixels(records["image"])).to(device)
    labels = torch.from_numpy(np.array(records["label"])).to(device)
    return images, labels, torch.from_numpy(radii).to(device)


if __name__ == "__main__":
    with job(snakemake):
        trace_bound(
            snapshots_path=snakemake.input.snapshots,
            train_path=snakemake.input.train,
            set_path=snakemake.input.set,
            cover_path=snakemake.input.cover,
            training=snakemake.params.training,
            attack=snakemake.params.attack,
            points=snakemake.params.points,
            seed=int(snakemake.wildcards.seed),
            bound_path=snakemake.output.bound,
        )
