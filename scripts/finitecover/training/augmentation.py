"""Differentiable siamese augmentation (Zhao and Bilen 2021): one random change for real and synthetic images alike.

Parameters are those of the reference implementation (`ParamDiffAug`). As there, images are normalised when they are
augmented, so that padding with zeros pads with the mean pixel. The outermost pixels' centres are the corners of what is
scaled or rotated (`align_corners`), as they were for all in the version of PyTorch that the reference is pinned to.
"""

import math

import torch
import torch.nn.functional as F

SCALE, ROTATE, PAD, CUTOUT = 1.2, 15.0, 0.125, 0.5
BRIGHTNESS, SATURATION, CONTRAST = 1.0, 2.0, 0.5


def draw_augmentation(strategy, generator, siamese=True):
    """A function of images (n, c, h, w) that applies one operation of `strategy`, drawn now.

    strategy: names joined by underscores, from color, crop, cutout, flip, scale, rotate; "" for none. siamese: the same
    amounts for every image, drawn now (as real and synthetic images are augmented while they are compared); else its
    own for each, drawn when the function is called (as while a network is trained). Raises `ValueError` for another
    name.
    """
    if not strategy:
        return lambda images: images
    names = strategy.split("_")
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise ValueError(f"unknown augmentation {unknown[0]!r}; choose from {', '.join(OPERATIONS)}")
    operation = OPERATIONS[names[torch.randint(len(names), (1,), generator=generator).item()]]
    if not siamese:
        return lambda images: operation(images, torch.rand(3, len(images), generator=generator).to(images.device))
    amounts = torch.rand(3, 1, generator=generator)
    return lambda images: operation(images, amounts.to(images.device))


# Each operation takes images (n, c, h, w) and amounts in [0, 1), (3, n) or (3, 1).


def _color(images, amounts):
    first, second, third = amounts.view(3, -1, 1, 1, 1)
    images = images + (first - 0.5) * BRIGHTNESS
    mean = images.mean(dim=1, keepdim=True)
    images = (images - mean) * (second * SATURATION) + mean
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (images - mean) * (third + CONTRAST) + mean


def _crop(images, amounts):
    """Shift by up to an eighth of the side, zeros moving in."""
    inside, places = [], []
    for amount, side in zip(amounts, images.shape[2:], strict=False):
        reach = int(side * PAD + 0.5)
        shift = (amount * (2 * reach + 1)).long().clamp_max(2 * reach) - reach
        place = torch.arange(side, device=images.device) + shift[:, None]
        inside.append((place >= 0) & (place < side))
        places.append(place.clamp(0, side - 1))
    size = (len(images), images.shape[1])
    rows = places[0][:, None, :, None].expand(*size, -1, images.shape[3])
    columns = places[1][:, None, None, :].expand(*size, images.shape[2], -1)
    shifted = images.gather(2, rows).gather(3, columns)
    return shifted * (inside[0][:, None, :, None] & inside[1][:, None, None, :])


def _cutout(images, amounts):
    """Zeros in a window of half the side, its centre anywhere, clipped at the border."""
    windows = []
    for amount, side in zip(amounts, images.shape[2:], strict=False):
        size = int(side * CUTOUT + 0.5)
        positions = side + (1 - size % 2)
        centre = (amount * positions).long().clamp_max(positions - 1)[:, None]
        low = (centre - size // 2).clamp(0, side - 1)
        high = (centre - size // 2 + size - 1).clamp(0, side - 1)
        place = torch.arange(side, device=images.device)
        windows.append((place >= low) & (place <= high))
    return images * ~(windows[0][:, None, :, None] & windows[1][:, None, None, :])


def _flip(images, amounts):
    return torch.where((amounts[0] < 0.5).view(-1, 1, 1, 1), images.flip(3), images)


def _scale(images, amounts):
    low = 1 / SCALE
    across, down = amounts[:2] * (SCALE - low) + low
    zero = torch.zeros_like(across)
    return _warp(images, [[across, zero, zero], [zero, down, zero]])


def _rotate(images, amounts):
    angle = (amounts[0] - 0.5) * 2 * ROTATE / 180 * math.pi
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    return _warp(images, [[cos, -sin, zero], [sin, cos, zero]])


def _warp(images, theta):
    theta = torch.stack([torch.stack(row, dim=-1) for row in theta], dim=1).expand(len(images), 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=True)
    return F.grid_sample(images, grid, align_corners=True)


OPERATIONS = {"color": _color, "crop": _crop, "cutout": _cutout, "flip": _flip, "scale": _scale, "rotate": _rotate}
