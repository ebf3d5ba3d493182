"""Losses of a batch under each adversary: none, PGD, TRADES, interval bounds."""

from functools import partial

import torch
import torch.nn.functional as F

from finitecover.training.attacks import perturb
from finitecover.training.intervals import worst_logits


def make_objective(name, model, adversary, generator, autocast):
    """A function of images (n, c, h, w), labels, radii (n,) and growth in [0, 1]: (losses, logits), (n,) each and
    (n, classes).

    labels: classes (n,), or probabilities of the classes (n, classes), which all but "intervals" take: the loss is then
    the cross-entropy of predictions with these (robust distillation; Goldblum et al. 2020, arXiv 1905.09747).

    name: "clean", "pgd", "trades" or "intervals". adversary: None for clean, else a dict of "norm", and "steps" and
    "step_size" (pgd, trades), "beta" (trades), "kappa" (intervals). Perturbations are of `growth` times the radii.
    Raises `ValueError` for another name, or where an adversary is missing or not used.
    """
    if name not in OBJECTIVES:
        raise ValueError(f"unknown objective {name!r}; choose one of {', '.join(OBJECTIVES)}")
    if (adversary is None) != (name == "clean"):
        raise ValueError(f"objective {name}: an adversary belongs to every objective but clean")
    return partial(OBJECTIVES[name], model, adversary, generator, autocast)


def _clean(model, adversary, generator, autocast, x, y, radii=None, growth=None):
    with autocast():
        logits = model(x).float()
    return F.cross_entropy(logits, y, reduction="none"), logits


def _pgd(model, adversary, generator, autocast, x, y, radii, growth):
    """Madry et al. 2018: the loss on adversarial images."""
    error = partial(F.cross_entropy, target=y, reduction="sum")
    moved = _perturbed(model, x, error, growth * radii, adversary, generator, autocast)
    return _clean(model, adversary, generator, autocast, moved, y)


def _trades(model, adversary, generator, autocast, x, y, radii, growth):
    """Zhang et al. 2019: the loss on clean images, and beta times the divergence of predictions on adversarial ones."""
    with torch.no_grad(), autocast():
        natural = model(x).float()
    error = partial(total_divergence, natural)
    moved = _perturbed(model, x, error, growth * radii, adversary, generator, autocast)
    with autocast():
        logits = model(moved).float()
        natural = model(x).float()
    losses = F.cross_entropy(natural, y, reduction="none") + adversary["beta"] * divergence(natural, logits)
    return losses, logits


def _intervals(model, adversary, generator, autocast, x, y, radii, growth):
    """Gowal et al. 2018: kappa of the clean loss and the rest of an upper bound on the adversarial one.

    The share of the clean loss falls from 1 to kappa as the radii grow.
    """
    losses, _ = _clean(model, adversary, generator, autocast, x, y)
    worst = worst_logits(model, x, y, growth * radii, adversary["norm"])
    clean = 1 - (1 - adversary["kappa"]) * growth
    return clean * losses + (1 - clean) * F.cross_entropy(worst, y, reduction="none"), worst


def _perturbed(model, x, error, radii, adversary, generator, autocast):
    """Adversarial batch; the network's own parameters need no gradient meanwhile, which saves a third of the work."""
    model.requires_grad_(False)
    x = perturb(
        model,
        x,
        error,
        radii,
        norm=adversary["norm"],
        steps=adversary["steps"],
        step_size=adversary["step_size"],
        generator=generator,
        autocast=autocast,
    )
    model.requires_grad_(True)
    return x


def divergence(natural, logits):
    """Kullback-Leibler divergence of predictions from the natural ones, image by image, (n,)."""
    natural, logits = natural.log_softmax(dim=1), logits.log_softmax(dim=1)
    return (natural.exp() * (natural - logits)).sum(dim=1)


def total_divergence(natural, logits):
    """Sum of `divergence` over images."""
    return divergence(natural, logits).sum()


OBJECTIVES = {"clean": _clean, "pgd": _pgd, "trades": _trades, "intervals": _intervals}
