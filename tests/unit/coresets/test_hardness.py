import numpy as np
import pytest
import torch
from torch.nn.utils import vector_to_parameters

from finitecover.coresets import hardness
from finitecover.coresets.hardness import average_input_gradient_norms
from finitecover.training.models import build_model
from unit.condensation.test_loop import DATASET, MODEL, experts, real


def scored(images=None, trajectories=None):
    default, labels = real()
    return average_input_gradient_norms(
        default if images is None else images,
        labels,
        experts() if trajectories is None else trajectories,
        model=MODEL,
        dataset=DATASET,
        device=torch.device("cpu"),
    )


def test_scores_are_mean_norms_of_gradients_at_pixels_after_every_epoch():
    images, labels = real()
    norms = []
    for state in np.concatenate([trajectory[1:] for trajectory in experts()]):
        network = build_model(MODEL, DATASET, 7)
        vector_to_parameters(torch.from_numpy(state), network.parameters())
        for image, label in zip(images[:5], labels[:5], strict=True):
            point = torch.from_numpy(image[None]).requires_grad_()
            logits = network(point)
            (torch.logsumexp(logits, 1) - logits[:, label]).sum().backward()
            norms.append(point.grad.square().sum().sqrt().item())
    assert len(norms) == 2 * 4 * 5  # two experts of four epochs
    assert scored()[:5] == pytest.approx(np.reshape(norms, (8, 5)).mean(axis=0), rel=1e-5)


def test_scores_are_the_same_every_time_and_for_either_storage_of_pixels():
    images = (255 * np.minimum(real()[0], 1)).astype(np.uint8)
    stored, again = scored(images), scored(images)
    assert stored.tobytes() == again.tobytes()
    assert stored == pytest.approx(scored(images.astype(np.float32) / 255))


def test_batches_change_rounding_alone(monkeypatch):
    whole = scored()
    monkeypatch.setattr(hardness, "BATCH", 7)
    assert scored() == pytest.approx(whole, rel=1e-5)


def test_images_at_the_border_of_classes_score_higher_than_those_far_from_it():
    images, _ = real()
    blended = images.copy()
    blended[:2] = images[:2].mean(axis=0)
    scores = scored(blended)
    assert scores[:2].min() > np.median(scores)


def test_experts_that_diverged_are_refused():
    with pytest.raises(ValueError, match=r"gradients of the experts are NaN or infinite; lower experts\.learning_rate"):
        scored(trajectories=[np.full_like(experts()[0], np.nan)])
