"""Gates: statements that a sound evaluation makes true whatever the model; one that fails is reported, never hidden.

Carlini et al. 2019 (arXiv 1902.06705) and Croce et al. 2020 argue for most of them.
"""

from fractions import Fraction

import torch
import torch.nn.functional as F

BALL_TOLERANCE = 1e-6  # of an image's distance, in float64: float32 pixels cannot meet a radius exactly
TIE = 1e-4  # of the logits of two classes, which float32 does not tell apart
GATE_EXAMPLES = 200  # images on which the gates that need attacks of their own run
MASKED_SHARE = 0.002  # that Square alone may break, as AutoAttack's authors have it
FORGOTTEN_SHARE = 0.02  # that a stronger attack may leave of what a weaker one breaks
LONGER_SHARE = 0.05  # of all images, that four times the steps may break beyond PGD
BEYOND_SHARE = 0.1  # of all images, that AutoAttack may
ALLOWANCE = 2  # images that may always do


def gate(name, passed, value, expected):
    """A row of the table of gates."""
    return {"gate": name, "passed": bool(passed), "value": float(value), "expected": expected}


def standard_broken(accuracy, norm, eps):
    """Gate for a model trained without adversaries at the largest eps of its data set in a norm: it is broken."""
    return gate(f"a standard model is broken by {norm} {eps}", accuracy <= 0.1, accuracy, "at most 0.1")


def eps_zero(target, settings):
    """At eps = 0 a step of an attack must leave the clean predictions as they are.

    Where two logits lie within rounding, which depends on the size of a batch on a GPU, either class is one.
    """
    target = target.part(range(min(GATE_EXAMPLES, len(target.labels))))
    _, predictions = target.pgd("linf", 0.0, settings | {"steps": 1, "restarts": 1})
    with torch.no_grad():
        first, second = target.model(target.images).topk(2).values.unbind(1)
    differing = ((predictions != target.clean) & (first - second > TIE)).sum()
    return gate("eps = 0 is clean", differing == 0, differing, "0 predictions differ beyond rounding")


def gradients(target):
    """Attacks follow gradients: they must not vanish at images that are classified correctly."""
    target = target.part(range(min(GATE_EXAMPLES, len(target.labels))))
    images = target.images.clone().requires_grad_()
    loss = F.cross_entropy(target.model(images), target.labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, images)
    vanished = (gradient.flatten(1).abs().amax(1) == 0)[target.clean == target.labels]
    share = vanished.double().mean() if len(vanished) else torch.tensor(0.0)
    return gate("gradients vanish nowhere", share <= 0.01, share, "at most 0.01 of the correct images")


def more_steps(target, left, settings, norm, eps):
    """Four times the steps break little more; else the attack stops before it is done.

    left: positions of the images that the attack of these settings has not broken; of more than `GATE_EXAMPLES` the
    first stand for the rest.
    """
    tried = left[:GATE_EXAMPLES]
    longer = settings | {"steps": 4 * settings["steps"], "restarts": 1}
    _, predictions = target.pgd(norm, float(Fraction(eps)), longer, tried)
    broken = (predictions[tried] != target.labels[tried]).sum() * len(left) / max(len(tried), 1)
    return _few(f"more steps add little at {norm} {eps}", broken, len(target.labels), LONGER_SHARE, "of the images")


def ordered(target, weaker, broken, stronger, settings, norm, eps):
    """A stronger attack breaks, by itself, what a weaker one breaks.

    weaker, stronger: names; broken: positions of what the weaker one broke; settings: of the stronger one.
    """
    broken = broken[:GATE_EXAMPLES]
    _, predictions = target.pgd(norm, float(Fraction(eps)), settings, broken)
    left = (predictions[broken] == target.labels[broken]).sum()
    name = f"{stronger} breaks what {weaker} breaks at {norm} {eps}"
    return _few(name, left, len(broken), FORGOTTEN_SHARE, "of it left")


def beyond_pgd(broken, n, name, norm, eps):
    """AutoAttack breaks little beyond PGD: where PGD alone was run, it is near enough. broken: number of images."""
    return _few(f"{name} breaks little beyond PGD at {norm} {eps}", broken, n, BEYOND_SHARE, "of the images")


def broken_at_one(target, settings):
    """At linf eps = 1 any image can become any other, so only a constant answer, right for one class, can survive."""
    target = target.part(range(min(GATE_EXAMPLES, len(target.labels))))
    _, predictions = target.pgd("linf", 1.0, settings)
    right, constant, n = (predictions == target.labels).sum(), target.labels.bincount().max(), len(target.labels)
    expected = f"at most {constant / n:.3f}, one class"
    return gate("linf eps = 1 breaks the model", right <= constant, right / n, expected)


def excess(target, adversarial, norm, eps):
    """How far each adversarial image lies outside the ball of a size, a number, or outside [0, 1], (n,) float64;
    infinite where it is not finite."""
    outside_ball = target.distances(adversarial, norm) - eps
    outside_box = torch.maximum(-adversarial, adversarial - 1).flatten(1).amax(1).double()
    finite = adversarial.flatten(1).isfinite().all(1)
    return torch.where(finite, torch.maximum(outside_ball, outside_box).clamp_min(0), torch.inf)


def inside(target, adversarial, norm, eps, name):
    """Every adversarial image lies in [0, 1] and, measured in float64, in the ball."""
    outside = excess(target, adversarial, norm, float(Fraction(eps)))
    worst = outside.max() if len(outside) else 0.0
    expected = f"at most {BALL_TOLERANCE:g} outside"
    return gate(f"{name} {norm} {eps} stays in the ball and in [0, 1]", worst <= BALL_TOLERANCE, worst, expected)


def unmasked(broken, n, name, norm, eps):
    """Square, which sees no gradient, breaks next to nothing that the attacks with gradients have left.

    broken: number of images, of n, that Square alone broke.
    """
    name = f"{name}'s Square does not beat white-box attacks at {norm} {eps}"
    return _few(name, broken, n, MASKED_SHARE, "of the images")


def _few(name, count, n, share, of):
    """Gate on a number of images: at most a share of n, or `ALLOWANCE`; the value is their share of n."""
    allowed = max(ALLOWANCE, share * n)
    return gate(name, count <= allowed, float(count) / max(n, 1), f"at most {allowed / max(n, 1):.3f} {of}")
