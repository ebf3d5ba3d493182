import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from scipy.spatial.distance import cdist

from finitecover.certificates.bounds import adversarial_losses, ceiling_radii, hard_loss_bounds, transferred_radii
from finitecover.certificates.smoothing import smoothed_radii

SMOOTHING = {"sigma": 0.5, "guesses": 50, "samples": 20000, "alpha": 0.001, "seed": 0}


def linear(classes=2, seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, classes))


def margins(model, images, labels):
    """Distances in l2 to the boundary of a linear model of two classes, negative where it is wrong."""
    weight = (model[1].weight[0] - model[1].weight[1]).detach()
    with torch.no_grad():
        logits = model(images)
    sign = torch.where(labels == 0, 1, -1)
    return sign * (logits[:, 0] - logits[:, 1]) / weight.norm()


def test_smoothing_a_linear_model_certifies_its_margin_and_no_more():
    model, images = linear(), torch.rand(30, 1, 4, 4)
    labels = model(images).argmax(1)
    true = margins(model, images, labels)
    radii = smoothed_radii(model, images, labels, **SMOOTHING)
    given = radii >= 0
    assert given.sum() > 20
    assert (radii[given] <= true[given] + 1e-6).all()
    clear = true > 0.1
    assert (radii[clear] > 0.8 * true[clear].clamp_max(1.5) - 0.03).all()


def test_smoothing_certifies_no_wrong_class_and_no_tie():
    model, images = linear(), torch.rand(10, 1, 4, 4)
    wrong = 1 - model(images).argmax(1)
    few = SMOOTHING | {"samples": 100}
    radii = smoothed_radii(model, images, wrong, **few)
    assert (radii[margins(model, images, wrong) < -0.2] == -1).all()
    indifferent = lambda x: torch.stack([x[:, 0, 0, 0] - 0.5, 0.5 - x[:, 0, 0, 0]], dim=1)  # noqa: E731
    tie = torch.full((5, 1, 4, 4), 0.5)
    assert (smoothed_radii(indifferent, tie, torch.zeros(5, dtype=torch.int64), **few) <= 0.1).all()


def test_a_certified_radius_grows_with_the_number_of_samples_up_to_what_they_can_show():
    certain = lambda x: torch.tensor([[1.0, 0.0]]).repeat(len(x), 1)  # noqa: E731
    image, label = torch.rand(1, 1, 4, 4), torch.zeros(1, dtype=torch.int64)
    radii = [smoothed_radii(certain, image, label, **SMOOTHING | {"samples": n}).item() for n in (10, 100, 1000)]
    assert radii == sorted(radii)
    assert radii[1] == pytest.approx(0.5 * stats.norm.ppf(0.001 ** (1 / 100)))


@pytest.mark.parametrize("n", [1, 2, 50])
def test_certificates_hold_together_so_each_is_made_at_alpha_by_their_number(n):
    certain = lambda x: torch.tensor([[1.0, 0.0]]).repeat(len(x), 1)  # noqa: E731
    images, labels = torch.rand(n, 1, 4, 4), torch.zeros(n, dtype=torch.int64)
    radii = smoothed_radii(certain, images, labels, **SMOOTHING | {"samples": 100})
    assert radii.tolist() == pytest.approx([0.5 * stats.norm.ppf((0.001 / n) ** (1 / 100))] * n)


@pytest.mark.parametrize(("norm", "metric"), [("l2", "euclidean"), ("linf", "chebyshev")])
def test_transferred_radii_are_those_of_the_best_centre_of_the_label(norm, metric):
    rng = np.random.default_rng(0)
    images, labels = rng.random((50, 1, 3, 3)), rng.integers(0, 3, 50)
    centres = rng.choice(50, 12, replace=False)
    radii = rng.uniform(-1, 2, 12)
    distances = cdist(images.reshape(50, -1), images[centres].reshape(12, -1), metric)
    expected = np.full(50, -np.inf)
    for i in range(50):
        for c in range(12):
            if labels[i] == labels[centres[c]] and radii[c] >= 0:
                expected[i] = max(expected[i], radii[c] - distances[i, c])
    found = transferred_radii(*map(torch.from_numpy, (images, labels, images[centres], labels[centres], radii)), norm)
    assert np.allclose(found.numpy(), expected)
    kept = radii >= 0
    assert np.allclose(found[centres[kept]].numpy(), np.maximum(expected[centres[kept]], radii[kept]))


@pytest.mark.parametrize(("norm", "metric"), [("l2", "euclidean"), ("linf", "chebyshev")])
def test_no_certificate_at_a_centre_reaches_an_image_of_another_label(norm, metric):
    rng = np.random.default_rng(1)
    images, labels = rng.random((40, 1, 3, 3)), rng.integers(0, 3, 40)
    centres = rng.choice(40, 9, replace=False)
    distances = cdist(images[centres].reshape(9, -1), images.reshape(40, -1), metric)
    expected = [distances[c][labels != labels[centre]].min() for c, centre in enumerate(centres)]
    found = ceiling_radii(*map(torch.from_numpy, (images, labels, images[centres], labels[centres])), norm)
    assert np.allclose(found.numpy(), expected)
    others, same = torch.rand(4, 1, 2, 2), torch.zeros(4, dtype=torch.int64)
    alone = ceiling_radii(others, same, torch.rand(1, 1, 2, 2), same[:1], norm)
    assert alone.tolist() == [torch.inf]


def test_a_transferred_certificate_is_never_more_than_the_truth():
    model, images = linear(), torch.rand(80, 1, 4, 4)
    labels = model(images).argmax(1)
    true = margins(model, images, labels)
    centres = torch.arange(0, 80, 4)
    radii = smoothed_radii(model, images[centres], labels[centres], **SMOOTHING)
    transferred = transferred_radii(images, labels, images[centres], labels[centres], radii, "l2")
    assert (transferred > 0).sum() > len(centres) / 2
    assert (transferred <= true + 1e-6).all()


def test_adversarial_losses_of_a_linear_model_are_the_exact_ones():
    model, images = linear(), 0.5 + 0.01 * torch.rand(9, 1, 4, 4)
    labels = torch.arange(9) % 2
    radii = torch.linspace(0, 0.2, 9)
    with torch.no_grad():
        logits = model(images)
        gap = (model[1].weight[0] - model[1].weight[1]).abs().sum()
        margin = logits.gather(1, labels[:, None])[:, 0] - logits.gather(1, 1 - labels[:, None])[:, 0]
    asked = {"norm": "linf", "steps": 10, "step_size": 0.5, "restarts": 1, "seed": 0}
    losses, found = adversarial_losses(model, images, labels, radii, **asked)
    assert torch.allclose(losses, F.softplus(-(margin - radii * gap)).double(), atol=1e-5)
    with torch.no_grad():
        assert torch.allclose(F.cross_entropy(model(found), labels, reduction="none").double(), losses)


def test_at_a_centre_no_less_is_found_than_for_the_images_that_it_stands_for():
    """Whatever the attack: one that moves nothing keeps what it begins with."""
    model, images = linear(), 0.5 + 0.1 * torch.rand(20, 1, 4, 4)
    labels, centres = torch.zeros(20, dtype=torch.int64), images[:1].expand(20, -1, -1, -1)
    asked = {"norm": "linf", "restarts": 1, "seed": 0}
    losses, found = adversarial_losses(model, images, labels, torch.full((20,), 0.1), steps=10, step_size=0.5, **asked)
    radii = 0.1 + (images - centres).abs().flatten(1).amax(1)
    for steps, size in ((1, 0.0), (10, 0.25)):
        shown, _ = adversarial_losses(
            model, centres, labels, radii + 1e-6, steps=steps, step_size=size, starts=found, **asked
        )
        assert (shown >= losses).all()
    asked |= {"steps": 1, "step_size": 0.0}
    small, _ = adversarial_losses(model, centres, labels, 0 * radii, starts=found, **asked)
    assert (small < losses).any()  # balls that are too small do not hold what was found elsewhere


def log_probabilities(n, classes, scale, seed):
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(n, classes, generator=generator)).double().log_softmax(1)


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("scale", [0.5, 3.0, 8.0])
def test_no_prediction_has_a_larger_loss_than_its_loss_with_soft_labels_allows(classes, scale):
    soft = log_probabilities(2000, classes, scale, seed=1).exp().float()
    predicted = log_probabilities(2000, classes, scale, seed=2)
    labels = torch.arange(2000) % classes
    hard = F.nll_loss(predicted, labels, reduction="none")
    found = -(soft.double() * predicted).sum(1)
    bounds = hard_loss_bounds(found, soft, labels)
    assert (bounds >= hard).all()
    own = soft.double().gather(1, labels.view(-1, 1)).flatten()
    assert (bounds <= torch.maximum(found / own, -own.log()) * (1 + 1e-4) + 1e-4 / own).all()


def test_a_bound_by_soft_labels_is_reached_where_the_other_classes_share_alike():
    soft = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.4, 0.4]])
    labels = torch.tensor([0, 0])
    for own in (0.5, 0.1, 0.01):
        kept = own * soft[:, 0].double()
        rest = soft[:, 1:].double() / soft[:, 1:].double().sum(1, keepdim=True) * (1 - kept).view(-1, 1)
        predicted = torch.cat([kept.view(-1, 1), rest], dim=1)
        bounds = hard_loss_bounds(-(soft.double() * predicted.log()).sum(1), soft, labels)
        assert bounds.numpy() == pytest.approx(-kept.log().numpy(), rel=1e-4)


def test_hard_labels_bound_their_own_loss_and_a_label_without_the_class_bounds_nothing():
    losses = torch.tensor([0.0, 1.5, 4.0])
    one = torch.tensor([[1.0, 0.0]]).repeat(3, 1)
    assert hard_loss_bounds(losses, one, torch.zeros(3, dtype=torch.int64)).numpy() == pytest.approx(losses, abs=1e-5)
    assert hard_loss_bounds(losses, one, torch.ones(3, dtype=torch.int64)).isinf().all()
