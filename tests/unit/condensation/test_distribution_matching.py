import numpy as np
import pytest
import torch
import torch.nn.functional as F

from finitecover.condensation.distribution_matching import AdversarialDistributionMatching
from finitecover.condensation.loop import condense
from finitecover.condensation.matching import Task
from finitecover.jobs import checkpoint
from finitecover.training.models import build_model
from unit.condensation.test_loop import DATASET, MODEL, SETTINGS, real, teacher


def matching(eps=0.1, steps=3):
    adversary = SETTINGS["dm-adversarial"]["adversary"] | {"eps": eps, "steps": steps}
    settings = {"start": "real", "batch_real": 20, "adversary": adversary}
    task = Task(*real(), 3, settings, MODEL, DATASET, "", 0, torch.device("cpu"), teacher=teacher())
    return AdversarialDistributionMatching(task)


def test_real_images_are_perturbed_against_the_teacher_within_eps():
    method, clean = matching(), matching(eps=0.0)
    images = clean.task.normalise.inverse(clean.real(0))
    moved = method.task.normalise.inverse(method.real(0))
    assert all(np.abs(real()[0][::2] - image.numpy()).max(axis=(1, 2, 3)).min() < 1e-6 for image in images)
    assert 0.05 < (moved - images).abs().max() <= 0.1 + 1e-6
    assert moved.min() >= -1e-6
    assert moved.max() <= 1 + 1e-6
    labels = torch.zeros(20, dtype=torch.long)
    errors = [F.cross_entropy(teacher()(pixels), labels, reduction="none") for pixels in (images, moved)]
    assert (errors[1] > errors[0]).all()


def test_the_loss_is_between_the_teachers_mean_features_of_perturbed_real_and_of_synthetic_images():
    method, again = matching(), matching()
    network = teacher()
    wanted = 0.0
    for label in (0, 1):
        own = network.features(again.task.own(label))
        target = network.features(again.real(label)).mean(dim=0)
        wanted += (target - own.mean(dim=0)).square().sum().item()
    assert method.loss(method.features()).item() == pytest.approx(wanted, rel=1e-4)


def made(teacher_seed, state_path=None):
    images, labels = real()
    settings = {"algorithm": "dm-adversarial", "momentum": 0.5, "start": "real", "batch_real": 20}
    return condense(
        images,
        labels,
        3,
        settings=SETTINGS["dm-adversarial"] | settings | {"iterations": 3},
        model=MODEL,
        dataset=DATASET,
        augmentation="",
        seed=0,
        device=torch.device("cpu"),
        teacher=build_model(MODEL, DATASET, teacher_seed).requires_grad_(False).eval(),
        state_path=state_path,
    ).images.tobytes()


def test_the_teacher_decides_the_images_also_of_what_is_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    path = tmp_path / "state.pt"
    first, again, other = made(5, path), made(5, path), made(6, path)
    assert first == again != other
    assert other == made(6)
