"""Networks that take pixels in [0, 1]: normalisation is their first layer, so that attacks live in pixel space."""

import torch
from torch import nn

from finitecover.shapes import deepest_convnet, first_padding


class Normalise(nn.Module):
    """(x - mean) / std per channel."""

    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1))

    def forward(self, x):
        """Normalised images, same shape."""
        return (x - self.mean) / self.std

    def inverse(self, z):
        """Pixels of normalised images."""
        return z * self.std + self.mean


class Network(nn.Module):
    """Normalisation, features, linear classifier. Input (n, c, h, w) in [0, 1], output logits (n, classes)."""

    def __init__(self, normalise, features, classes, shape):
        super().__init__()
        self.normalise, self.features = normalise, features
        with torch.no_grad():
            width = features(torch.zeros(1, *shape)).shape[1]
        self.classifier = nn.Linear(width, classes)

    def forward(self, x):
        """Logits of images in pixel space."""
        return self.classifier(self.features(self.normalise(x)))


def convnet_features(shape, width, depth):
    """ConvNet of the condensation literature (Gidaris and Komodakis 2018; Zhao et al. 2021): `depth` blocks of
    3x3 convolution, instance norm, ReLU, 2x2 average pooling.

    28x28 images are padded to 32x32 in the first block, as the reference does for MNIST. Raises `ValueError` for a
    depth that leaves less than 2x2 values per channel.
    """
    channels, side = shape[0], min(shape[1:])
    if depth > deepest_convnet(side):
        raise ValueError(
            f"a ConvNet on {side}x{side} images can have depth {deepest_convnet(side)} at most, not {depth}"
        )
    layers = []
    for block in range(depth):
        layers += [
            nn.Conv2d(channels, width, kernel_size=3, padding=first_padding(side) if block == 0 else 1),
            nn.GroupNorm(width, width),  # one group per channel: the reference's "instancenorm", defined for 1x1 too
            nn.ReLU(),
            nn.AvgPool2d(2),
        ]
        channels = width
    return nn.Sequential(*layers, nn.Flatten())


def mlp_features(shape, width, depth):
    """`depth` fully connected hidden layers of `width` units with ReLU."""
    layers, size = [nn.Flatten()], int(torch.tensor(shape).prod())
    for _ in range(depth):
        layers += [nn.Linear(size, width), nn.ReLU()]
        size = width
    return nn.Sequential(*layers)


ARCHITECTURES = {"convnet": convnet_features, "mlp": mlp_features}


def build_model(settings, dataset, seed):
    """A network with PyTorch's default initialisation, drawn from `seed` alone.

    settings: {"architecture", "width", "depth"}; dataset: {"shape" (c, h, w), "classes", "mean", "std"}. Raises
    `ValueError` for an unknown architecture or a depth that the image size does not admit.
    """
    if settings["architecture"] not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {settings['architecture']!r}; choose one of {', '.join(ARCHITECTURES)}")
    shape = tuple(dataset["shape"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        features = ARCHITECTURES[settings["architecture"]](shape, settings["width"], settings["depth"])
        return Network(Normalise(dataset["mean"], dataset["std"]), features, dataset["classes"], shape)
