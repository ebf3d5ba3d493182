"""PGD (Madry et al. 2018) and FGSM (Goodfellow et al. 2015), which is one step of it.

`perturb` serves training: a fixed number of steps, any precision. `attack` serves evaluation: float32, restarts, and
each image leaves the attack as soon as it is misclassified. Both work on pixels and keep them in [0, 1].
"""

import torch
import torch.nn.functional as F

from finitecover.training.balls import ball_of


def perturb(model, images, error, radius, *, norm, steps, step_size, generator, autocast):
    """Adversarial images for a training step.

    images (n, c, h, w) in [0, 1]; error: a function of logits, summed over images, that the images are to raise;
    radius (n,), one per image; step_size as a share of the radius; `generator` draws the random start; `autocast()` is
    the context of the forward passes.
    """
    ball = ball_of(norm)
    points = (images + ball.random(images, radius, generator)).clamp(0, 1)
    for _ in range(steps):
        points.requires_grad_()
        with autocast():
            logits = model(points)
        (gradient,) = torch.autograd.grad(error(logits.float()), points)
        points = _step(ball, images, points.detach(), gradient, radius, step_size)
    return points


def attack(
    model, images, labels, eps, *, norm, steps, step_size, restarts=1, random_start=True, generator=None, batch=128
):
    """Adversarial images of a model that is evaluated: (images, predictions), both in the order given.

    eps: radius of the ball; step_size: share of eps. An image that the model gets wrong already, or at any step of any
    restart, is kept as it was then; the others come back from their last step.
    """
    found, predictions = images.clone(), torch.empty_like(labels)
    for start in range(0, len(images), batch):
        rows = slice(start, start + batch)
        predictions[rows] = predict(model, images[rows])
        for _ in range(restarts):
            alive = start + torch.nonzero(predictions[rows] == labels[rows]).flatten()
            if len(alive):
                found[alive], predictions[alive] = _pgd(
                    model, images[alive], labels[alive], eps, ball_of(norm), steps, step_size, random_start, generator
                )
    return found, predictions


def predict(model, images, batch=1000):
    """Predicted classes, (n,)."""
    with torch.no_grad():
        return torch.cat([model(part).argmax(1) for part in images.split(batch)])


def _pgd(model, images, labels, eps, ball, steps, step_size, random_start, generator):
    """One run of PGD; `alive` are the positions of the images not yet misclassified."""
    radius = torch.full((len(images),), eps, device=images.device)
    points = (images + ball.random(images, radius, generator)).clamp(0, 1) if random_start else images
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


def _step(ball, images, points, gradient, radius, step_size):
    """One step of steepest ascent from `points`, back into the ball around `images` and into [0, 1]."""
    length = step_size * radius.view(-1, 1, 1, 1)
    return (images + ball.project(points - images + length * ball.steepest(gradient), radius)).clamp(0, 1)
