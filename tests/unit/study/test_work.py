"""How much work jobs are, beside one another."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from finitecover.study import outputs, work
from finitecover.training.models import ARCHITECTURES
from studies import study

DIGITS, CIFAR = {"source": "digits"}, {"source": "torchvision", "name": "CIFAR10"}


@pytest.mark.parametrize(
    "model",
    [
        {"architecture": "convnet", "width": 16, "depth": 3},
        {"architecture": "mlp", "width": 128, "depth": 2},
        {"architecture": "resnet", "width": 32, "depth": 2},
    ],
)
def test_multiplications_of_a_network_are_those_that_pytorch_counts(model, monkeypatch):
    monkeypatch.setattr(work, "PER_VALUE", 0)
    monkeypatch.setattr(work, "PER_PRODUCT", 1)
    with FlopCounterMode(display=False) as counter:
        ARCHITECTURES[model["architecture"]]((3, 32, 32), model["width"], model["depth"])(torch.zeros(1, 3, 32, 32))
    # two operations each; shortcuts of residual blocks are left out
    assert work.network(model, CIFAR) == pytest.approx(counter.get_total_flops() / 2, rel=0.05)


def test_work_grows_with_what_a_job_is_asked_for():
    config, more = study(), study()
    more["optimisation"]["steps"] *= 2
    more["evaluation"]["attacks"]["autoattack"]["targets"] = 9
    more["methods"]["dm"]["iterations"] *= 10
    jobs = [job for job in outputs.costly_jobs(config) if job["dataset"] == "mnist" and job["training_set"]]
    grown = {(job["rule"], job["training_set"]): _ratio(job, more, config) for job in jobs}
    assert grown["train_model", "random-ipc10"] == 2
    assert 1.5 < grown["attack_model", "random-ipc10"] < 3
    assert grown["condense_dataset", "dm-ipc10"] == 10
    assert grown["condense_dataset", "dsa-ipc10"] == 1
    assert grown["solve_cover", "mfc-ipc10"] is None


def _ratio(job, one, other):
    found = [work.of_job(job, config) for config in (one, other)]
    return None if None in found else found[0] / found[1]


def test_every_rule_with_networks_of_every_study_says_what_work_it_is():
    for name in ("smoke", "certificates", "paper", "selections", "condensation"):
        config = study(name)
        told = {job["rule"]: work.of_job(job, config) for job in outputs.costly_jobs(config)}
        assert all(told.get(rule, 1) > 0 for rule in work._RULES), name
