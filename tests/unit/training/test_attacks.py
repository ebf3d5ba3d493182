from contextlib import nullcontext
from functools import partial
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from finitecover.training.attacks import attack, perturb, predict
from finitecover.training.balls import BALLS
from finitecover.training.models import build_model

DATASET = {"shape": (1, 8, 8), "classes": 3, "mean": [0.4], "std": [0.3]}
PGD = {"steps": 8, "step_size": 0.25}


@pytest.fixture(scope="module")
def network():
    model = build_model({"architecture": "mlp", "width": 16, "depth": 1}, DATASET, seed=0)
    return model.eval().requires_grad_(False)


class Linear(torch.nn.Module):
    """Logits (0, w x): class 1 where w x > 0."""

    def __init__(self, weights):
        super().__init__()
        self.weights = torch.tensor(weights)

    def forward(self, x):
        score = x.flatten(1) @ self.weights
        return torch.stack([torch.zeros_like(score), score], dim=1)


def wrong(labels):
    """The error that adversarial training raises."""
    return partial(F.cross_entropy, target=labels, reduction="sum")


def sample(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 1, 8, 8, generator=generator), torch.randint(3, (n,), generator=generator)


@pytest.mark.parametrize("norm", sorted(BALLS))
@settings(max_examples=25, deadline=None)
@given(eps=st.floats(0, 2), seed=st.integers(0, 99), restarts=st.integers(1, 2))
def test_no_adversarial_image_leaves_the_ball_or_the_box(network, norm, eps, seed, restarts):
    images, labels = sample(9, seed)
    generator = torch.Generator().manual_seed(seed)
    found, predictions = attack(network, images, labels, eps, norm=norm, restarts=restarts, generator=generator, **PGD)
    trained = perturb(
        network,
        images,
        wrong(labels),
        torch.full((9,), eps),
        norm=norm,
        generator=generator,
        autocast=nullcontext,
        **PGD,
    )
    for points in (found, trained):
        assert BALLS[norm].length(points.double() - images.double()).max() <= eps + 1e-6
        assert points.min() >= 0
        assert points.max() <= 1
    assert (predictions == predict(network, found)).all()


@pytest.mark.parametrize("norm", sorted(BALLS))
def test_each_image_has_a_radius_of_its_own_in_training(network, norm):
    images, labels = sample(4)
    radius = torch.tensor([0.0, 0.1, 0.2, 0.4])
    generator = torch.Generator().manual_seed(0)
    points = perturb(
        network, images, wrong(labels), radius, norm=norm, generator=generator, autocast=nullcontext, **PGD
    )
    lengths = BALLS[norm].length(points.double() - images.double())
    assert (lengths <= radius + 1e-6).all()
    assert lengths[0] == 0
    assert lengths[3] > 0.2


@pytest.mark.parametrize("norm", sorted(BALLS))
def test_eps_zero_is_clean_accuracy(network, norm):
    images, labels = sample(50)
    _, predictions = attack(network, images, labels, 0.0, norm=norm, restarts=2, **PGD)
    assert (predictions == predict(network, images)).all()


def test_fgsm_on_a_linear_model_by_hand():
    model = Linear([2.0, -1.0])
    images = torch.tensor([0.5, 0.2]).view(1, 1, 1, 2)  # score 0.8
    labels = torch.tensor([1])
    for eps, broken in ((0.26, False), (0.27, True)):  # the score falls by 3 eps
        found, predictions = attack(model, images, labels, eps, norm="linf", steps=1, step_size=1.0, random_start=False)
        assert found.flatten().tolist() == pytest.approx([0.5 - eps, 0.2 + eps])
        assert (predictions.item() == 0) == broken


def test_l2_step_on_a_linear_model_follows_the_gradient():
    model = Linear([0.3, -0.4])
    images, labels = torch.tensor([0.9, 0.1]).view(1, 1, 1, 2), torch.tensor([1])
    found, _ = attack(model, images, labels, 0.1, norm="l2", steps=1, step_size=1.0, random_start=False)
    assert found.flatten().tolist() == pytest.approx([0.9 - 0.06, 0.1 + 0.08])


@pytest.mark.parametrize("norm", sorted(BALLS))
def test_more_steps_never_lower_the_loss_of_a_linear_model(norm):
    model = Linear([0.5, -1.0, 0.2, 0.7])
    images, labels = torch.full((6, 1, 2, 2), 0.5), torch.tensor([1, 0, 1, 0, 1, 0])
    losses = []
    for steps in (1, 2, 4, 8, 16):
        generator = torch.Generator().manual_seed(3)
        points = perturb(
            model,
            images,
            wrong(labels),
            torch.full((6,), 0.2),
            norm=norm,
            steps=steps,
            step_size=0.25,
            generator=generator,
            autocast=nullcontext,
        )
        losses.append(torch.nn.functional.cross_entropy(model(points), labels).item())
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(losses))
    assert losses[-1] > losses[0]


def test_restarts_and_batches_never_help_the_model(network):
    images, labels = sample(60)
    labels = predict(network, images)
    accuracy = []
    for restarts in (1, 4):
        generator = torch.Generator().manual_seed(0)
        _, predictions = attack(
            network, images, labels, 0.05, norm="linf", restarts=restarts, generator=generator, batch=60, **PGD
        )
        accuracy.append((predictions == labels).float().mean().item())
    assert accuracy[1] <= accuracy[0]


def test_images_that_are_wrong_already_stay_as_they_are(network):
    images, _ = sample(20)
    labels = (predict(network, images) + 1) % 3
    found, predictions = attack(network, images, labels, 0.3, norm="linf", **PGD)
    assert (found == images).all()
    assert (predictions != labels).all()


@pytest.mark.parametrize("norm", sorted(BALLS))
def test_projection_and_random_start_keep_to_the_ball(norm):
    ball, generator = BALLS[norm], torch.Generator().manual_seed(0)
    radius = torch.linspace(0, 2, 50)
    images = torch.zeros(50, 1, 8, 8)
    start = ball.random(images, radius, generator)
    assert (ball.length(start) <= radius + 1e-6).all()
    far = ball.project(torch.randn(50, 1, 8, 8, generator=generator) * 10, radius)
    assert ball.length(far).tolist() == pytest.approx(radius.tolist(), abs=1e-5)
    assert (ball.project(start, radius) - start).abs().max() <= 1e-6
    assert ball.length(ball.steepest(torch.randn(5, 1, 8, 8, generator=generator))).tolist() == pytest.approx([1] * 5)
