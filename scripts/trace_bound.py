"""The generalised adversarial loss on a cover beside the adversarial loss on all training images, over a training."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from finitecover.certificates.bounds import adversarial_losses, hard_loss_bounds
from finitecover.data.sampling import draw_examples
from finitecover.jobs.device import torch_device
from finitecover.jobs.files import save_rows
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_arrays, load_records, radius_field, soft_labels_of
from finitecover.jobs.tensors import images_and_labels
from finitecover.training.balls import float32_radii
from finitecover.training.intervals import admits, loss_bounds
from finitecover.training.models import build_model


def trace_bound(snapshots_path, train_path, set_path, cover_path, norm, eps, attack, points, seed, bound_path):
    """Norm, eps: of the training, eps as the config writes it; attack: settings of the strongest of kind pgd; points:
    how many training images are drawn.

    The attack at a centre begins with what it found for each image that the centre stands for, which lies inside the
    centre's ball, and at random. `violations` counts drawn images whose loss under attack exceeds the certified bound
    at their centre, `attack_violations` those whose loss exceeds what was found at their centre; none may.
    """
    device = torch_device()
    saved = torch.load(Path(snapshots_path), weights_only=True)
    records, cover, arrays = load_records(train_path), load_records(set_path), load_arrays(cover_path)
    size = float(Fraction(eps))
    drawn = draw_examples(records["label"], points)
    drawn = drawn[arrays["covered"][drawn]]  # a partial cover speaks for no others
    places = arrays["assignment"][drawn]  # of each drawn image's centre
    weights = torch.from_numpy(cover["weight"] / cover["weight"].sum())
    sides = {
        "all": _side(records[drawn], np.full(len(drawn), size), device),
        "cover": _side(cover, size + cover[radius_field(norm)], device),
    }
    soft = soft_labels_of(cover)
    soft = None if soft is None else torch.from_numpy(soft).to(device)
    settings = {name: attack[name] for name in ("steps", "step_size", "restarts")}
    table = []
    for snapshot in saved["snapshots"]:
        network = build_model(saved["model"], saved["dataset"], seed=0)
        network.load_state_dict(snapshot["model"])
        network.to(device).eval().requires_grad_(False)
        attacked = _attacked(network, sides, soft, torch.from_numpy(places), norm=norm, seed=seed, **settings)
        bounds = (
            {name: loss_bounds(network, *side, norm).cpu() for name, side in sides.items()} if admits(network) else {}
        )
        row = {
            "step": snapshot["step"],
            "norm": norm,
            "eps": eps,
            "drawn": len(drawn),
            "all_attack": attacked["all"].mean().item(),
            "cover_attack": _weighted(weights, attacked["cover"]),
            "all_certified": bounds["all"].mean().item() if bounds else None,
            "cover_certified": _weighted(weights, bounds["cover"]) if bounds else None,
            "chance": math.log(saved["dataset"]["classes"]),
            "attack_violations": int((attacked["all"] > attacked["cover"][places]).sum()),
            "violations": int((attacked["all"] > bounds["cover"][places]).sum()) if bounds else None,
        }
        log.info("%s", row)
        table.append(row)
    save_rows(bound_path, table)


def _attacked(network, sides, soft, places, **settings):
    """{side: losses found}; places: of each drawn image's centre; soft: the labels that a teacher gave the centres, or
    None. What is found with these is told as the loss that it bounds, of each centre's own class."""
    (images, labels, radii), (centres, own, reaches) = sides["all"], sides["cover"]
    classes = own if soft is None else soft
    within, reach = float32_radii(radii, outwards=False), float32_radii(reaches)  # the one ball inside the other
    losses, found = adversarial_losses(network, images, labels, within, **settings)
    alone, _ = adversarial_losses(network, centres, classes, reach, **settings)
    places = places.to(images.device)
    asked = (centres[places], classes[places], reach[places])
    joined, _ = adversarial_losses(network, *asked, starts=found, **settings | {"restarts": 1})
    found = alone.scatter_reduce(0, places, joined, "amax")
    found = found if soft is None else hard_loss_bounds(found, soft, own)
    return {"all": losses.cpu(), "cover": found.cpu()}


def _weighted(weights, losses):
    """Weighted sum, to which what has no weight adds nothing, be it infinite."""
    return torch.where(weights > 0, weights * losses, 0.0).sum().item()


def _side(records, radii, device):
    """Images, labels and radii as tensors, radii in float64."""
    return *images_and_labels(records, device), torch.from_numpy(radii).to(device)


if __name__ == "__main__":
    with job(snakemake):
        trace_bound(
            snapshots_path=snakemake.input.snapshots,
            train_path=snakemake.input.train,
            set_path=snakemake.input.set,
            cover_path=snakemake.input.cover,
            norm=snakemake.params.norm,
            eps=snakemake.params.eps,
            attack=snakemake.params.attack,
            points=snakemake.params.points,
            seed=int(snakemake.wildcards.seed),
            bound_path=snakemake.output.bound,
        )
