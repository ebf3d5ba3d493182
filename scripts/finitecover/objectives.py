"""Losses of a batch under each adversary: none, projected gradient descent, TRADES, interval bounds."""

from functools import partial

import torch
import torch.nn.functional as F

from finitecover.attacks import perturb
from finitecover.intervals import worst_logits


def make_objective(model, adversary, generator, autocast):
    """A function of images (n, c, h, w), labels (n,), radii (n,) and growth in [0, 1]: (losses, logits), (n,) each and
    (n, classes).

    adversary: None, or a dict of which "beta" (TRADES) or "kappa" (interval bounds) choose the loss where they are not
    None. Perturbations are of `growth` times the radii.
    """
    if adversary is None:
        return partial(_clean, model, autocast)
    if adversary["kappa"] is not None:
        return partial(_interval, model, adversary, autocast)
    if adversary["beta"] is not None:
        return partial(_trades, model, adversary, generator, autocast)
    return partial(_descent, model, adversary, generator, autocast)


def _clean(model, autocast, x, y, radii=None, growth=None):
    with autocast():
        logits = model(x).float()
    return F.cross_entropy(logits, y, reduction="none"), logits


def _descent(model, adversary, generator, autocast, x, y, radii, growth):
    """Madry et al. 2018: the loss on adversarial images."""
    error = partial(F.cross_entropy, target=y, reduction="sum")
    return _clean(model, autocast, _perturbed(model, x, error, growth * radii, adversary, generator, autocast), y)


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


def _interval(model, adversary, autocast, x, y, radii, growth):
    """Gowal et al. 2018: kappa of the clean loss and the rest of an upper bound on the adversarial one.

    The share of the clean loss falls from 1 to kappa as the radii grow.
    """
    losses, _ = _clean(model, autocast, x, y)
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
