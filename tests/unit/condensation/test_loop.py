from functools import cache

import numpy as np
import pytest
import torch

from finitecover.condensation import loop, matching
from finitecover.condensation.loop import CONDENSATIONS, condense
from finitecover.condensation.trajectory_matching import expert_trajectory
from finitecover.jobs import checkpoint
from finitecover.training.models import build_model

DATASET = {"shape": (1, 8, 8), "classes": 2, "mean": [0.5], "std": [0.25]}
MODEL = {"architecture": "convnet", "width": 8, "depth": 2}
MATCHING = {"batch_train": 256, "learning_rate_network": 0.01, "outer_loops": 2, "inner_loops": 2}
SETTINGS = {
    "dm": {"iterations": 60, "learning_rate": 0.5},
    "dm-adversarial": {
        "iterations": 60,
        "learning_rate": 0.5,
        "adversary": {"norm": "linf", "eps": 0.1, "steps": 3, "step_size": 0.5},
    },
    "dc": {"iterations": 40, "learning_rate": 5.0, **MATCHING},
    "dsa": {"iterations": 40, "learning_rate": 5.0, **MATCHING},
    "mtt": {
        "iterations": 40,
        "learning_rate": 20.0,
        "batch_train": 4,
        "learning_rate_network": 0.05,
        "learning_rate_step": 1e-6,
        "synthetic_steps": 4,
        "expert_epochs": 2,
        "latest_start": 3,
    },
}
EXPERTS = {"epochs": 4, "learning_rate": 0.05, "batch_size": 16}
METHODS = sorted(SETTINGS)


def real(seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(60) % 2
    images = rng.random((60, 1, 8, 8)) * 0.4 + 0.5 * labels[:, None, None, None]
    return images.astype(np.float32), labels


@cache
def experts():
    images, labels = real()
    common = {"settings": EXPERTS, "model": MODEL, "dataset": DATASET, "augmentation": ""}
    return [expert_trajectory(images, labels, **common, seed=seed, device=torch.device("cpu")) for seed in (0, 1)]


def teacher():
    return build_model(MODEL, DATASET, 5).requires_grad_(False).eval()


def condensed(method, images=None, seed=0, k=3, augmentation="", state_path=None, code="", **changes):
    default, labels = real()
    settings = {"algorithm": method, "start": "real", "momentum": 0.5, "batch_real": 20, **SETTINGS[method]}
    return condense(
        default if images is None else images,
        labels,
        k,
        settings=settings | changes,
        model=MODEL,
        dataset=DATASET,
        augmentation=augmentation,
        seed=seed,
        device=torch.device("cpu"),
        experts=experts() if method == "mtt" else (),
        teacher=teacher() if method == "dm-adversarial" else None,
        state_path=state_path,
        code=code,
    )


@pytest.mark.parametrize("start", ["real", "noise"])
@pytest.mark.parametrize("method", METHODS)
def test_budget_and_range_are_exact_and_the_loss_goes_down(method, start):
    found = condensed(method, start=start)
    images, labels, history = found.images, found.labels, found.history
    assert images.shape == (6, 1, 8, 8)
    assert images.dtype == np.float32
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert images.min() >= 0
    assert images.max() <= 1
    losses = [row["loss"] for row in history]
    assert np.mean(losses[-10:]) < (1 if method == "mtt" else 0.9) * np.mean(losses[:5])


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_decides_everything(method):
    first, second, other = (condensed(method, seed=seed, iterations=3) for seed in (0, 0, 1))
    assert first.images.tobytes() == second.images.tobytes()
    assert (first.history, first.summary) == (second.history, second.summary)
    assert first.images.tobytes() != other.images.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_a_class_starts_from_its_own_images_and_follows_them_alone(method):
    images, labels = real()
    start = condensed(method, iterations=1, learning_rate=1e-9).images
    for label in (0, 1):
        chosen = start[3 * label : 3 * label + 3]
        assert all(np.abs(images[labels == label] - image).max(axis=(1, 2, 3)).min() < 1e-6 for image in chosen)
    if not method.startswith("dm"):
        return  # there, classes meet in the training of the network between updates; see below
    changed = images.copy()
    changed[labels == 1] = changed[labels == 1] ** 2
    before, after = condensed(method).images, condensed(method, changed).images
    assert before[:3].tobytes() == after[:3].tobytes()
    assert before[3:].tobytes() != after[3:].tobytes()


@pytest.mark.parametrize("method", ["dc", "dsa"])
def test_gradients_are_matched_class_by_class(method):
    images, labels = real()
    changed = images.copy()
    changed[labels == 1] = changed[labels == 1] ** 2
    once = {"iterations": 1, "outer_loops": 1}
    before, after = condensed(method, **once).images, condensed(method, changed, **once).images
    assert before[:3].tobytes() == after[:3].tobytes()
    assert before[3:].tobytes() != after[3:].tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_pieces_change_rounding_alone(method, monkeypatch):
    whole = condensed(method, iterations=2)
    monkeypatch.setattr(matching, "CACHED", 4 * MODEL["width"] * 64 * 3)
    assert condensed(method, iterations=2).images == pytest.approx(whole.images, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_snapshots_lead_from_the_start_to_the_first_image_of_each_class(method):
    found = condensed(method, iterations=11)
    assert found.snapshots["iteration"].tolist() == [0, 2, 4, 7, 9, 11]
    assert (found.snapshots["image"][-1] == found.images[::3]).all()
    assert (found.snapshots["image"][0] == condensed(method, iterations=1).snapshots["image"][0]).all()
    assert (found.snapshots["image"][0] != found.snapshots["image"][1]).any()


def test_passes_through_networks_are_counted():
    # 2 classes of 20 real and 3 synthetic images; 2 outer loops, 2 epochs of training between them
    counts = {
        "dm": (2 * (20 + 3), 2 * 3),
        "dm-adversarial": (2 * (3 * 20 + 20 + 3), 2 * (3 * 20 + 3)),  # 3 steps of PGD
        "dc": (2 * 2 * (20 + 3) + 2 * 6, 2 * 2 * (20 + 2 * 3) + 2 * 6),
        "mtt": (4 * 4 - 4, 2 * (4 * 4 - 4)),  # 4 steps on 4, 2, 4 and 2 of the 6 images
    }
    for method, (seen, gradients) in counts.items():
        summary = condensed(method, iterations=3).summary
        assert (summary["images_seen"], summary["gradient_evaluations"]) == (3 * seen, 3 * gradients)


def test_the_step_size_that_belongs_to_the_images_is_told():
    assert condensed("mtt", iterations=2).summary["step_size"] != SETTINGS["mtt"]["learning_rate_network"]


def test_what_was_clamped_is_recorded():
    none = condensed("dm", iterations=1, learning_rate=1e-6).summary
    assert none["clamped_share"] < 0.01
    much = condensed("dm", learning_rate=50.0, iterations=10).summary
    assert 0 < much["clamped_share"] <= 1
    assert 0 < much["clamped_mean"] <= much["clamped_largest"]


@pytest.mark.parametrize(("method", "changes"), [("dm", True), ("dm-adversarial", True), ("dsa", True), ("dc", False)])
def test_augmentation_is_for_those_who_use_it(method, changes):
    plain, augmented = condensed(method, iterations=2), condensed(method, augmentation="crop_cutout", iterations=2)
    assert (plain.images.tobytes() != augmented.images.tobytes()) == changes


def test_more_images_than_a_class_has_are_refused():
    with pytest.raises(ValueError, match="asked for 31 images per class, but a class has 30"):
        condensed("dm", k=31)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("method", METHODS)
def test_what_is_killed_resumes_to_the_same_bytes(method, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    settings = {"iterations": 7, "augmentation": "crop_cutout_flip"}
    whole = condensed(method, **settings)
    state = tmp_path / "run" / "state.pt"
    iterate, done = CONDENSATIONS[method].iterate, []

    def killed(self, optimiser):
        if len(done) == 4:
            raise KilledError
        done.append(1)
        return iterate(self, optimiser)

    with monkeypatch.context() as patch:
        patch.setattr(CONDENSATIONS[method], "iterate", killed)
        with pytest.raises(KilledError):
            condensed(method, state_path=state, **settings)
    counted = []
    monkeypatch.setattr(
        CONDENSATIONS[method], "iterate", lambda self, optimiser: counted.append(1) or iterate(self, optimiser)
    )
    again = condensed(method, state_path=state, **settings)
    assert len(counted) == 3
    for field in ("images", "snapshots"):
        assert getattr(again, field).tobytes() == getattr(whole, field).tobytes()
    assert (again.history, again.summary) == (whole.history, whole.summary)
    for other in ({"seed": 1}, {"code": "another"}, {"momentum": 0.4}):
        counted.clear()
        condensed(method, state_path=state, **settings | other)
        assert len(counted) == 7


def test_a_state_that_cannot_be_read_is_not_used(tmp_path):
    path = tmp_path / "state.pt"
    path.write_bytes(b"PK not a state")
    assert checkpoint.Checkpoint(path, "key").load() is None
    kept = checkpoint.Checkpoint(path, "key")
    kept.save({"iteration": 3})
    assert kept.load() == {"iteration": 3}
    assert checkpoint.Checkpoint(path, "another").load() is None


def own_means(task):
    """A condensation as a function: the loss that the synthetic images are moved against."""
    losses = [(task.real(label).mean(dim=0) - task.own(label).mean(dim=0)).square().sum() for label in (0, 1)]
    return torch.stack(losses).sum()


class OwnMeans(matching.Method):
    """The same as a class."""

    def iterate(self, optimiser):
        loss = own_means(self.task)
        optimiser.step(loss)
        return loss.item()


def test_a_condensation_of_ones_own_is_a_function_or_a_class(monkeypatch):
    found = []
    for own in (own_means, OwnMeans):
        monkeypatch.setitem(CONDENSATIONS, "mine", matching.as_method(own))
        monkeypatch.setitem(SETTINGS, "mine", {"iterations": 30, "learning_rate": 0.5, "batch_real": 30})
        found.append(condensed("mine", start="noise"))
    assert found[0].images.tobytes() == found[1].images.tobytes()
    assert found[0].history[-1]["loss"] < 0.1 * found[0].history[0]["loss"]


@pytest.fixture
def own(monkeypatch):
    """A function that makes a function of a task one of the user's condensations, called mine."""

    def add(function):
        for table in (loop.OWN, CONDENSATIONS):
            monkeypatch.setitem(table, "mine", matching.as_method(function))
        monkeypatch.setitem(SETTINGS, "mine", {"iterations": 6, "learning_rate": 0.5})

    return add


def test_the_seed_decides_a_condensation_of_ones_own_by_global_generators_killed_or_not(own, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    calls = []

    def towards_noise(task):
        calls.append(1)
        if len(calls) == 16:
            raise KeyboardInterrupt
        return (task.synthetic - torch.randn_like(task.synthetic) * np.random.rand()).square().sum()  # noqa: NPY002

    own(towards_noise)
    first, other = condensed("mine"), condensed("mine", seed=1)
    with pytest.raises(KeyboardInterrupt):
        condensed("mine", state_path=tmp_path / "state.pt")
    again = condensed("mine", state_path=tmp_path / "state.pt")
    assert len(calls) == 6 + 6 + 4 + 3
    assert first.images.tobytes() == again.images.tobytes() != other.images.tobytes()


def test_a_condensation_that_diverges_is_stopped_and_told(own):
    own(lambda task: (task.synthetic * torch.nan).sum())
    told = "mine diverged: at iteration 1 of 6 an image is NaN or infinite; lower the learning_rate, which is 0.5"
    with pytest.raises(ValueError, match=told):
        condensed("mine")
    with pytest.raises(ValueError, match="dm diverged: at iteration"):
        condensed("dm", learning_rate=1e38)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda task: 3.0, "ValueError: returned a float; expected a loss, a tensor of one number that has a gradient"),
        (lambda task: task.synthetic[0], r"ValueError: returned a tensor of shape \(1, 8, 8\); expected a loss"),
        (lambda task: task.synthetic.detach().sum(), r"ValueError: returned a tensor of shape \(\); expected a loss"),
        (lambda task: task.nothing, "AttributeError: 'Task' object has no attribute 'nothing'"),
    ],
)
def test_an_error_of_a_condensation_of_ones_own_has_its_name(own, function, told):
    own(function)
    with pytest.raises(ValueError, match=f"own condensation mine: {told}"):
        condensed("mine")
