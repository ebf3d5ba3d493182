"""Differentiable siamese augmentation (Zhao and Bilen 2021): one random change for real and synthetic images alike.

Parameters are those of the reference implementation (`ParamDiffAug`). As there, images are normalised when they are
augmented, so that padding with zeros pads with the mean pixel.
"""

import math

import torch
import torch.nn.functional as F

SCALE, ROTATE, PAD, CUTOUT = 1.2, 15.0, 0.125, 0.5
BRIGHTNESS, SATURATION, CONTRAST = 1.0, 2.0, 0.5


def draw_augmentation(strategy, generator):
    """A function of images (n, c, h, w) that applies one operation of `strategy`, drawn now, to every image alike.

    strategy: names joined by underscores, from color, crop, cutout, flip, scale, rotate; "" for none. Raises
    `ValueError` for another name.
    """
    if not strategy:
        return lambda images: images
    names = strategy.split("_")
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise ValueError(f"unknown augmentation {unknown[0]!r}; choose from {', '.join(OPERATIONS)}")
    name = names[torch.randint(len(names), (1,), generator=generator).item()]
    amounts = torch.rand(3, generator=generator).tolist()
    return lambda images: OPERATIONS[name](images, *amounts)


def _color(images, first, second, third):
    images = images + (first - 0.5) * BRIGHTNESS
    mean = images.mean(dim=1, keepdim=True)
    images = (images - mean) * (second * SATURATION) + mean
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (images - mean) * (third + CONTRAST) + mean


def _crop(images, first, second, _):
    """Shift by up to an eighth of the side, zeros moving in."""
    shifts = []
    for amount, side in ((first, images.shape[2]), (second, images.shape[3])):
        reach = int(side * PAD + 0.5)
        shifts.append(min(int(amount * (2 * reach + 1)), 2 * reach) - reach)
    down, right = shifts
    height, width = images.shape[2:]
    padded = F.pad(images, (max(-right, 0), max(right, 0), max(-down, 0), max(down, 0)))
    top, left = max(down, 0), max(right, 0)
    return padded[:, :, top : top + height, left : left + width]


def _cutout(images, first, second, _):
    """Zeros in a window of half the side, its centre anywhere, clipped at the border."""
    mask = torch.ones(images.shape[2:], device=images.device)
    windows = []
    for amount, side in ((first, images.shape[2]), (second, images.shape[3])):
        size = int(side * CUTOUT + 0.5)
        positions = side + (1 - size % 2)
        centre = min(int(amount * positions), positions - 1)
        low = min(max(centre - size // 2, 0), side - 1)
        high = min(max(centre - size // 2 + size - 1, 0), side - 1)
        windows.append(slice(low, high + 1))
    mask[windows[0], windows[1]] = 0
    return images * mask


def _flip(images, first, *_):
    return images.flip(3) if first < 0.5 else images


def _scale(images, first, second, _):
    low = 1 / SCALE
    across, down = (amount * (SCALE - low) + low for amount in (first, second))
    return _warp(images, [[across, 0.0, 0.0], [0.0, down, 0.0]])


def _rotate(images, first, *_):
    angle = (first - 0.5) * 2 * ROTATE / 180 * math.pi
    cos, sin = math.cos(angle), math.sin(angle)
    return _warp(images, [[cos, -sin, 0.0], [sin, cos, 0.0]])


def _warp(images, theta):
    theta = torch.tensor(theta, device=images.device).expand(len(images), 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


OPERATIONS = {"color": _color, "crop": _crop, "cutout": _cutout, "flip": _flip, "scale": _scale, "rotate": _rotate}
