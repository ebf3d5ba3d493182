import logging

import numpy as np
import pytest
import torch

from finitecover.evaluation.library_attacks import MINIMAL_NORM, autoattack, minimal_norm
from finitecover.training.attacks import attack, predict
from finitecover.training.balls import BALLS
from finitecover.training.passes import Passes


@pytest.fixture
def target(digits, robust_digits):
    images, labels = digits["test"]
    return robust_digits("convnet"), images[:60], labels[:60]


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.15), ("l2", 0.8)])
def test_autoattack_is_seeded_stays_in_the_ball_and_beats_pgd(target, norm, eps):
    model, images, labels = target
    torch.manual_seed(5)
    state = torch.get_rng_state()
    found, broken_by = autoattack(model, images, labels, eps, norm=norm, seed=0)
    assert torch.equal(torch.get_rng_state(), state)
    again, _ = autoattack(model, images, labels, eps, norm=norm, seed=0)
    assert torch.equal(found, again)
    distance = BALLS[norm].length(found.double() - images.double())
    assert distance.max() <= eps + 1e-6
    assert found.min() >= 0
    assert found.max() <= 1
    broken = predict(model, found) != labels
    assert (broken.numpy() == (broken_by != "")).all()
    settings = {"norm": norm, "steps": 20, "step_size": 0.125, "restarts": 2}
    _, by_pgd = attack(model, images, labels, eps, generator=torch.Generator().manual_seed(0), **settings)
    assert 0 < broken.sum() < 60
    assert broken.sum() >= (by_pgd != labels).sum()


def test_autoattack_runs_its_components_on_what_is_left(target):
    model, images, labels = target
    _, all_four = autoattack(model, images, labels, 0.15, norm="linf", seed=0)
    _, first = autoattack(model, images, labels, 0.15, norm="linf", components=["apgd-ce"], seed=0)
    assert ((first == "apgd-ce") == (all_four == "apgd-ce")).all()
    assert ((first == "clean") == (predict(model, images) != labels).numpy()).all()
    assert set(np.unique(all_four)) <= {"", "clean", "apgd-ce", "apgd-t", "fab-t", "square"}


def test_where_nothing_is_left_no_network_is_asked(target):
    _, images, labels = target

    def network(x):
        raise AssertionError(f"{len(x)} images")  # a reshape of none fails in many

    found, broken_by = autoattack(network, images[:0], labels[:0], 0.1, norm="linf", seed=0)
    assert (found.shape, broken_by.shape) == (images[:0].shape, (0,))


@pytest.mark.parametrize(
    ("component", "few", "counted"),
    [("apgd-t", {"targets": 1}, "gradient_evaluations"), ("square", {"queries": 20}, "images_seen")],
)
def test_fewer_targets_and_fewer_queries_cost_less(target, component, few, counted):
    model, images, labels = target
    passes = Passes(model)
    counts = []
    for options in (few, {}):
        before = passes.counts()[counted]
        found, _ = autoattack(model, images, labels, 0.02, norm="linf", components=[component], seed=0, **options)
        counts.append(passes.counts()[counted] - before)
        assert BALLS["linf"].length(found.double() - images.double()).max() <= 0.02 + 1e-6
    passes.stop()
    assert 0 < counts[0] < counts[1] / 4


def test_two_classes_leave_out_what_needs_four_and_say_so(caplog):
    torch.manual_seed(0)
    images = torch.rand(12, 1, 6, 6)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 2))
    labels = predict(model, images)
    with caplog.at_level(logging.WARNING, logger="finitecover"):
        _, broken_by = autoattack(model, images, labels, 0.3, norm="linf", seed=0)
    assert "no apgd-t" in caplog.text
    assert (broken_by != "").all()


@pytest.mark.parametrize(
    ("algorithm", "norm"), [(name, norm) for name, norms in MINIMAL_NORM.items() for norm in norms]
)
def test_minimal_perturbations_of_a_linear_model_are_its_margins(algorithm, norm):
    torch.manual_seed(1)
    images = 0.5 + 0.02 * torch.rand(20, 1, 6, 6)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 2))
    with torch.no_grad():
        logits = model(images)
    labels = logits.argmax(1)
    weight = (model[1].weight[0] - model[1].weight[1]).detach()
    length = weight.abs().sum() if norm == "linf" else weight.norm()
    margin = (logits[:, 0] - logits[:, 1]).abs() / length
    found = minimal_norm(model, images, labels, norm=norm, algorithm=algorithm, steps=300)
    distance = BALLS[norm].length(found - images)
    assert (predict(model, found) != labels).all()
    assert (distance >= margin * (1 - 1e-4)).all()
    assert (distance <= margin * 1.25 + 1e-3).all()


def test_what_is_wrong_already_needs_no_perturbation(target):
    model, images, _ = target
    wrong = (predict(model, images) + 1) % 10
    assert torch.equal(minimal_norm(model, images, wrong, norm="l2", algorithm="deepfool", steps=5), images)


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.1), ("l2", 0.5)])
def test_our_pgd_is_no_weaker_than_foolboxs_at_equal_steps(digits, robust_digits, norm, eps):
    import foolbox

    images, labels = digits["test"]
    model = robust_digits("convnet")
    kinds = {"linf": foolbox.attacks.LinfPGD, "l2": foolbox.attacks.L2PGD}
    torch.manual_seed(0)
    theirs = kinds[norm](steps=10, rel_stepsize=0.25, random_start=True)
    _, found, _ = theirs(foolbox.PyTorchModel(model, bounds=(0, 1)), images, labels, epsilons=eps)
    settings = {"norm": norm, "steps": 10, "step_size": 0.25, "restarts": 1}
    _, ours = attack(model, images, labels, eps, generator=torch.Generator().manual_seed(0), **settings)
    robust = (predict(model, found) == labels).double().mean()
    error = (robust * (1 - robust) / len(labels)).sqrt()
    assert 0.2 < robust < 0.95
    assert (ours == labels).double().mean() <= robust + error
