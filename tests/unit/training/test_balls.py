"""Radii in float32: no ball loses what it must hold."""

import numpy as np
import pytest
import torch

from finitecover.jobs.records import load_records, save_records, training_set
from finitecover.training.balls import float32_radii
from finitecover.training.intervals import loss_bounds
from finitecover.training.loop import train
from finitecover.training.models import build_model
from trace_bound import _side
from train_model import _tensors

DOWN, UP = 0.7, 0.1  # which float32 rounds down and up
DATASET = {"shape": (1, 4, 4), "classes": 2, "mean": [0.5], "std": [0.3]}


def test_float32_rounds_one_of_these_down_and_one_up():
    assert float(np.float32(DOWN)) < DOWN
    assert float(np.float32(UP)) > UP


@pytest.mark.parametrize(
    ("outwards", "found"),
    [
        (True, [np.nextafter(np.float32(DOWN), np.float32(1)), np.float32(UP), 0.5, 0]),
        (False, [np.float32(DOWN), np.nextafter(np.float32(UP), np.float32(0)), 0.5, 0]),
    ],
)
def test_radii_become_float32_in_one_direction(outwards, found):
    radii = float32_radii(torch.tensor([DOWN, UP, 0.5, 0], dtype=torch.float64), outwards)
    assert radii.dtype == torch.float32
    assert radii.tolist() == [float(value) for value in found]


def test_no_radius_becomes_smaller_outwards_or_larger_inwards_and_what_is_float32_stays():
    radii = torch.rand(1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    outer, inner = float32_radii(radii), float32_radii(radii, outwards=False)
    assert (outer.double() >= radii).all()
    assert (inner.double() <= radii).all()
    assert torch.equal(torch.nextafter(inner, torch.full_like(inner, 2)), outer)
    assert torch.equal(float32_radii(outer), outer)


@pytest.fixture
def cover(tmp_path):
    """A stored cover of two images whose radius is, with an eps of 0.2, what float32 rounds down."""
    images = np.full((2, 1, 4, 4), 0.5, dtype=np.float32)
    radii = {"linf": np.full(2, DOWN - 0.2), "l2": np.zeros(2)}
    save_records(tmp_path / "train.npy", training_set(images, np.array([0, 1]), radii=radii))
    return load_records(tmp_path / "train.npy")


def test_training_gets_eps_and_radius_as_they_are_and_perturbs_within_no_less(cover, monkeypatch):
    training = {"adversary": {"eps": 0.2, "norm": "linf"}, "weights": "loss", "enlarged": True}
    data = _tensors(cover, training, classes=2)
    given = data["radii"]
    assert given.dtype == torch.float64
    assert given.tolist() == [0.2 + (DOWN - 0.2)] * 2
    within = []

    def watched(name, model, adversary, generator, autocast):
        def loss_of(x, y, radii, growth):
            within.append(growth * radii)
            logits = model(x)
            return torch.nn.functional.cross_entropy(logits, y, reduction="none"), logits

        return loss_of

    monkeypatch.setattr("finitecover.training.loop.make_objective", watched)
    optimisation = {"steps": 1, "batch_size": 2, "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.0}
    model = build_model({"architecture": "mlp", "width": 4, "depth": 1}, DATASET, 0)
    adversary = {"norm": "linf", "steps": 1, "step_size": 1, "warmup": 0}
    train(model, **data, optimisation=optimisation | {"precision": "float32"}, adversary=adversary, seed=0)
    (radii,) = within
    assert radii.dtype == torch.float32
    assert (radii.double() >= given).all()
    assert (given.float().double() < given).all()  # to the nearest, they would have been smaller


def test_the_bound_is_certified_within_eps_and_radius_as_they_are(cover):
    images, labels, radii = _side(cover, 0.2 + cover["radius_linf"], torch.device("cpu"))
    assert radii.tolist() == [0.2 + (DOWN - 0.2)] * 2
    network = build_model({"architecture": "mlp", "width": 4, "depth": 1}, DATASET, 0)
    within = [loss_bounds(network, images, labels, values, "l2") for values in (radii, radii.float())]
    assert (within[0] > within[1]).all()
