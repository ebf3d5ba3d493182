import numpy as np
import pytest
import torch

from finitecover.study.shapes import deepest_convnet
from finitecover.training import models
from finitecover.training.models import Convolution, Pooling, build_model, load_model


def describe(side, channels=1):
    return {"shape": (channels, side, side), "classes": 10, "mean": [0.5] * channels, "std": [0.2] * channels}


@pytest.mark.parametrize(("side", "channels", "features"), [(28, 1, 2048), (32, 3, 2048)])
def test_convnet_3_has_the_features_of_the_reference(side, channels, features):
    network = build_model({"architecture": "convnet", "width": 128, "depth": 3}, describe(side, channels), seed=0)
    images = torch.rand(2, channels, side, side)
    assert network.features(images).shape == (2, features)
    assert network(images).shape == (2, 10)


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (28, 1), (32, 3)])
def test_a_resnet_judges_an_image_alike_whatever_its_batch_and_learns_of_every_weight(side, channels):
    network = build_model({"architecture": "resnet", "width": 16, "depth": 2}, describe(side, channels), seed=0)
    images = torch.rand(5, channels, side, side)
    logits = network(images)
    assert logits.shape == (5, 10)
    assert torch.allclose(network(images[2:3]), logits[2:3], atol=1e-5)
    gradients = torch.autograd.grad(logits.square().sum(), list(network.parameters()))
    assert all(gradient.abs().max() > 0 for gradient in gradients)


def test_resnet_18_has_the_parameters_of_the_literature():
    network = build_model({"architecture": "resnet", "width": 64, "depth": 2}, describe(32, 3), seed=0)
    assert sum(p.numel() for p in network.parameters()) == 11_173_962  # as with batch norm, whose scales are as many


@pytest.mark.parametrize("channels", [1, 3])
def test_convolution_is_that_of_pytorch_and_so_are_its_gradients_and_theirs(channels):
    torch.manual_seed(0)
    ours, images = Convolution(channels, 4, kernel_size=3, padding=3), torch.rand(2, channels, 9, 8, requires_grad=True)
    theirs = torch.nn.Conv2d(channels, 4, kernel_size=3, padding=3)
    theirs.load_state_dict(ours.state_dict())
    found = []
    for layer in (ours, theirs):
        maps = layer(images)
        first = torch.autograd.grad(maps.square().sum(), [layer.weight, layer.bias, images], create_graph=True)
        found.append([maps, *first, *torch.autograd.grad(first[0].square().sum(), [layer.weight, images])])
    for mine, reference in zip(*found, strict=True):
        assert torch.allclose(mine, reference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (1, 2, 7, 9), (4, 1, 2, 3)])
def test_pooling_is_that_of_pytorch(shape):
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0), requires_grad=True)
    ours, theirs = Pooling()(images), torch.nn.functional.avg_pool2d(images, 2)
    assert torch.allclose(ours, theirs, atol=1e-6)
    gradients = [torch.autograd.grad(pooled.square().sum(), images)[0] for pooled in (ours, theirs)]
    assert torch.allclose(*gradients, atol=1e-6)


def test_normalisation_is_the_first_layer():
    network = build_model({"architecture": "mlp", "width": 4, "depth": 1}, describe(8), seed=0)
    images = torch.rand(3, 1, 8, 8)
    by_hand = network.classifier(network.features((images - 0.5) / 0.2))
    assert torch.equal(network(images), by_hand)
    assert torch.allclose(network.normalise.inverse(network.normalise(images)), images, atol=1e-6)


def test_initialisation_depends_on_the_seed_alone():
    settings = {"architecture": "convnet", "width": 4, "depth": 2}
    torch.manual_seed(123)
    first = build_model(settings, describe(8), seed=5).state_dict()
    before = torch.get_rng_state()
    second = build_model(settings, describe(8), seed=5).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    other = build_model(settings, describe(8), seed=6).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])


@pytest.mark.parametrize(("side", "deepest"), [(8, 2), (16, 3), (28, 4), (32, 4), (96, 5), (3, 0)])
def test_depth_is_limited_by_the_size_of_the_images(side, deepest):
    assert deepest_convnet(side) == deepest
    with pytest.raises(ValueError, match=f"{side}x{side} images can have depth {deepest} at most"):
        build_model({"architecture": "convnet", "width": 2, "depth": deepest + 1}, describe(side), seed=0)
    if deepest:
        build_model({"architecture": "convnet", "width": 2, "depth": deepest}, describe(side), seed=0)


def test_unknown_architecture_says_which_are_known():
    with pytest.raises(ValueError, match="unknown architecture 'vit'; choose one of convnet, mlp, resnet"):
        build_model({"architecture": "vit", "width": 2, "depth": 1}, describe(8), seed=0)


class Pair(torch.nn.Flatten):
    def forward(self, x):
        return super().forward(x), x


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, "architecture mine gave a NoneType, not a module; expected features of shape"),
        (Pair(), "architecture mine gave a module that returns a tuple; expected features"),
        (torch.nn.Identity(), r"a module that returns shape \(2, 1, 8, 8\) and type torch.float32 for two images"),
        (torch.nn.Flatten(0), r"a module that returns shape \(128,\) and type torch.float32 for two images"),
    ],
)
def test_a_network_of_ones_own_must_give_features(made, message, monkeypatch):
    for table in (models.OWN, models.ARCHITECTURES):
        monkeypatch.setitem(table, "mine", lambda shape, width, depth: made)
    with pytest.raises(ValueError, match=message):
        build_model({"architecture": "mine", "width": 1, "depth": 1}, describe(8), seed=0)


class Wrong(torch.nn.Module):
    """A network of 64 features, with what people leave in one."""

    def __init__(self, what):
        super().__init__()
        self.what, self.used, self.spare = what, torch.nn.Linear(64, 4), torch.nn.Linear(4, 4, bias=False)
        if what == "frozen":
            self.used.weight.requires_grad_(False)

    def forward(self, x):
        if self.what == "fails":
            raise KeyError("oops")
        x = (x.detach() if self.what == "detached" else x).flatten(1)
        return self.used(x) / (0 if self.what == "NaN" else 1)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("fails", "own network mine: KeyError: 'oops'"),
        ("unused", "architecture mine gave a module that does not use its parameters spare.weight; remove them"),
        ("frozen", "architecture mine gave a module whose parameter used.weight is frozen; register it as a buffer"),
        ("detached", "architecture mine gave a module through which no gradient reaches the images, as attacks need"),
        ("NaN", "architecture mine gave a module that returns NaN or infinite features"),
    ],
)
def test_a_network_of_ones_own_that_cannot_be_trained_or_attacked_is_refused(what, message, monkeypatch):
    def broken(shape, width, depth):
        return Wrong(what)

    for table in (models.OWN, models.ARCHITECTURES):
        monkeypatch.setitem(table, "mine", broken)
    with torch.no_grad(), pytest.raises(ValueError, match=message):
        build_model({"architecture": "mine", "width": 1, "depth": 1}, describe(8), seed=0)


def test_own_networks_leave_pytorch_as_it_was_and_draw_by_the_seed(monkeypatch):
    def drawn(shape, width, depth):
        torch.set_default_dtype(torch.float64)
        layer = torch.nn.Linear(64, 4, dtype=torch.float32)
        layer.bias.data.fill_(np.random.rand())  # noqa: NPY002
        return torch.nn.Sequential(torch.nn.Flatten(), layer)

    for table in (models.OWN, models.ARCHITECTURES):
        monkeypatch.setitem(table, "mine", drawn)
    networks = [build_model({"architecture": "mine", "width": 1, "depth": 1}, describe(8), seed) for seed in (0, 0, 1)]
    assert torch.get_default_dtype() == torch.float32
    first, again, other = (network.features[1].bias[0].item() for network in networks)
    assert first == again != other
    assert networks[0].classifier.weight.dtype == torch.float32


def test_own_networks_are_looked_at_without_changing_them(monkeypatch):
    def batch_normed(shape, width, depth):
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(64), torch.nn.Dropout())

    for table in (models.OWN, models.ARCHITECTURES):
        monkeypatch.setitem(table, "mine", batch_normed)
    network = build_model({"architecture": "mine", "width": 1, "depth": 1}, describe(8), seed=0)
    assert network.training
    assert network.features.training
    assert (network.features[1].num_batches_tracked, network.features[1].running_var.unique().item()) == (0, 1)


def test_a_model_is_loaded_as_it_was_and_not_for_another_data_set(tmp_path):
    description, dataset = {"architecture": "mlp", "width": 4, "depth": 1}, describe(8)
    network, path = build_model(description, dataset, seed=3), tmp_path / "model.pt"
    torch.save({"model": description, "dataset": dataset, "state": network.state_dict()}, path)
    images = torch.rand(2, 1, 8, 8)
    for asked in (None, dataset):
        loaded = load_model(path, asked)
        assert torch.equal(loaded(images), network.eval()(images))
        assert not any(parameter.requires_grad for parameter in loaded.parameters())
    with pytest.raises(ValueError, match="trained on another data set; train it again"):
        load_model(path, describe(9))
