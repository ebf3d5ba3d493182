"""Networks that take pixels in [0, 1]: normalisation is their first layer, so that attacks live in pixel space."""

from copy import deepcopy

import torch
from torch import nn

from finitecover.guarded import guarded, seeded
from finitecover.own import models as own_models
from finitecover.study.extensions import own_objects
from finitecover.study.shapes import deepest_convnet, first_padding


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
            width = features.eval()(torch.zeros(1, *shape)).shape[
                1
            ]  # in training mode a batch norm would learn of zeros
        features.train()
        self.classifier = nn.Linear(width, classes)

    def forward(self, x):
        """Logits of images in pixel space."""
        return self.classifier(self.features(self.normalise(x)))


class Convolution(nn.Conv2d):
    """`nn.Conv2d`; on a CPU, images of one channel go by im2col, to the same values in half the time of oneDNN."""

    def forward(self, x):
        """Feature maps of x."""
        if x.is_cuda or self.in_channels > 1:
            return super().forward(x)
        return torch.ops.aten.thnn_conv2d(x, self.weight, self.kernel_size, self.bias, self.stride, self.padding)


class _SlicePooling(torch.autograd.Function):
    """2x2 average pooling by sums of slices; backwards by copies, where slices would fill a map each with zeros."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        height, width = (size // 2 * 2 for size in x.shape[-2:])
        rows = x[..., 0:height:2, :] + x[..., 1:height:2, :]
        return (rows[..., 0:width:2] + rows[..., 1:width:2]) * 0.25

    @staticmethod
    def setup_context(context, inputs, output):
        context.odd = [size % 2 for size in inputs[0].shape[-2:]]

    @staticmethod
    def backward(context, gradient):
        quarters = gradient * 0.25
        columns = quarters.new_empty((*quarters.shape[:-1], quarters.shape[-1] * 2))
        columns[..., 0::2], columns[..., 1::2] = quarters, quarters
        spread = torch.stack((columns, columns), dim=-2).flatten(-3, -2)
        return nn.functional.pad(spread, (0, context.odd[1], 0, context.odd[0])) if any(context.odd) else spread


class Pooling(nn.Module):
    """2x2 average pooling, `nn.AvgPool2d(2)` but for rounding; on a CPU by sums of slices, in half the time."""

    def forward(self, x):
        """Feature maps of half the height and width, rounded down."""
        return nn.functional.avg_pool2d(x, 2) if x.is_cuda else _SlicePooling.apply(x)


def convnet_features(shape, width, depth, norm="instance"):
    """ConvNet of the condensation literature (Gidaris and Komodakis 2018; Zhao et al. 2021): `depth` blocks of
    3x3 convolution, instance norm or none, ReLU, 2x2 average pooling.

    28x28 images are padded to 32x32 in the first block, as the reference does for MNIST. Without a norm layer interval
    bounds can be had. Raises `ValueError` for a depth that leaves less than 2x2 values per channel.
    """
    channels, side = shape[0], min(shape[1:])
    if depth > deepest_convnet(side):
        raise ValueError(
            f"a ConvNet on {side}x{side} images can have depth {deepest_convnet(side)} at most, not {depth}"
        )
    layers = []
    for block in range(depth):
        layers += [
            Convolution(channels, width, kernel_size=3, padding=first_padding(side) if block == 0 else 1),
            # one group per channel: the reference's "instancenorm", defined for 1x1 too
            *([nn.GroupNorm(width, width)] if norm == "instance" else []),
            nn.ReLU(),
            Pooling(),
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


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al. 2016), with group norm."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, kernel_size=3, stride=stride, padding=1, bias=False),
            _group_norm(width),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False),
            _group_norm(width),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or channels != width:
            convolution = nn.Conv2d(channels, width, kernel_size=1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(convolution, _group_norm(width))

    def forward(self, x):
        """Feature maps, half the side where the stride is 2."""
        return torch.relu(self.body(x) + self.shortcut(x))


class GlobalMean(nn.Module):
    """Mean of every feature map, (n, channels)."""

    def forward(self, x):
        """Means of (n, channels, h, w)."""
        return x.mean(dim=(2, 3))


def resnet_features(shape, width, depth):
    """Residual network for small images: four stages of `depth` blocks, of 1, 2, 4, 8 times `width` channels.

    Width 64 and depth 2 are ResNet-18 as the field has it on 32x32 images: a 3x3 convolution first, no pooling. Group
    norm (Wu and He 2018), 16 channels a group, takes the place of batch norm: what a network says of an image must not
    depend on its batch when every image is attacked by itself.
    """
    layers, channels = (
        [nn.Conv2d(shape[0], width, kernel_size=3, padding=1, bias=False), _group_norm(width), nn.ReLU()],
        width,
    )
    for stage in range(4):
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(ResidualBlock(channels, width * 2**stage, stride))
            channels = width * 2**stage
    return nn.Sequential(*layers, GlobalMean())


def _group_norm(channels):
    return nn.GroupNorm(channels // 16 if channels % 16 == 0 else 1, channels)


ARCHITECTURES = {"convnet": convnet_features, "mlp": mlp_features, "resnet": resnet_features}
OWN = own_objects(own_models)
ARCHITECTURES |= OWN


def build_model(settings, dataset, seed):
    """A network with PyTorch's default initialisation, drawn from `seed` alone.

    settings: {"architecture", "width", "depth"} and, of a convnet, "norm"; dataset: {"shape" (c, h, w), "classes",
    "mean", "std"}. Raises `ValueError` for an unknown architecture, a depth that the image size does not admit, or a
    network of the user's own that cannot be trained or attacked.
    """
    if settings["architecture"] not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {settings['architecture']!r}; choose one of {', '.join(ARCHITECTURES)}")
    shape = tuple(dataset["shape"])
    sizes = {key: value for key, value in settings.items() if key != "architecture"}
    with seeded(seed):
        if settings["architecture"] in OWN:
            features = _own_features(settings["architecture"], shape, sizes)
        else:
            features = ARCHITECTURES[settings["architecture"]](shape, **sizes)
        return Network(Normalise(dataset["mean"], dataset["std"]), features, dataset["classes"], shape)


_FEATURES = "expected features of shape (n, m) and type torch.float32"


def _own_features(name, shape, sizes):
    """What an architecture of the user's own gives; raises `ValueError` unless that is a module from images
    (n, c, h, w) to float32 features (n, m), through which gradients go back to the images and to every parameter."""
    with guarded(f"own network {name}"):
        features = OWN[name](shape, **sizes)
    told = f"a {type(features).__name__}, not a module; {_FEATURES}"
    if isinstance(features, nn.Module):
        with guarded(f"own network {name}"):
            told = _wrong_features(features, shape) or _wrong_gradients(features, shape)
    if told:
        raise ValueError(f"architecture {name} gave {told}")
    return features


def _wrong_features(features, shape):
    """What is wrong with the features of a module, or None."""
    with torch.no_grad():
        found = features.eval()(torch.zeros(2, *shape))
    if not torch.is_tensor(found):
        told = f"a module that returns a {type(found).__name__}"
    elif found.dim() != 2 or len(found) != 2 or found.dtype != torch.float32:
        told = f"a module that returns shape {tuple(found.shape)} and type {found.dtype} for two images"
    else:
        return None
    return f"{told}; {_FEATURES}"


@torch.enable_grad()
def _wrong_gradients(features, shape):
    """What is wrong with the gradients of a module, or None; a copy is looked at, which may learn of these images."""
    images = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    with seeded(0):
        copy = deepcopy(features).train()
        found = copy(images)
    if not found.isfinite().all():
        return "a module that returns NaN or infinite features"
    names, parameters = [], []
    for name, parameter in copy.named_parameters():
        if not parameter.requires_grad:
            return f"a module whose parameter {name} is frozen; register it as a buffer"
        names, parameters = [*names, name], [*parameters, parameter]
    gradients = [None]
    if found.requires_grad:
        gradients = torch.autograd.grad(found.sum(), [images, *parameters], allow_unused=True)
    if gradients[0] is None:
        return "a module through which no gradient reaches the images, as attacks need; don't detach them"
    unused = [name for name, gradient in zip(names, gradients[1:], strict=True) if gradient is None]
    return f"a module that does not use its parameters {', '.join(unused)}; remove them" if unused else None


def load_model(path, dataset=None):
    """The network of a file that `train_model` wrote, ready to be evaluated.

    dataset: what is known of the data set that it must have been trained on, None for any. Raises `ValueError` for a
    network of another one.
    """
    saved = torch.load(path, weights_only=True)
    if dataset is not None and saved["dataset"] != dataset:
        raise ValueError(f"{path}: trained on another data set; train it again")
    network = build_model(saved["model"], saved["dataset"], seed=0)
    network.load_state_dict(saved["state"])
    return network.eval().requires_grad_(False)
