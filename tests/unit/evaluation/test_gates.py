"""Every gate passes where all is well, and fails for a model or an attack that it is there for."""

import numpy as np
import pytest
import torch

from finitecover.evaluation import gates
from finitecover.evaluation.rows import Target, evaluate
from finitecover.training.attacks import predict

N = 60
PGD = {"kind": "pgd", "steps": 5, "step_size": 0.3, "restarts": 1, "random_start": True}
FGSM = {"kind": "pgd", "steps": 1, "step_size": 1, "restarts": 1, "random_start": False}
STANDING = {"kind": "pgd", "steps": 1, "step_size": 0, "restarts": 1, "random_start": False}  # moves nothing
SHORT = {"kind": "pgd", "steps": 2, "step_size": 0.05, "restarts": 1, "random_start": False}  # a tenth of the way
AUTOATTACK = {"kind": "autoattack", "components": ["apgd-ce", "square"]}


class Brightness(torch.nn.Module):
    """Class 1 where the mean pixel is above one half, by a slope of logits against brightness."""

    def forward(self, x):
        score = 20 * (x.flatten(1).mean(1) - 0.5)
        return torch.stack([-score, score], dim=1)


class Masked(Brightness):
    """The same with logits rounded: right answers, and no gradient anywhere."""

    def forward(self, x):
        return super().forward(x).round() + 0 * x.sum()


class Kinked(Brightness):
    """The same with logits that point the other way near an image of the data: gradients lead away from the border."""

    def forward(self, x):
        logits = super().forward(x)
        return torch.where(logits.abs() > 1, 20 * logits.sign() - logits, logits)


class Random(torch.nn.Module):
    """Answers at random: an evaluation of it cannot be repeated."""

    def forward(self, x):
        return torch.rand(len(x), 2) + 0 * x.sum()


def images_and_labels():
    """Images whose distances from the border, in linf, lie between 0.02 and 0.3."""
    labels = torch.arange(N) % 2
    away = torch.linspace(0.02, 0.3, N)
    noise = 0.1 * torch.rand(N, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    noise -= noise.mean((1, 2, 3), keepdim=True)
    return 0.5 + noise + ((2 * labels - 1) * away).view(-1, 1, 1, 1), labels


def target(model):
    images, labels = images_and_labels()
    return Target(model, images, labels, predict(model, images), torch.arange(N), 0)


def failed(model, attacks, sizes=(), eps="0.1"):
    """Gates that fail in an evaluation at linf eps, library attacks at the given sizes."""
    images, labels = images_and_labels()
    library = {"examples": N, "threat": {"linf": list(sizes)}}
    asked = {"threat": {"linf": [eps]}, "attacks": attacks, "library": library, "seed": 0}
    _, found, _ = evaluate(model, images, labels, np.arange(N), **asked)
    return {gate["gate"] for gate in found if not gate["passed"]}


def test_all_gates_pass_for_a_sound_model_and_sound_attacks():
    attacks = {"fgsm": FGSM, "pgd": PGD, "autoattack": AUTOATTACK}
    assert failed(Brightness(), attacks, sizes=["0.1"]) == set()


def test_eps_zero_is_one_step_and_fails_for_answers_at_random():
    assert "eps = 0 is clean" in failed(Random(), {"pgd": PGD})
    asked, model = target(Brightness()), Brightness()
    seen = []
    model.register_forward_pre_hook(lambda _, arguments: seen.append(len(arguments[0])))
    asked.model = model
    assert gates.eps_zero(asked, PGD)["passed"]
    assert seen == [N, N, N, N]  # clean, at the start, after the step, for ties


def test_gradients_that_vanish_are_told():
    assert {"gradients vanish nowhere", "linf eps = 1 breaks the model"} <= failed(Masked(), {"pgd": PGD})


def test_more_steps_fail_an_attack_that_stops_before_it_is_done():
    assert "more steps add little at linf 0.1" in failed(Brightness(), {"pgd": SHORT})
    left = torch.arange(N)
    gate = gates.more_steps(target(Brightness()), left, SHORT, "linf", "0.1")
    # two steps go 0.01 far, eight 0.04; those between are broken by the longer run alone
    distance = (images_and_labels()[0].flatten(1).mean(1) - 0.5).abs()
    assert gate["value"] == pytest.approx((distance < 0.04 - 1e-6).double().mean().item(), abs=1 / N)
    assert not gate["passed"]
    assert gates.more_steps(target(Brightness()), left[:0], SHORT, "linf", "0.1")["passed"]  # nothing left is no fault


def test_a_stronger_attack_that_does_not_break_what_a_weaker_one_breaks_is_told():
    assert "pgd breaks what fgsm breaks at linf 0.1" in failed(Brightness(), {"fgsm": FGSM, "pgd": STANDING})
    broken = torch.arange(20)
    gate = gates.ordered(target(Brightness()), "fgsm", broken, "pgd", STANDING, "linf", "0.1")
    assert (gate["value"], gate["passed"]) == (1, False)
    two = gates.ordered(target(Brightness()), "fgsm", broken[:2], "pgd", STANDING, "linf", "0.1")
    assert two["passed"]  # images are counted, and two may always slip through


def test_what_autoattack_breaks_far_beyond_pgd_is_told():
    attacks = {"pgd": STANDING, "autoattack": AUTOATTACK}
    assert "autoattack breaks little beyond PGD at linf 0.1" in failed(Brightness(), attacks, sizes=["0.1"])
    assert gates.beyond_pgd(10, 100, "autoattack", "linf", "0.1")["passed"]
    assert not gates.beyond_pgd(11, 100, "autoattack", "linf", "0.1")["passed"]


def test_what_a_library_has_seen_of_the_images_is_what_the_worst_case_is_over_from_then_on():
    images, labels = images_and_labels()
    library = {"examples": 20, "threat": {"linf": ["0.1"]}}
    attacks = {"pgd": PGD, "autoattack": AUTOATTACK}
    asked = {"threat": {"linf": ["0.05", "0.1", "0.12"]}, "attacks": attacks, "library": library, "seed": 0}
    rows, *_ = evaluate(Brightness(), images, labels, np.arange(N), **asked)
    worst = {str(row["eps"][0]): row for row in rows if row["attack"][0] == "worst"}
    assert [len(row["correct"]) for row in worst.values()] == [N, 20, 20]
    assert worst["0.12"]["example"].tolist() == worst["0.1"]["example"].tolist()
    assert worst["0.12"]["correct"].sum() <= worst["0.1"]["correct"].sum()


def test_a_constant_answer_is_no_sign_of_masked_gradients():
    class Constant(torch.nn.Module):
        def forward(self, x):
            return torch.tensor([[1.0, 0.0]]).repeat(len(x), 1) + 0 * x.mean()

    for first in (140, 123):  # shares of 200 that float32 rounds down and up
        labels = (torch.arange(200) >= first).long()
        images = torch.rand(200, 1, 2, 2, generator=torch.Generator().manual_seed(0))
        asked = Target(Constant(), images, labels, torch.zeros(200, dtype=torch.int64), torch.arange(200), 0)
        assert gates.broken_at_one(asked, PGD)["passed"]


def test_what_square_breaks_and_gradients_do_not_is_told():
    attacks = {"pgd": PGD, "autoattack": AUTOATTACK}
    name = "autoattack's Square does not beat white-box attacks at linf 0.1"
    assert name in failed(Kinked(), attacks, sizes=["0.1"])
    assert gates.unmasked(2, 100, "autoattack", "linf", "0.1")["passed"]
    assert not gates.unmasked(3, 100, "autoattack", "linf", "0.1")["passed"]


def test_an_attack_that_leaves_the_ball_is_told(monkeypatch):
    from finitecover.training import attacks

    def leaving(ball, images, points, gradient, radius, size):
        return points + 0.3 * gradient.sign()

    monkeypatch.setattr(attacks, "_step", leaving)
    assert "pgd linf 0.1 stays in the ball and in [0, 1]" in failed(Brightness(), {"pgd": PGD})


def test_a_standard_model_must_be_broken():
    assert gates.standard_broken(0.05, "linf", "8/255")["passed"]
    assert not gates.standard_broken(0.3, "linf", "8/255")["passed"]
