import numpy as np
import pytest
import torch

from finitecover.evaluation.gates import standard_broken
from finitecover.evaluation.rows import accuracies, evaluate
from finitecover.training.loop import train
from finitecover.training.models import build_model

DATASET = {"shape": (1, 8, 8), "classes": 2, "mean": [0.5], "std": [0.3]}
THREAT = {"linf": ["0.05", "1/4"], "l2": ["0.5"]}
ATTACKS = {
    "fgsm": {"kind": "pgd", "steps": 1, "step_size": 1, "restarts": 1, "random_start": False},
    "pgd": {"kind": "pgd", "steps": 5, "step_size": 0.3, "restarts": 1, "random_start": True},
}


NO_LIBRARY = {"examples": 60, "threat": {}}


def images_and_labels(n=60):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 2
    return torch.rand(n, 1, 8, 8, generator=generator) * 0.6 + 0.4 * labels.view(-1, 1, 1, 1), labels


@pytest.fixture(scope="module")
def network():
    images, labels = images_and_labels()
    model = build_model({"architecture": "mlp", "width": 8, "depth": 1}, DATASET, seed=0)
    optimisation = {
        "steps": 60,
        "batch_size": 60,
        "learning_rate": 0.05,
        "momentum": 0.9,
        "weight_decay": 0,
        "precision": "float32",
    }
    train(model, images, labels, torch.ones(60), torch.zeros(60), optimisation=optimisation, adversary=None, seed=0)
    return model


def evaluated(model):
    return evaluate(model, *images_and_labels(), range(60), threat=THREAT, attacks=ATTACKS, library=NO_LIBRARY, seed=0)


def failed(model):
    return {gate["gate"] for gate in evaluated(model)[1] if not gate["passed"]}


def test_one_row_per_image_attack_norm_and_size(network):
    rows, gates = evaluated(network)
    assert [(row["attack"][0], row["norm"][0], row["eps"][0]) for row in rows] == [
        ("clean", "none", "0"),
        *((attack, "linf", eps) for eps in ("0.05", "1/4") for attack in ("fgsm", "pgd", "worst")),
        *((attack, "l2", "0.5") for attack in ("fgsm", "pgd", "worst")),
    ]
    assert all(len(column) == 60 for row in rows for column in row.values())
    assert all(gate["passed"] for gate in gates), gates
    assert len(gates) == 3 + len(THREAT) + 3 * (len(ATTACKS) + 2)


def test_all_images_are_classified_and_the_chosen_ones_attacked(network):
    chosen = np.array([3, 10, 11, 40])
    rows, _ = evaluate(
        network, *images_and_labels(), chosen, threat=THREAT, attacks=ATTACKS, library=NO_LIBRARY, seed=0
    )
    assert rows[0]["example"].tolist() == list(range(60))
    assert all(row["example"].tolist() == chosen.tolist() for row in rows[1:])
    _, labels = images_and_labels()
    assert all((row["label"] == labels.numpy()[row["example"]]).all() for row in rows)
    assert [row["n"] for row in accuracies(rows)] == [60] + 9 * [4]


def test_worst_is_the_least_favourable_attack_for_each_image(network):
    rows, _ = evaluated(network)
    for fgsm, pgd, worst in zip(rows[1::3], rows[2::3], rows[3::3], strict=True):
        assert (worst["correct"] == (fgsm["correct"] & pgd["correct"])).all()
        assert (worst["correct"] == (worst["prediction"] == worst["label"])).all()


def test_the_same_seed_gives_the_same_rows(network):
    first, second = evaluated(network)[0], evaluated(network)[0]
    assert all((a[name] == b[name]).all() for a, b in zip(first, second, strict=True) for name in a)


def test_accuracy_is_the_share_of_correct_rows(network):
    rows, _ = evaluated(network)
    table = accuracies(rows)
    assert table[0] == {
        "attack": "clean",
        "norm": "none",
        "eps": "0",
        "accuracy": rows[0]["correct"].mean(),
        "n": 60,
        "median_distance": 0,
    }
    clean, largest = table[0]["accuracy"], table[6]["accuracy"]
    assert clean > 0.9
    assert largest < clean


class Masked(torch.nn.Module):
    """Rounds its logits: right answers, and gradients that are zero everywhere."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        logits = self.model(x)
        return (logits * 10).round() / 10 + 0 * logits


class Fragile(torch.nn.Module):
    """Answers at random: an evaluation of it cannot be repeated."""

    def forward(self, x):
        return torch.rand(len(x), 2) + 0 * x.sum()


def test_a_masked_gradient_fails_the_gate_at_eps_one(network):
    assert "linf eps = 1 breaks the model" in failed(Masked(network))


def test_a_random_answer_fails_the_gate_at_eps_zero():
    assert "eps = 0 is clean" in failed(Fragile())


def test_an_attack_that_leaves_the_ball_is_caught(network, monkeypatch):
    from finitecover.training import attacks

    monkeypatch.setattr(
        attacks, "_step", lambda ball, images, points, gradient, radius, size: points + 0.3 * gradient.sign()
    )
    assert {"pgd linf 0.05 stays in the ball and in [0, 1]", "fgsm l2 0.5 stays in the ball and in [0, 1]"} <= failed(
        network
    )


def test_a_standard_model_must_be_broken():
    assert standard_broken(0.05, "linf", "8/255")["passed"]
    assert not standard_broken(0.3, "linf", "8/255")["passed"]
