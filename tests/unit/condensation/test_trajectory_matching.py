import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from finitecover.condensation.loop import Task
from finitecover.condensation.trajectory_matching import TrajectoryMatching, expert_trajectory
from finitecover.training.models import build_model
from unit.condensation.test_loop import DATASET, EXPERTS, MODEL, SETTINGS, experts, real


def task(**changes):
    settings = {"start": "real", "momentum": 0.5, **SETTINGS["mtt"], **changes}
    return Task(*real(), 3, settings, MODEL, DATASET, "", 0, torch.device("cpu"), experts())


def test_an_expert_starts_from_its_seed_and_learns():
    first, other = experts()
    start = build_model(MODEL, DATASET, 0)
    assert first.shape == (EXPERTS["epochs"] + 1, sum(p.numel() for p in start.parameters()))
    assert first[0] == pytest.approx(parameters_to_vector(start.parameters()).detach().numpy())
    assert not np.allclose(first[0], other[0])
    images, labels = real()
    accuracies = []
    for parameters in (first[0], first[-1]):
        vector_to_parameters(torch.from_numpy(parameters.copy()), start.parameters())
        accuracies.append((start(torch.from_numpy(images)).argmax(1).numpy() == labels).mean())
    assert accuracies[1] > max(0.9, accuracies[0])


def test_the_seed_decides_an_expert():
    images, labels = real()
    common = {"model": MODEL, "dataset": DATASET, "augmentation": "crop_flip", "device": torch.device("cpu")}
    one, two = (expert_trajectory(images, labels, settings=EXPERTS, seed=3, **common) for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_the_loss_is_that_of_a_student_who_walks_with_plain_steps():
    method = TrajectoryMatching(task(synthetic_steps=3, batch_train=100))
    start, target = (torch.from_numpy(experts()[0][place].copy()) for place in (0, 2))
    with torch.no_grad():
        expected = build_model(MODEL, DATASET, 0)
        vector_to_parameters(start.clone(), expected.parameters())
    pixels = method.task.normalise.inverse(method.task.synthetic.detach())
    for _ in range(3):
        loss = F.cross_entropy(expected(pixels), method.task.labels)
        gradients = torch.autograd.grad(loss, list(expected.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(expected.parameters(), gradients, strict=True):
                parameter -= 0.05 * gradient
    end = parameters_to_vector(expected.parameters()).detach()
    wanted = ((end - target) ** 2).sum() / ((start - target) ** 2).sum()
    assert method.loss(start, target).item() == pytest.approx(wanted.item(), rel=1e-4)


def test_a_student_who_does_not_move_is_as_far_as_the_expert_went():
    method = TrajectoryMatching(task(learning_rate_network=0.0))
    start, target = (torch.from_numpy(experts()[0][place].copy()) for place in (0, 2))
    assert method.loss(start, target).item() == pytest.approx(1.0)


def test_experts_that_end_too_early_are_refused():
    with pytest.raises(ValueError, match="experts of 4 epochs are too short for latest_start 4 and expert_epochs 2"):
        TrajectoryMatching(task(latest_start=4))
