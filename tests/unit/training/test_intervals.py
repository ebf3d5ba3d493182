from contextlib import nullcontext
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from finitecover.certificates.bounds import adversarial_losses
from finitecover.evaluation.library_attacks import autoattack
from finitecover.training.attacks import perturb, predict
from finitecover.training.balls import BALLS
from finitecover.training.intervals import admits, certified, certified_radii, loss_bounds, worst_logits
from finitecover.training.models import build_model

DATASET = {"shape": (2, 8, 8), "classes": 4, "mean": [0.4, 0.6], "std": [0.3, 0.2]}
NETWORKS = {
    "mlp": {"architecture": "mlp", "width": 12, "depth": 2},
    "convnet": {"architecture": "convnet", "width": 6, "depth": 2, "norm": "none"},
}


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), radius=st.floats(0, 0.6))
def test_no_image_of_the_ball_exceeds_the_bounds(name, norm, seed, radius):
    network = build_model(NETWORKS[name], DATASET, seed)
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(6, 2, 8, 8, generator=generator)
    labels = torch.randint(4, (6,), generator=generator)
    radii = radius * torch.rand(6, generator=generator)
    bounds = worst_logits(network, images, labels, radii, norm)
    assert (bounds[torch.arange(6), labels] == 0).all()
    for direction in ("random", "corner"):
        delta = BALLS[norm].random(images, radii, generator)
        if direction == "corner":
            delta = BALLS[norm].steepest(torch.randn(images.shape, generator=generator)) * radii.view(-1, 1, 1, 1)
        points = (images + delta).clamp(0, 1)
        logits = network(points).detach()
        assert (logits - logits.gather(1, labels[:, None]) <= bounds + 1e-4).all()


def test_radius_zero_is_the_network_itself():
    for settings_ in NETWORKS.values():
        network = build_model(settings_, DATASET, 0)
        images, labels = torch.rand(5, 2, 8, 8), torch.tensor([0, 1, 2, 3, 0])
        for norm in ("linf", "l2"):
            losses = F.cross_entropy(worst_logits(network, images, labels, torch.zeros(5), norm), labels)
            assert torch.allclose(losses, F.cross_entropy(network(images), labels), atol=1e-5)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_linear_network_is_bounded_exactly(norm):
    """One hidden layer that copies the pixels, so that bounds after it are those of the first layer."""
    network = build_model({"architecture": "mlp", "width": 128, "depth": 1}, DATASET, 0)
    with torch.no_grad():
        network.features[1].weight.copy_(torch.eye(128))
        network.features[1].bias.fill_(50.0)  # so that ReLU passes everything
    images = 0.5 + 0.1 * torch.rand(3, 2, 8, 8)
    labels = torch.tensor([0, 1, 2])
    with torch.no_grad():
        bounds = worst_logits(network, images, labels, torch.full((3,), 0.05), norm)
        logits = network(images)
        std = network.normalise.std.expand(1, 2, 8, 8).flatten()
        weight = network.classifier.weight
        lengths = ((weight - weight[labels].unsqueeze(1)) / std).abs().sum(-1) * 0.05
    assert torch.allclose(bounds, logits - logits.gather(1, labels[:, None]) + lengths, atol=1e-3)


def test_a_layer_that_cannot_be_bounded_is_named():
    network = build_model({"architecture": "convnet", "width": 4, "depth": 2}, DATASET, 0)
    assert not admits(network)
    assert admits(build_model(NETWORKS["convnet"], DATASET, 0))
    with pytest.raises(ValueError, match="do not admit GroupNorm; choose an mlp, or a convnet with norm none"):
        worst_logits(network, torch.rand(1, 2, 8, 8), torch.tensor([0]), torch.zeros(1), "linf")


def test_certified_radii_are_the_largest(robust_digits, digits):
    network = robust_digits("mlp-ibp")
    images, labels = (column[:100] for column in digits["test"])
    radii = certified_radii(network, images, labels, "linf", 1.0)
    wrong = predict(network, images) != labels
    assert (radii[wrong] == -1).all()
    assert (radii[~wrong] >= 0).all()
    inner, outer = (radii[~wrong] - 1e-6).clamp_min(0), radii[~wrong] + 1e-6
    network = network.double()
    images, labels = images[~wrong].double(), labels[~wrong]
    assert certified(network, images, labels, inner, "linf").all()
    assert not certified(network, images, labels, outer, "linf").any()
    network.float()
    constant = build_model(NETWORKS["mlp"], DATASET, 0)
    with torch.no_grad():
        constant.classifier.weight.zero_()
        constant.classifier.bias.copy_(torch.tensor([1.0, 0, 0, 0]))
    assert certified_radii(constant, torch.rand(2, 2, 8, 8), torch.tensor([0, 1]), "linf", 1.0).tolist() == [1, -1]


def test_training_with_intervals_makes_a_network_that_they_certify(robust_digits, digits):
    images, labels = digits["test"]
    radii = torch.full((len(images),), 0.05)
    standard, intervals = (
        certified(robust_digits(name), images, labels, radii, "linf").double().mean() for name in ("mlp", "mlp-ibp")
    )
    assert intervals > standard + 0.3


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_no_attack_contradicts_a_certificate_on_thousands_of_images(robust_digits, digits, norm):
    network = robust_digits("mlp-ibp" if norm == "linf" else "mlp-ibp-l2")
    images, labels = (torch.cat(columns) for columns in zip(digits["train"], digits["test"], strict=True))
    assert len(images) > 1700
    radii = certified_radii(network, images, labels, norm, 1.0 if norm == "linf" else 8.0)
    certifiable = radii > 0.01
    assert certifiable.double().mean() > 0.5
    x, y, inside = images[certifiable], labels[certifiable], (radii[certifiable] * 0.999).float()
    error = partial(F.cross_entropy, target=y, reduction="sum")
    pgd = {"norm": norm, "steps": 40, "step_size": 0.1, "autocast": nullcontext}
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        points = perturb(network, x, error, inside, generator=generator, **pgd)
        assert (predict(network, points) == y).all()
    # Attacks do break images beyond: what they did not do above was not for want of strength.
    points = perturb(network, x, error, 5 * inside, generator=torch.Generator().manual_seed(0), **pgd)
    assert (predict(network, points) != y).double().mean() > 0.3
    # AutoAttack at one radius, on images certified there.
    size = inside.median().item()
    x, y = x[inside >= size][:150], y[inside >= size][:150]
    _, broken_by = autoattack(network, x, y, size, norm=norm, components=["apgd-ce", "apgd-t"], seed=0)
    assert (broken_by == "").all()


def test_bounds_on_the_loss_hold_against_attack(robust_digits, digits):
    network = robust_digits("mlp-ibp")
    images, labels = (column[:200] for column in digits["test"])
    radii = torch.linspace(0, 0.3, 200)
    losses, _ = adversarial_losses(
        network, images, labels, radii, norm="linf", steps=20, step_size=0.125, restarts=2, seed=0
    )
    assert (losses <= loss_bounds(network, images, labels, radii, "linf") + 1e-5).all()
