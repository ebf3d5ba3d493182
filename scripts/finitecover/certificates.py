"""Proofs of robustness at the centres of a cover, and what follows from them for every training image.

If a model is certified at x_c against radius R_c, it is certified at x_i against R_c - ||x_i - x_c||, whatever the
centre, as long as it has the label of x_i; so k certificates speak for n images. The generalised adversarial loss on
a cover bounds the adversarial loss on all images (Chen and Selvan, arXiv 2402.05675).
"""

from contextlib import nullcontext

import numpy as np
import torch
import torch.nn.functional as F
from scipy import stats

from finitecover.attacks import perturb

BATCH = 1000


def smoothed_radii(model, images, labels, *, sigma, guesses, samples, alpha, seed):
    """Radii in l2 at which the smoothed model is certified for each label, (n,) float64; -1 where it is not at all.

    Randomised smoothing (Cohen et al. 2019, arXiv 1902.02918): the class that the model gives most often under Gaussian
    noise of standard deviation `sigma` on every pixel. images (n, c, h, w) in [0, 1]; `guesses` noisy images choose the
    class, `samples` bound its probability from below (Clopper and Pearson). Each certificate is wrong with probability
    `alpha` at most; they are not corrected for their number.
    """
    generator = torch.Generator().manual_seed(seed)
    radii = np.full(len(images), -1.0)
    for place, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        guess = _votes(model, image, sigma, guesses, generator).argmax()
        votes = _votes(model, image, sigma, samples, generator)[guess]
        lower = stats.beta.ppf(alpha, votes, samples - votes + 1) if votes else 0.0
        if guess == label and lower > 0.5:
            radii[place] = sigma * stats.norm.ppf(lower)
    return torch.from_numpy(radii)


def _votes(model, image, sigma, n, generator):
    """How often the model gives each class to an image under noise."""
    votes = 0
    with torch.no_grad():
        for start in range(0, n, BATCH):
            noise = torch.randn((min(BATCH, n - start), *image.shape), generator=generator).to(image.device)
            logits = model(image + sigma * noise)
            votes += logits.argmax(1).bincount(minlength=logits.shape[1]).cpu().numpy()
    return votes


def transferred_radii(images, labels, centres, radii, norm):
    """Largest R_c - ||x_i - x_c|| over the centres of each image's label, (n,) float64; negative: not certified.

    images (n, c, h, w), labels (n,); centres (k,) positions of them; radii (k,): R_c, negative where a centre has none.
    """
    points = images.flatten(1).double()
    transferred = torch.full((len(points),), -torch.inf, dtype=torch.float64)
    for label in labels.unique():
        members = torch.nonzero(labels == label).flatten()
        own = (labels[centres] == label) & (radii >= 0)
        for rows in members.split(BATCH) if own.any() else []:
            transferred[rows] = (radii[own] - _distances(points[rows], points[centres[own]], norm)).amax(1)
    return transferred


def ceiling_radii(images, labels, centres, norm):
    """Distance of each centre from the nearest image of another label, (k,) float64, infinite where there is none.

    No model that is right at both can be certified beyond, so no certificate at the centres can do more than these.
    """
    points = images.flatten(1).double()
    ceilings = torch.full((len(centres),), torch.inf, dtype=torch.float64)
    for label in labels.unique():
        own, others = torch.nonzero(labels[centres] == label).flatten(), points[labels != label]
        for part in others.split(BATCH) if len(own) and len(others) else []:
            ceilings[own] = torch.minimum(ceilings[own], _distances(points[centres[own]], part, norm).amin(1))
    return ceilings


def _distances(first, second, norm):
    """Of every point from every other, in float64 and by differences."""
    options = {"p": 2.0, "compute_mode": "donot_use_mm_for_euclid_dist"} if norm == "l2" else {"p": torch.inf}
    return torch.cdist(first, second, **options)


def adversarial_losses(model, images, labels, radii, *, norm, steps, step_size, restarts, seed):
    """Largest cross-entropy found within each image's radius, (n,) float64: at the image and after every run of PGD."""
    generator, losses = torch.Generator().manual_seed(seed), []
    for x, y, radius in zip(images.split(BATCH), labels.split(BATCH), radii.split(BATCH), strict=True):
        worst = _losses(model, x, y)
        for _ in range(restarts):
            points = perturb(
                model, x, lambda logits, y=y: F.cross_entropy(logits, y, reduction="sum"), radius, norm=norm,
                steps=steps, step_size=step_size, generator=generator, autocast=nullcontext,
            )  # fmt: skip
            worst = torch.maximum(worst, _losses(model, points, y))
        losses.append(worst)
    return torch.cat(losses)


def _losses(model, images, labels):
    with torch.no_grad():
        return F.cross_entropy(model(images).double(), labels, reduction="none")
