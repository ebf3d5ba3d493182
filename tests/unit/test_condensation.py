import numpy as np
import pytest
import torch

from finitecover.condensation import distribution_matching

DATASET = {"shape": (1, 8, 8), "classes": 2, "mean": [0.5], "std": [0.25]}
MODEL = {"architecture": "convnet", "width": 8, "depth": 2}
SETTINGS = {"iterations": 60, "learning_rate": 0.5, "momentum": 0.5, "batch_real": 20}


def real(seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(60) % 2
    images = rng.random((60, 1, 8, 8)) * 0.4 + 0.5 * labels[:, None, None, None]
    return images.astype(np.float32), labels


def condensed(images=None, seed=0, k=3, augmentation="", **changes):
    default, labels = real()
    return distribution_matching(
        default if images is None else images,
        labels,
        k,
        settings=SETTINGS | changes,
        model=MODEL,
        dataset=DATASET,
        augmentation=augmentation,
        seed=seed,
        device=torch.device("cpu"),
    )


def test_budget_and_range_are_exact_and_the_loss_goes_down():
    images, labels, history, _ = condensed()
    assert images.shape == (6, 1, 8, 8)
    assert images.dtype == np.float32
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert images.min() >= 0
    assert images.max() <= 1
    losses = [row["loss"] for row in history]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5])


def test_the_seed_decides_everything():
    first, second, other = condensed(), condensed(), condensed(seed=1)
    assert first[0].tobytes() == second[0].tobytes()
    assert first[2] == second[2]
    assert first[0].tobytes() != other[0].tobytes()


def test_classes_never_mix():
    images, labels = real()
    changed = images.copy()
    changed[labels == 1] = changed[labels == 1] ** 2
    before, after = condensed()[0], condensed(changed)[0]
    assert before[:3].tobytes() == after[:3].tobytes()
    assert before[3:].tobytes() != after[3:].tobytes()


def test_what_was_clamped_is_recorded():
    *_, none = condensed(iterations=1, learning_rate=1e-6)
    assert none["share"] < 0.01
    *_, much = condensed(learning_rate=50.0, iterations=10)
    assert 0 < much["share"] <= 1
    assert 0 < much["mean"] <= much["largest"]


def test_augmentation_changes_the_outcome():
    assert condensed()[0].tobytes() != condensed(augmentation="crop_cutout")[0].tobytes()


def test_more_images_than_a_class_has_are_refused():
    with pytest.raises(ValueError, match="larger sample than population"):
        condensed(k=31)
