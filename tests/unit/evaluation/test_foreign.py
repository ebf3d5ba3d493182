"""Attacks of the user's, as people write them: none of them may change what other attacks find."""

import random

import numpy as np
import pytest
import torch

from finitecover.evaluation import rows
from finitecover.evaluation.foreign import adversarial_images
from finitecover.evaluation.rows import accuracies, evaluate
from finitecover.training.passes import Passes

PGD = {"kind": "pgd", "steps": 3, "step_size": 0.5, "restarts": 1, "random_start": True}
THREAT = {"linf": ["0.05", "0.1"]}


def in_place(model, images, labels, eps, norm, generator):
    images += eps * torch.sign(torch.randn(images.shape, generator=generator))
    return images.clamp_(0, 1)


def in_training_mode(model, images, labels, eps, norm, generator):
    model.train()
    model.requires_grad_(True)
    return images


def without_weights(model, images, labels, eps, norm, generator):
    for weight in model.parameters():
        weight.zero_()
    return images


def shuffled_labels(model, images, labels, eps, norm, generator):
    labels.copy_(labels.flip(0))
    return images


def by_global_generators(model, images, labels, eps, norm, generator):
    torch.manual_seed(1)
    return (images + eps * (2 * torch.rand(images.shape) - 1) * np.random.random() * random.random()).clamp(0, 1)  # noqa: NPY002


def outside(model, images, labels, eps, norm, generator):
    return images + 10 * eps


def no_numbers(model, images, labels, eps, norm, generator):
    return images * torch.nan


def in_another_order(model, images, labels, eps, norm, generator):
    return images.flip(0)


def in_double_precision(model, images, labels, eps, norm, generator):
    return images.double()


@pytest.fixture
def measured(digits, robust_digits, monkeypatch):
    """A function of an own attack, or None: accuracies of all attacks, and the gates."""
    images, labels = (part[:60] for part in digits["test"])

    def measure(function):
        attacks = {"pgd": PGD}
        if function is not None:
            monkeypatch.setitem(rows.OWN, "mine", function)
            attacks["mine"] = {"kind": "own", "function": "mine"}
        asked = {"threat": THREAT, "attacks": attacks, "library": {"examples": 10, "threat": {}}, "seed": 0}
        found, gates, _ = evaluate(robust_digits("convnet"), images.clone(), labels.clone(), np.arange(60), **asked)
        return {(row["attack"], row["eps"]): row["accuracy"] for row in accuracies(found)}, gates

    return measure


@pytest.mark.parametrize(
    "function",
    [in_place, in_training_mode, without_weights, shuffled_labels, by_global_generators, in_double_precision],
)
def test_an_attack_changes_no_row_but_its_own_and_the_worst_case(measured, function):
    alone, _ = measured(None)
    python, numpy = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    beside, gates = measured(function)
    again, _ = measured(function)
    assert {key: value for key, value in beside.items() if key[0] not in ("mine", "worst")} == {
        key: value for key, value in alone.items() if key[0] != "worst"
    }
    assert beside == again  # its random numbers are those of the seed
    assert random.getstate() == python
    assert (np.random.get_state()[1] == numpy).all()  # noqa: NPY002
    assert all(gate["passed"] for gate in gates if gate["gate"].startswith("mine"))


@pytest.mark.parametrize("function", [outside, no_numbers, in_another_order])
def test_images_that_are_not_adversarial_break_nothing_and_are_told(measured, function):
    alone, _ = measured(None)
    beside, gates = measured(function)
    for eps in THREAT["linf"]:
        assert beside["worst", eps] == alone["worst", eps]
        assert beside["mine", eps] == alone["clean", "0"]
        (inside,) = [gate for gate in gates if gate["gate"].startswith(f"mine linf {eps} stays")]
        assert not inside["passed"]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda images: None, r"own attack mine returned None; expected a tensor of shape \(4, 1, 8, 8\)"),
        (lambda images: (images, images), "own attack mine returned a tuple of 2; expected a tensor"),
        (lambda images: images.numpy(), "own attack mine returned a ndarray; expected a tensor"),
        (lambda images: images[:2], r"returned a tensor of shape \(2, 1, 8, 8\) and type torch.float32; expected"),
        (lambda images: (images * 255).byte(), r"of shape \(4, 1, 8, 8\) and type torch.uint8; expected .* floats in"),
    ],
)
def test_what_is_no_batch_of_images_is_refused_by_the_name_of_its_function(returned, message):
    images, labels = torch.rand(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64)
    model = torch.nn.Flatten()
    with pytest.raises(ValueError, match=message):
        adversarial_images("mine", lambda model, images, *rest: returned(images), model, images, labels, 0.1, "linf", 0)


def test_what_an_attack_sends_through_its_copy_of_the_network_is_counted():
    model = torch.nn.Flatten()
    passes = Passes(model)

    def attack(model, images, labels, eps, norm, generator):
        model(images)
        return images

    images, labels = torch.rand(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64)
    adversarial_images("mine", attack, model, images, labels, 0.1, "linf", 0)
    assert passes.images_seen == 4


class Keeping(torch.nn.Flatten):
    """Keeps its activations, as networks do that are looked into."""

    def forward(self, x):
        self.last, self.all = super().forward(x), [{"first": super().forward(x)}]
        return self.last


def test_a_network_that_keeps_its_activations_is_copied():
    images, labels = torch.rand(4, 1, 8, 8, requires_grad=True), torch.zeros(4, dtype=torch.int64)
    model = Keeping()
    model(images)
    kept = model.last
    found = adversarial_images("mine", lambda model, images, *rest: images, model, images, labels, 0.1, "linf", 0)
    assert torch.equal(found, images)
    assert model.last is kept


def test_what_goes_wrong_in_an_attack_is_told_with_its_name():
    def fails(model, images, labels, eps, norm, generator):
        torch.set_default_dtype(torch.float64)
        raise KeyError("oops")

    images, labels = torch.rand(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64)
    with pytest.raises(ValueError, match="own attack mine: KeyError: 'oops'"):
        adversarial_images("mine", fails, torch.nn.Flatten(), images, labels, 0.1, "linf", 0)
    assert torch.get_default_dtype() == torch.float32
