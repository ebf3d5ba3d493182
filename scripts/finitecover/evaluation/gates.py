"""Gates: statements that a sound evaluation makes true whatever the model; one that fails is reported, never hidden.

Carlini et al. 2019 (arXiv 1902.06705) and Croce et al. 2020 argue for most of them.
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F

BALL_TOLERANCE = 1e-6  # of an image's distance, in float64: float32 pixels cannot meet a radius exactly
GATE_EXAMPLES = 200  # images on which the gates that need attacks of their own run
MASKED_SHARE = 0.002  # that Square alone may break, as AutoAttack's authors have it; or two images


def gate(name, passed, value, expected):
    """A row of the table of gates."""
    return {"gate": name, "passed": bool(passed), "value": float(value), "expected": expected}


def standard_broken(accuracy, norm, eps):
    """Gate for a model trained without adversaries at the largest eps of its data set in a norm: it is broken."""
    return gate(f"a standard model is broken by {norm} {eps}", accuracy <= 0.1, accuracy, "at most 0.1")


def eps_zero(target, settings):
    """At eps = 0 an attack must leave the clean predictions as they are."""
    target = target.part(range(min(GATE_EXAMPLES, len(target.labels))))
    _, predictions = target.pgd("linf", 0.0, settings)
    differing = (predictions != target.clean).sum()
    return gate("eps = 0 is clean", differing == 0, differing, "0 predictions differ")


def gradients(target):
    """Attacks follow gradients: they must not vanish at images that are classified correctly."""
    target = target.part(range(min(GATE_EXAMPLES, len(target.labels))))
    images = target.images.clone().requires_grad_()
    loss = F.cross_entropy(target.model(images), target.labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, images)
    vanished = (gradient.flatten(1).abs().amax(1) == 0)[target.clean == target.labels]
    share = vanished.double().mean() if len(vanished) else torch.tensor(0.0)
    return gate("gradients vanish nowhere", share <= 0.01, share, "at most 0.01 of the correct images")


def more_steps(target, settings, norm, eps):
    """Twice and four times the steps never leave more accuracy, beyond noise."""
    target = target.part(range(min(GATE_EXAMPLES, len(target.labels))))
    kept = []
    for factor in (1, 2, 4):
        longer = settings | {"steps": factor * settings["steps"], "restarts": 1}
        _, predictions = target.pgd(norm, float(Fraction(eps)), longer)
        kept.append((predictions == target.labels).double().mean().item())
    rise = max(later - former for former, later in pairwise(kept))
    noise = _noise(kept[0], len(target.labels))
    return gate(f"more steps help at {norm} {eps}", rise <= noise, rise, f"rise of at most {noise:.3f}")


def broken_at_one(target, settings):
    """At linf eps = 1 any image can become any other, so only a constant answer, right for one class, can survive."""
    target = target.part(range(min(GATE_EXAMPLES, len(target.labels))))
    _, predictions = target.pgd("linf", 1.0, settings)
    accuracy = (predictions == target.labels).double().mean()
    constant = target.labels.bincount().max() / len(target.labels)
    return gate("linf eps = 1 breaks the model", accuracy <= constant, accuracy, f"at most {constant:.3f}, one class")


def excess(target, adversarial, norm, eps):
    """How far each adversarial image lies outside the ball of a size, a number, or outside [0, 1], (n,) float64;
    infinite where it is not finite."""
    outside_ball = target.distances(adversarial, norm) - eps
    outside_box = torch.maximum(-adversarial, adversarial - 1).flatten(1).amax(1).double()
    finite = adversarial.flatten(1).isfinite().all(1)
    return torch.where(finite, torch.maximum(outside_ball, outside_box).clamp_min(0), torch.inf)


def inside(target, adversarial, norm, eps, name):
    """Every adversarial image lies in [0, 1] and, measured in float64, in the ball."""
    worst = excess(target, adversarial, norm, float(Fraction(eps))).max()
    expected = f"at most {BALL_TOLERANCE:g} outside"
    return gate(f"{name} {norm} {eps} stays in the ball and in [0, 1]", worst <= BALL_TOLERANCE, worst, expected)


def ordered(rows, norm, eps):
    """A later attack is a stronger one: it never leaves more than two standard errors more accuracy.

    rows: {name: row of `evaluate`}, the weakest first; two are compared on the images that both have seen.
    """
    checks = []
    for (weak, first), (strong, second) in pairwise(rows.items()):
        before = first["correct"][np.isin(first["example"], second["example"])]
        rise, noise = second["correct"].mean() - before.mean(), _noise(before.mean(), len(before))
        checks.append(gate(f"{weak} >= {strong} at {norm} {eps}", rise <= noise, rise, f"rise of at most {noise:.3f}"))
    return checks


def least(rows, worst, norm, eps):
    """No attack leaves fewer images than the worst case over all attacks, image by image."""
    violations = 0
    for row in rows.values():
        seen = np.isin(row["example"], worst["example"])
        violations += (worst["correct"] & ~row["correct"][seen]).sum()
    return gate(f"every attack >= worst at {norm} {eps}", violations == 0, violations, "0 images")


def unmasked(broken, name, norm, eps):
    """Square, which sees no gradient, breaks next to nothing that the attacks with gradients have left.

    broken (n,): which images Square alone broke.
    """
    share, allowed = broken.mean(), max(MASKED_SHARE, 2 / len(broken))
    return gate(
        f"{name}'s Square does not beat white-box attacks at {norm} {eps}",
        share <= allowed,
        share,
        f"at most {allowed:.3f} of the images",
    )


def _noise(accuracy, n):
    """Two standard errors of an accuracy over n images; of one image in n where it is 0 or 1."""
    return 2 * np.sqrt(max(accuracy * (1 - accuracy), 1 / n) / n)
