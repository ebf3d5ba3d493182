"""Proofs of robustness at the centres of a cover, and what follows from them for every training image.

If a model is certified at x_c against radius R_c, it is certified at x_i against R_c - ||x_i - x_c||, whatever the
centre, as long as it has the label of x_i; so k certificates speak for n images. The generalised adversarial loss on
a cover bounds the adversarial loss on all images (Chen and Selvan, arXiv 2402.05675).
"""

import torch
import torch.nn.functional as F

from finitecover.norms import order
from finitecover.training.attacks import perturb_all
from finitecover.training.balls import ball_of

BATCH = 1000
ROUNDING = 1e-6  # of a distance between float32 images


def transferred_radii(images, labels, centres, centre_labels, radii, norm):
    """Largest R_c - ||x_i - x_c|| over the centres of each image's label, (n,) float64; negative: not certified.

    images (n, c, h, w), labels (n,); centres (k, c, h, w), among the images or not, with labels (k,); radii (k,): R_c,
    negative where a centre has none.
    """
    points, middles = images.flatten(1).double(), centres.flatten(1).double()
    transferred = torch.full((len(points),), -torch.inf, dtype=torch.float64)
    for label in labels.unique():
        members = torch.nonzero(labels == label).flatten()
        own = (centre_labels == label) & (radii >= 0)
        for rows in members.split(BATCH) if own.any() else []:
            transferred[rows] = (radii[own] - _distances(points[rows], middles[own], norm)).amax(1)
    return transferred


def ceiling_radii(images, labels, centres, centre_labels, norm):
    """Distance of each centre from the nearest image of another label, (k,) float64, infinite where there is none.

    No model that is right at both can be certified beyond, so no certificate at the centres can do more than these.
    """
    points, middles = images.flatten(1).double(), centres.flatten(1).double()
    ceilings = torch.full((len(centres),), torch.inf, dtype=torch.float64)
    for label in labels.unique():
        own, others = torch.nonzero(centre_labels == label).flatten(), points[labels != label]
        for part in others.split(BATCH) if len(own) and len(others) else []:
            ceilings[own] = torch.minimum(ceilings[own], _distances(middles[own], part, norm).amin(1))
    return ceilings


def _distances(first, second, norm):
    """Of every point from every other, in float64 and by differences."""
    return torch.cdist(first, second, p=order(norm), compute_mode="donot_use_mm_for_euclid_dist")


def adversarial_losses(model, images, labels, radii, *, norm, steps, step_size, restarts, seed, starts=None):
    """(largest cross-entropy found within each image's radius, (n,) float64; where, images): at the image itself and
    after every run of PGD. labels: classes (n,), or probabilities of the classes (n, C).

    starts: images that the runs begin with instead of random ones, and that count; one that lies outside its ball
    counts for nothing, and its run begins with the image itself.
    """
    generator = torch.Generator().manual_seed(seed)
    worst, shown = _losses(model, images, labels), images
    if starts is not None:
        inside = ball_of(norm).length(starts.double() - images.double()) <= radii + ROUNDING
        starts = torch.where(inside.view(-1, 1, 1, 1), starts, images)
        worst, shown = _larger(worst, shown, _losses(model, starts, labels), starts)
    shared = {"norm": norm, "steps": steps, "step_size": step_size, "generator": generator, "starts": starts}
    for _ in range(restarts):
        points = perturb_all(model, images, labels, radii, **shared)
        worst, shown = _larger(worst, shown, _losses(model, points, labels), points)
    return worst, shown


def hard_loss_bounds(soft_losses, soft_labels, labels):
    """The largest cross-entropy with one class that a cross-entropy with probabilities leaves possible, (n,) float64.

    soft_losses (n,): -sum_k q_k log p_k at most; soft_labels (n, C): q; labels (n,): y. With P = p_y and Q = q_y the
    other classes' share of that sum is least where they divide 1 - P as q does, so that it is at least
    -Q log P - (1 - Q) log(1 - P) + (1 - Q) H, H the entropy of q without y. This grows as P falls below Q; -log P is
    found by bisection. At most soft_losses / Q; infinite where Q is 0: a label that gives the class no probability says
    nothing of the loss there.
    """
    soft_losses, q = soft_losses.double(), soft_labels.double()
    own = q.gather(1, labels.view(-1, 1)).flatten()
    rest = q.scatter(1, labels.view(-1, 1), 0.0)
    shares = rest / rest.sum(1, keepdim=True).clamp_min(torch.finfo(torch.float64).tiny)
    left = (soft_losses - (1 - own) * -torch.xlogy(shares, shares).sum(1)) * (1 + ROUNDING) + ROUNDING
    low, high = -own.log(), left / own  # of -log P
    high = torch.maximum(low, high)
    for _ in range(100):
        middle = (low + high) / 2
        least = own * middle - torch.special.xlog1py(1 - own, -torch.exp(-middle))
        low, high = torch.where(least <= left, middle, low), torch.where(least <= left, high, middle)
    return torch.where(own > 0, high, torch.inf)


def _larger(losses, images, others, points):
    better = others > losses
    return torch.where(better, others, losses), torch.where(better.view(-1, 1, 1, 1), points, images)


def _losses(model, images, labels):
    labels = labels.double() if labels.is_floating_point() else labels
    with torch.no_grad():
        logits = torch.cat([model(part).double() for part in images.split(BATCH)])
    return F.cross_entropy(logits, labels, reduction="none")
