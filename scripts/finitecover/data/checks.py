"""What labelled images must be like before the study believes them."""

import numpy as np

from finitecover.study.catalogue import CHANNELS

ROUNDING = 1e-5  # by which floats may leave [0, 1]
SUSPICIOUS = 0.25  # of white: images that are darker throughout are told


class DataError(ValueError):
    """A source that cannot be used; the message is one line."""


def standardise(x_train, y_train, x_test, y_test):
    """Check four arrays and return them as images (n, c, h, w), uint8 or float32 in [0, 1], and labels int64.

    Accepted images: (n, h, w), (n, h, w, c) or (n, c, h, w) with c = 1 or 3; uint8 in 0..255 or floats in [0, 1].
    Labels: integers 0..C-1, C at least 2, every class with an image in the training set. Raises `DataError` otherwise.
    """
    x_train, x_test = _images(x_train, "x_train"), _images(x_test, "x_test")
    if x_train.shape[1:] != x_test.shape[1:]:
        raise DataError(
            f"x_train has images of shape {x_train.shape[1:]}, x_test of {x_test.shape[1:]}: they must agree"
        )
    if x_train.dtype != x_test.dtype:
        raise DataError(f"x_train is {x_train.dtype}, x_test is {x_test.dtype}: both must be uint8 or both floats")
    y_train, y_test = _labels(y_train, x_train, "y_train"), _labels(y_test, x_test, "y_test")
    classes = np.unique(y_train)
    missing = np.flatnonzero(classes != np.arange(len(classes)))
    if len(missing):
        raise DataError(
            f"y_train: class {missing[0]} has no image, and there is a label {classes[-1]}; labels must be 0..C-1, "
            "each with at least one"
        )
    if len(classes) < 2:
        raise DataError("y_train: all images are of one class; at least two are needed")
    if y_test.max() > y_train.max():
        raise DataError(f"y_test: label {y_test.max()} does not occur in y_train (0..{y_train.max()})")
    return x_train, y_train, x_test, y_test


def suspicions(images, name):
    """Sentences on images of `standardise` whose scale may be wrong: what was seen, and what would be right."""
    largest, white = images.max().item(), 255 if images.dtype == np.uint8 else 1
    if largest >= white * SUSPICIOUS:
        return []
    cure = (
        "if that is white, multiply before storing"
        if images.dtype == np.uint8
        else "if they were divided by 255 twice, divide once"
    )
    return [f"{name}: the largest value is {largest:g}, where {white} would be white: {cure}"]


def channel_statistics(images):
    """Mean and standard deviation per channel of images (n, c, h, w) in [0, 1], summed in float64."""
    pixels = images.reshape(*images.shape[:2], -1)
    count = pixels.shape[0] * pixels.shape[2]
    scale = 255.0 if images.dtype == np.uint8 else 1.0
    mean = pixels.sum(axis=(0, 2), dtype=np.float64) / count / scale
    square = sum(np.square(part, dtype=np.float64).sum(axis=(0, 2)) for part in np.array_split(pixels, 64)) / count
    return mean.tolist(), np.sqrt(np.maximum(square / scale**2 - mean**2, 0)).tolist()


def _images(x, name):
    if x.size == 0 or x.ndim not in (3, 4):
        raise DataError(f"{name}: shape {x.shape}; expected (n, h, w), (n, h, w, c) or (n, c, h, w) with n > 0")
    if x.ndim == 3:
        x = x[:, None]
    elif x.shape[-1] in CHANNELS:
        x = x.transpose(0, 3, 1, 2)
    elif x.shape[1] not in CHANNELS:
        raise DataError(f"{name}: shape {x.shape} has neither 1 nor 3 channels, last or second")
    if x.dtype == np.uint8:
        return np.ascontiguousarray(x)
    if not np.issubdtype(x.dtype, np.floating):
        raise DataError(f"{name}: type {x.dtype}; expected uint8 in 0..255 or floats in [0, 1]")
    if not np.isfinite(x).all():
        raise DataError(f"{name}: holds NaN or infinite values ({int((~np.isfinite(x)).sum())} of {x.size})")
    if x.min() < -ROUNDING or x.max() > 1 + ROUNDING:
        raise DataError(f"{name}: values from {x.min():.9g} to {x.max():.9g}; floats must lie in [0, 1]")
    return np.ascontiguousarray(x, dtype=np.float32).clip(0, 1)


def _labels(y, images, name):
    if y.shape != (len(images),):
        raise DataError(f"{name}: shape {y.shape}; expected ({len(images)},), one label per image")
    if y.dtype.kind not in "iu":
        raise DataError(f"{name}: type {y.dtype}; labels must be integers")
    if y.min() < 0:
        raise DataError(f"{name}: label {y.min()} is negative; labels must be 0..C-1")
    return y.astype(np.int64)
