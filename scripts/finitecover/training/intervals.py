"""Interval bounds (Gowal et al. 2018, arXiv 1810.12715): what a network can say of any image in a ball around another.

Boxes go through the network layer by layer as midpoint and radius. A ball in l2 is bounded exactly by the first linear
or convolutional layer, row by row, and by boxes from there on.
"""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import nn

from finitecover.training.models import Pooling

NORMS = ("l2", "linf")
BISECTIONS = 30
PASSES = 2 * (BISECTIONS + 2)  # of an image through the network for a certified radius: midpoint and radius of boxes


def worst_logits(network, images, labels, radii, norm):
    """Upper bounds of every logit over that of the label, (n, classes), 0 at the label itself.

    images (n, c, h, w) in [0, 1], labels (n,), radii (n,): any image of [0, 1] within a radius, in l2 or linf, of one
    of `images` has logits z with z_j - z_y at most the entry j. Their cross-entropy bounds the adversarial loss from
    above; an image is certified where no entry but the label's reaches 0. Raises `ValueError` for a layer or a norm
    that cannot be bounded.
    """
    if norm not in NORMS:
        raise ValueError(f"no interval bounds in norm {norm!r}; choose one of {', '.join(NORMS)}")
    middle, radius = _features(network, images, radii, norm)
    weight, bias = network.classifier.weight, network.classifier.bias
    differences = weight - weight[labels].unsqueeze(1)
    bounds = torch.einsum("nd,njd->nj", middle, differences) + torch.einsum("nd,njd->nj", radius, differences.abs())
    return bounds + bias - bias[labels].unsqueeze(1)


def admits(network):
    """Whether every layer of a network can be bounded."""
    known = (nn.Linear, nn.Conv2d, nn.ReLU, Pooling, nn.Flatten)
    return all(isinstance(layer, known) for layer in network.features)


def certified(network, images, labels, radii, norm):
    """Which images keep their label anywhere within their radii, (n,) bool."""
    worst = worst_logits(network, images, labels, radii, norm)
    worst[torch.arange(len(labels)), labels] = -torch.inf
    return (worst < 0).all(1)


def certified_radii(network, images, labels, norm, largest):
    """Largest radii up to `largest` at which each image is certified, (n,), by bisection; -1 where it is wrong at 0.

    Bounds are computed in float64, in which rounding is far below the resolution of the bisection.
    """
    network, images = _double(network), images.double()
    low = torch.zeros(len(images), dtype=torch.float64, device=images.device)
    high = torch.full_like(low, float(largest))
    with torch.no_grad():
        right = certified(network, images, labels, low, norm)
        whole = certified(network, images, labels, high, norm)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            kept = certified(network, images, labels, middle, norm)
            low, high = torch.where(kept, middle, low), torch.where(kept, high, middle)
    low[whole] = float(largest)
    return torch.where(right, low, -1.0)


def loss_bounds(network, images, labels, radii, norm, batch=500):
    """Certified upper bounds of the adversarial loss at each image, (n,) float64.

    radii (n,) in float64: rounded to float32 they may be too small.
    """
    network, parts = _double(network), []
    with torch.no_grad():
        for x, y, radius in zip(images.split(batch), labels.split(batch), radii.split(batch), strict=True):
            worst = worst_logits(network, x.double(), y, radius.double(), norm)
            parts.append(F.cross_entropy(worst, y, reduction="none"))
    return torch.cat(parts)


def _double(network):
    return deepcopy(network).double()


def _features(network, images, radii, norm):
    """Midpoint and radius of every feature."""
    mean, std = network.normalise.mean, network.normalise.std
    around = radii.view(-1, 1, 1, 1)
    lower, upper = (images - around).clamp(0, 1), (images + around).clamp(0, 1)
    box = ((lower + upper) / 2 - mean) / std, (upper - lower) / 2 / std
    centre = (images - mean) / std if norm == "l2" else None  # of the ball, up to the first layer that bounds it
    for layer in network.features:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            box = _affine(layer, box[0]), _affine(layer, box[1], radius=True)
            if centre is not None:
                lengths = _row_lengths(layer, std, images.shape[1:]) * radii.view(-1, 1)
                ball = _affine(layer, centre), lengths.view(*lengths.shape, *[1] * (box[0].dim() - 2))
                box, centre = _meet(box, ball), None
        elif isinstance(layer, nn.Flatten):
            box = layer(box[0]), layer(box[1])
            centre = None if centre is None else layer(centre)
        elif isinstance(layer, (nn.ReLU, Pooling)):
            box = _between(layer(box[0] - box[1]), layer(box[0] + box[1]))
            centre = None
        else:
            raise ValueError(
                f"interval bounds do not admit {type(layer).__name__}; choose an mlp, or a convnet with norm none"
            )
    return box


def _affine(layer, x, radius=False):
    """The layer of a midpoint; of a radius, with its absolute weights and without its bias."""
    weight, bias = (layer.weight.abs(), None) if radius else (layer.weight, layer.bias)
    if isinstance(layer, nn.Linear):
        return F.linear(x, weight, bias)
    return F.conv2d(x, weight, bias, stride=layer.stride, padding=layer.padding)


def _row_lengths(layer, std, shape):
    """Euclidean length of what each output takes of the pixels, (outputs,); at a border, where it takes fewer, more."""
    weight = layer.weight
    if isinstance(layer, nn.Linear):
        weight = weight.view(len(weight), *shape)
    return (weight / std).flatten(1).norm(dim=1)


def _between(lower, upper):
    return (lower + upper) / 2, (upper - lower) / 2


def _meet(first, second):
    """The box that two boxes have in common; both hold the truth, so it is not empty but for rounding."""
    lower = torch.maximum(first[0] - first[1], second[0] - second[1])
    upper = torch.minimum(first[0] + first[1], second[0] + second[1])
    return _between(lower, torch.maximum(lower, upper))
