"""PGD (Madry et al. 2018) and FGSM (Goodfellow et al. 2015), which is one step of it.

`perturb` serves training: a fixed number of steps, any precision. `attack` serves evaluation: float32, restarts, and
each image leaves the attack as soon as it is misclassified. Both work on pixels and keep them in [0, 1].
"""

from contextlib import nullcontext
from functools import partial

import torch
import torch.nn.functional as F

from finitecover.training.balls import ball_of


def perturb(model, images, error, radius, *, norm, steps, step_size, generator, autocast, starts=None):
    """Adversarial images for a training step.

    images (n, c, h, w) in [0, 1]; error: a function of logits, summed over images, that the images are to raise;
    radius (n,), one per image; step_size as a share of the radius; `generator` draws the random start, unless there are
    `starts`, images to begin with; `autocast()` is the context of the forward passes.
    """
    ball = ball_of(norm)
    points = _random_starts(ball, images, radius, generator) if starts is None else starts
    for _ in range(steps):
        points = points.detach().requires_grad_()
        with autocast():
            logits = model(points)
        (gradient,) = torch.autograd.grad(error(logits.float()), points)
        points = _step(ball, images, points.detach(), gradient, radius, step_size)
    return points


def perturb_all(model, images, labels, radius, *, norm, steps, step_size, generator=None, starts=None, batch=128):
    """`perturb` for any number of images, in float32: what raises the cross-entropy with their labels, classes (n,) or
    probabilities (n, C). Random starts are drawn for all images, so that they do not depend on the batch."""
    starts = _random_starts(ball_of(norm), images, radius, generator) if starts is None else starts
    parts = zip(*(column.split(batch) for column in (images, labels, radius, starts)), strict=True)
    shared = {"norm": norm, "steps": steps, "step_size": step_size, "generator": None, "autocast": nullcontext}
    return torch.cat(
        [
            perturb(model, x, partial(F.cross_entropy, target=y, reduction="sum"), within, starts=begin, **shared)
            for x, y, within, begin in parts
        ]
    )


def attack(
    model,
    images,
    labels,
    eps,
    *,
    norm,
    steps,
    step_size,
    restarts=1,
    random_start=True,
    generator=None,
    among=None,
    batch=128,
):
    """Adversarial images of a model that is evaluated: (images, predictions), both in the order given.

    eps: radius of the ball; step_size: share of eps; among: positions of the images to attack, all where None. An image
    that the model gets wrong already, or at any step of any restart, is kept as it was then; the others come back from
    their last step. Random starts are drawn for all images, so that one image's do not depend on which others are
    attacked.
    """
    found, predictions = images.clone(), predict(model, images)
    among = torch.arange(len(images), device=images.device) if among is None else among.to(images.device)
    ball, radius = ball_of(norm), torch.full((len(images),), eps, device=images.device)
    for _ in range(restarts):
        starts = images + ball.random(images, radius, generator) if random_start else images
        alive = among[predictions[among] == labels[among]]
        for rows in alive.split(batch) if len(alive) else []:
            found[rows], predictions[rows] = _pgd(
                model, images[rows], labels[rows], starts[rows].clamp(0, 1), radius[rows], ball, steps, step_size
            )
    return found, predictions


def predict(model, images, batch=1000):
    """Predicted classes, (n,)."""
    with torch.no_grad():
        return torch.cat([model(part).argmax(1) for part in images.split(batch)])


def _pgd(model, images, labels, points, radius, ball, steps, step_size):
    """One run of PGD from `points`; `alive` are the positions of the images not yet misclassified."""
    found, predictions = images.clone(), labels.clone()
    alive = torch.arange(len(images), device=images.device)
    for step in range(steps + 1):
        points = points.detach().requires_grad_()
        logits = model(points)
        found[alive], predictions[alive] = points.detach(), logits.argmax(1)
        kept = predictions[alive] == labels[alive]
        if step == steps or not kept.any():
            break
        (gradient,) = torch.autograd.grad(F.cross_entropy(logits, labels[alive], reduction="sum"), points)
        alive = alive[kept]
        points = _step(ball, images[alive], points.detach()[kept], gradient[kept], radius[alive], step_size)
    return found, predictions


def _random_starts(ball, images, radius, generator):
    """Images drawn from the ball around each one, within [0, 1]."""
    return (images + ball.random(images, radius, generator)).clamp(0, 1)


def _step(ball, images, points, gradient, radius, step_size):
    """One step of steepest ascent from `points`, back into the ball around `images` and into [0, 1]."""
    length = step_size * radius.view(-1, 1, 1, 1)
    return (images + ball.project(points - images + length * ball.steepest(gradient), radius)).clamp(0, 1)
