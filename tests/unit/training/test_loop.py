from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import pytest
import torch

from finitecover.jobs import checkpoint
from finitecover.training.attacks import perturb
from finitecover.training.loop import _Batches, train
from finitecover.training.models import Network, build_model
from finitecover.training.objectives import divergence, make_objective, total_divergence
from finitecover.training.optimiser import SGD

DATASET = {"shape": (1, 8, 8), "classes": 2, "mean": [0.5], "std": [0.3]}
OPTIMISATION = {
    "steps": 30,
    "batch_size": 16,
    "learning_rate": 0.05,
    "momentum": 0.9,
    "weight_decay": 0.0005,
    "precision": "float32",
}
ADVERSARY = {"norm": "linf", "steps": 2, "step_size": 0.5, "warmup": 0.5}

TRADES = ADVERSARY | {"beta": 6.0}


def bright_or_dark(n=40):
    """Two classes that differ in brightness."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 2
    return torch.rand(n, 1, 8, 8, generator=generator) * 0.5 + 0.5 * labels.view(-1, 1, 1, 1), labels


INTERVALS = {"norm": "linf", "warmup": 0.5, "kappa": 0.5}
ADVERSARIES = [None, ADVERSARY, ADVERSARY | {"norm": "l2"}, TRADES, INTERVALS]


def objective_of(adversary):
    if adversary is None:
        return "clean"
    return "trades" if "beta" in adversary else "intervals" if "kappa" in adversary else "pgd"


def trained(adversary=None, weights=None, radii=None, **options):
    """Weights, history and model."""
    flat, result, model = fully_trained(adversary, weights, radii, **options)
    return flat, result.history, model


def fully_trained(
    adversary=None,
    weights=None,
    radii=None,
    sampled=False,
    augmentation="",
    noise=0.0,
    seed=0,
    kept=None,
    validation=None,
    snapshots=0,
    targets=None,
    **changes,
):
    images, labels = bright_or_dark()
    model = build_model({"architecture": "mlp", "width": 8, "depth": 1}, DATASET, seed=0)
    weights = torch.ones(40) if weights is None else weights
    radii = torch.full((40,), 0.1) if radii is None else radii
    result = train(
        model,
        images,
        labels,
        weights,
        radii,
        optimisation=OPTIMISATION | changes,
        objective=objective_of(adversary),
        adversary=adversary,
        sampled=sampled,
        augmentation=augmentation,
        noise=noise,
        seed=seed,
        targets=targets,
        validation=validation,
        snapshots=snapshots,
        checkpoint=kept,
    )
    return torch.cat([p.detach().flatten() for p in model.parameters()]), result, model


@pytest.mark.parametrize("adversary", ADVERSARIES)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_loss_goes_down_and_the_seed_decides_everything(adversary, precision):
    first, history, _ = trained(adversary, precision=precision)
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["step"] == 30
    second, again, _ = trained(adversary, precision=precision)
    assert torch.equal(first, second)
    assert history == again
    assert not torch.equal(first, trained(adversary, precision=precision, seed=1)[0])


@pytest.mark.parametrize("adversary", [None, ADVERSARY])
def test_augmented_images_stay_pixels_and_are_others_in_every_batch(adversary, monkeypatch):
    seen = []
    forward = Network.forward
    monkeypatch.setattr(Network, "forward", lambda self, x: seen.append(x.detach().clone()) or forward(self, x))
    first, history, _ = trained(adversary, augmentation="crop_cutout_rotate_color", batch_size=40)
    assert all(x.min() >= 0 and x.max() <= 1 for x in seen)
    originals, _ = bright_or_dark()
    whole = {round(x.sum().item(), 2) for x in seen}
    assert len(whole) > len(history)
    assert round(originals.sum().item(), 2) not in whole
    assert torch.equal(first, trained(adversary, augmentation="crop_cutout_rotate_color", batch_size=40)[0])


@pytest.mark.parametrize("adversary", [None, ADVERSARY, ADVERSARY | {"norm": "l2"}, TRADES])
def test_hard_labels_as_probabilities_give_the_same_weights(adversary):
    _, labels = bright_or_dark()
    weights = torch.linspace(0.5, 2, 40)
    hard, history, _ = trained(adversary, weights)
    soft, again, _ = trained(adversary, weights, targets=torch.nn.functional.one_hot(labels, 2).float())
    assert torch.equal(hard, soft)
    assert history == again


@pytest.mark.parametrize("adversary", [None, ADVERSARY, TRADES])
def test_a_teachers_doubts_are_learnt(adversary):
    images, labels = bright_or_dark()
    doubtful = torch.full((40, 2), 0.3).scatter(1, labels.view(-1, 1), 0.7)
    learnt = []
    for targets in (None, doubtful):
        _, _, model = trained(adversary, targets=targets, steps=200)
        with torch.no_grad():
            learnt.append(model(images).softmax(1).gather(1, labels.view(-1, 1)).mean().item())
    assert learnt[1] == pytest.approx(0.7, abs=0.1)
    assert learnt[0] > learnt[1] + 0.1


def test_trades_weighs_the_divergence_from_clean_predictions(monkeypatch):
    images, labels = bright_or_dark()
    seen = []
    monkeypatch.setattr(SGD, "step", lambda self, loss: seen.append(loss.item()))
    model = build_model({"architecture": "mlp", "width": 8, "depth": 1}, DATASET, seed=0)
    logits = model(images)
    clean = torch.nn.functional.cross_entropy(logits, labels).item()
    for weight, radius in (({}, 0.0), ({"beta": 0.0}, 0.1), ({"beta": 2.0}, 0.1), ({"beta": 4.0}, 0.1)):
        trained(ADVERSARY | {"warmup": 0} | weight, radii=torch.full((40,), radius), steps=1, batch_size=40)
    assert seen[:2] == pytest.approx([clean, clean])
    assert seen[2] > clean
    assert seen[3] - clean == pytest.approx(2 * (seen[2] - clean), rel=1e-4)


def test_trades_seeks_images_whose_predictions_diverge():
    images, _ = bright_or_dark()
    model = trained()[2]
    natural = model(images).detach()
    settings = {"norm": "linf", "step_size": 0.5, "autocast": nullcontext}
    divergences = []
    for steps in (0, 5):
        generator = torch.Generator().manual_seed(0)
        error = partial(total_divergence, natural)
        points = perturb(model, images, error, torch.full((40,), 0.1), steps=steps, generator=generator, **settings)
        divergences.append(divergence(natural, model(points)).detach())
    assert (divergences[1] >= 0).all()
    assert divergences[1].mean() > 2 * divergences[0].mean()
    expected = torch.distributions.kl_divergence(
        *(torch.distributions.Categorical(logits=z) for z in (natural, model(points)))
    )
    assert torch.allclose(divergences[1], expected, atol=1e-5)


def test_steps_set_the_cost_whatever_the_number_of_images():
    assert len(trained(steps=7)[1]) == 7
    assert len(trained(steps=400)[1]) == 20


def test_batches_visit_every_image_equally_often():
    batches = _Batches(10, 4, torch.Generator().manual_seed(0))
    drawn = torch.cat([next(batches) for _ in range(25)])
    assert np.bincount(drawn).tolist() == [10] * 10
    assert len(next(_Batches(3, 8, torch.Generator()))) == 3


class KilledError(Exception):
    pass


@contextmanager
def killed_after(updates, monkeypatch):
    """A training inside the block is killed at the update after so many."""
    steps, step = [], SGD.step

    def killed(self, loss):
        if len(steps) == updates:
            raise KilledError
        steps.append(1)
        step(self, loss)

    with monkeypatch.context() as patch:
        patch.setattr(SGD, "step", killed)
        with pytest.raises(KilledError):
            yield


@pytest.mark.parametrize("adversary", [None, ADVERSARY, INTERVALS])
def test_what_is_killed_resumes_to_the_same_weights_history_snapshots_and_cost(adversary, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    images, labels = bright_or_dark()
    settings = {"augmentation": "crop_flip", "batch_size": 12, "noise": 0.1, "snapshots": 4}
    settings["validation"] = (images[:9], labels[:9], 0.1)
    whole, result, _ = fully_trained(adversary, **settings)
    kept = checkpoint.Checkpoint(tmp_path / "state.pt", "key")
    with killed_after(17, monkeypatch):
        fully_trained(adversary, kept=kept, **settings)
    steps, step = [], SGD.step
    monkeypatch.setattr(SGD, "step", lambda self, loss: steps.append(1) or step(self, loss))
    again, continued, _ = fully_trained(adversary, kept=kept, **settings)
    assert len(steps) == 30 - 17
    assert torch.equal(again, whole)
    assert continued.history == result.history
    assert continued.cost == result.cost
    for one, other in zip(continued.snapshots, result.snapshots, strict=True):
        assert one["step"] == other["step"]
        assert all(torch.equal(value, other["model"][name]) for name, value in one["model"].items())


class Dropping(torch.nn.Dropout):
    """Drops out by the global generators of PyTorch and of NumPy."""

    def forward(self, x):
        return super().forward(x) * (0.5 + np.random.rand())  # noqa: NPY002


def test_the_seed_decides_what_a_network_drops_out_killed_or_not(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    images, labels = bright_or_dark()

    def dropping(seed=0, kept=None):
        network = build_model({"architecture": "mlp", "width": 8, "depth": 1}, DATASET, seed=0)
        network.features.append(Dropping())
        asked = {"optimisation": OPTIMISATION, "seed": seed, "checkpoint": kept}
        train(network, images, labels, torch.ones(40), torch.zeros(40), **asked)
        return torch.cat([weight.detach().flatten() for weight in network.parameters()])

    whole, other = dropping(), dropping(seed=1)
    kept = checkpoint.Checkpoint(tmp_path / "state.pt", "key")
    with killed_after(17, monkeypatch):
        dropping(kept=kept)
    assert torch.equal(dropping(kept=kept), whole)
    assert not torch.equal(other, whole)


def test_snapshots_are_equidistant_and_the_last_is_the_model():
    _, result, model = fully_trained(ADVERSARY, snapshots=4)
    assert [snapshot["step"] for snapshot in result.snapshots] == [8, 15, 23, 30]
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in result.snapshots[-1]["model"].items())


@pytest.mark.parametrize(("adversary", "passes"), [(None, 1), (ADVERSARY, 3), (TRADES, 5), (INTERVALS, 3)])
def test_cost_is_counted_in_passes_of_single_images(adversary, passes):
    _, result, _ = fully_trained(adversary, steps=6, batch_size=10)
    gradients = {1: 1, 3: 3, 5: 4}[passes]  # TRADES' natural predictions before its steps need no gradient
    assert result.cost == {"images_seen": 60 * passes, "gradient_evaluations": 60 * gradients}


@pytest.mark.parametrize("adversary", [None, ADVERSARY])
def test_validation_chooses_the_best_moment_and_ends_in_its_weights(adversary):
    images, labels = bright_or_dark()
    # Of the other labels, so that the first moments are the best ones.
    validation = (images, 1 - labels, 0.1)
    flat, result, _ = fully_trained(adversary, validation=validation, snapshots=20, steps=20)
    accuracies = [row["validation"] for row in result.history]
    best = int(np.argmax(accuracies))
    assert best < 19
    assert accuracies[best] > accuracies[-1]
    chosen = torch.cat([result.snapshots[best]["model"][name].flatten() for name in parameter_names()])
    assert torch.equal(flat, chosen)
    last = torch.cat([result.snapshots[-1]["model"][name].flatten() for name in parameter_names()])
    assert torch.equal(last, fully_trained(adversary, steps=20)[0])


def parameter_names():
    model = build_model({"architecture": "mlp", "width": 8, "depth": 1}, DATASET, seed=0)
    return [name for name, _ in model.named_parameters()]


def test_noise_is_what_the_network_sees(monkeypatch):
    seen = []
    forward = Network.forward
    monkeypatch.setattr(Network, "forward", lambda self, x: seen.append(x.detach().clone()) or forward(self, x))
    trained(noise=0.25, batch_size=40, steps=2)
    images, _ = bright_or_dark()
    for x in seen:
        distance = torch.cdist(x.flatten(1), images.flatten(1)).amin(1)
        assert distance.mean().item() == pytest.approx(0.25 * 8, rel=0.1)
    assert not torch.equal(seen[0], seen[1])


def test_an_image_of_weight_zero_has_no_influence():
    images, labels = bright_or_dark()
    weights = torch.ones(40)
    weights[:5] = 0
    reference, _, _ = trained(weights=weights)
    images = images.clone()
    images[:5] = 0.123
    model = build_model({"architecture": "mlp", "width": 8, "depth": 1}, DATASET, seed=0)
    train(model, images, labels, weights, torch.zeros(40), optimisation=OPTIMISATION, adversary=None, seed=0)
    assert torch.equal(reference, torch.cat([p.detach().flatten() for p in model.parameters()]))


def test_weights_in_the_sampling_say_how_often_an_image_is_drawn():
    weights = torch.tensor([0.0, 1.0, 2.0, 5.0])
    batches = _Batches(4, 4, torch.Generator().manual_seed(0), weights)
    drawn = torch.bincount(torch.cat([next(batches) for _ in range(2000)]), minlength=4) / 8000
    assert torch.allclose(drawn, weights / 8, atol=0.02)


def test_an_image_that_is_never_drawn_changes_nothing():
    images, labels = bright_or_dark()
    weights = torch.ones(40)
    weights[:5] = 0
    found = []
    for replaced in (images, images.clone().index_fill_(0, torch.arange(5), 0.0)):
        model = build_model({"architecture": "mlp", "width": 8, "depth": 1}, DATASET, seed=0)
        options = {"optimisation": OPTIMISATION, "adversary": None, "sampled": True, "seed": 0}
        train(model, replaced, labels, weights, torch.zeros(40), **options)
        found.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(*found)


def test_sampled_images_weigh_the_same_in_the_loss():
    weights = torch.linspace(1, 3, 40)
    assert not torch.equal(trained(weights=weights, sampled=True)[0], trained(weights=weights)[0])
    assert torch.equal(trained(weights=weights, sampled=True)[0], trained(weights=10 * weights, sampled=True)[0])


def test_weights_are_relative():
    weights = torch.linspace(1, 3, 40)
    assert torch.allclose(trained(weights=weights)[0], trained(weights=10 * weights)[0], atol=1e-5)


@pytest.mark.parametrize(
    ("learning_rate", "steps", "message"),
    [
        (float("nan"), 30, r"at step 2 of 30 the loss is NaN or infinite; lower the learning_rate, which is nan"),
        (float("nan"), 1, r"at step 1 of 1 a weight is NaN or infinite"),
        (1e30, 30, r"of 30 the loss is NaN or infinite; lower the learning_rate, which is 1e\+30"),
    ],
)
def test_a_training_that_diverges_is_stopped_and_told(learning_rate, steps, message):
    with pytest.raises(ValueError, match=f"training diverged: .*{message}"):
        trained(learning_rate=learning_rate, steps=steps)


def test_radius_zero_is_standard_training():
    adversarial, _, _ = trained(ADVERSARY, radii=torch.zeros(40), batch_size=40)
    standard, _, _ = trained(None, batch_size=40)
    assert torch.allclose(adversarial, standard, atol=1e-4)


def test_larger_radii_make_training_harder():
    losses = [trained(ADVERSARY, radii=torch.full((40,), radius))[1][-1]["loss"] for radius in (0.0, 0.2, 0.5)]
    assert losses == sorted(losses)


def test_sgd_is_pytorchs():
    ours, theirs = (torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    mine = SGD([ours], 0.1, momentum=0.9, weight_decay=0.01)
    reference = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=0.01)
    for _ in range(5):
        mine.step((ours**4).sum())
        reference.zero_grad()
        (theirs**4).sum().backward()
        reference.step()
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("objective", "adversary", "message"),
    [
        ("fgsm", ADVERSARY, "unknown objective 'fgsm'; choose one of clean, pgd, trades, intervals"),
        ("pgd", None, "an adversary belongs to every objective but clean"),
        ("clean", ADVERSARY, "an adversary belongs to every objective but clean"),
    ],
)
def test_an_objective_is_one_that_there_is_with_the_adversary_that_it_needs(objective, adversary, message):
    with pytest.raises(ValueError, match=message):
        make_objective(objective, None, adversary, None, nullcontext)
