"""Randomised smoothing: radii at which a model under noise is certified."""

import numpy as np
import torch
from scipy import stats

BATCH = 1000


def smoothed_radii(model, images, labels, *, sigma, guesses, samples, alpha, seed):
    """Radii in l2 at which the smoothed model is certified for each label, (n,) float64; -1 where it is not at all.

    Randomised smoothing (Cohen et al. 2019, arXiv 1902.02918): the class that the model gives most often under Gaussian
    noise of standard deviation `sigma` on every pixel. images (n, c, h, w) in [0, 1]; `guesses` noisy images choose the
    class, `samples` bound its probability from below (Clopper and Pearson). All n certificates hold together, and with
    them what follows for other images, with probability 1 - `alpha` at least: each is made at alpha / n (Bonferroni).
    """
    generator = torch.Generator().manual_seed(seed)
    radii, alpha = np.full(len(images), -1.0), alpha / max(1, len(images))
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
