"""Calls of attacks that are not ours: whatever they touch is a copy, and what they leave behind is nothing."""

import random
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import torch


def adversarial_images(name, function, model, images, labels, eps, norm, seed):
    """What a user's attack makes of images (n, c, h, w): a tensor of their shape, type and device.

    The function gets copies of model, images and labels, the model in evaluation mode and without gradients of its
    parameters; every global generator is seeded for the call and restored after it. Raises `ValueError` with the
    function's name if it returns anything else than images of that shape.
    """
    generator = torch.Generator().manual_seed(seed)
    copied = deepcopy(model).eval().requires_grad_(False)
    with seeded(seed, images.device):
        found = function(copied, images.clone(), labels.clone(), eps, norm, generator)
    if not torch.is_tensor(found):
        raise ValueError(f"own attack {name} returned {_told(found)}; expected a tensor of shape {tuple(images.shape)}")
    if found.shape != images.shape or not found.is_floating_point():
        raise ValueError(
            f"own attack {name} returned a tensor of shape {tuple(found.shape)} and type {found.dtype}; expected "
            f"{tuple(images.shape)} and floats in [0, 1]"
        )
    return found.detach().to(images)


@contextmanager
def seeded(seed, device):
    """Seed the generators of Python, NumPy and PyTorch inside the block; after it they are what they were before."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the legacy one is what must be restored
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _told(found):
    if isinstance(found, tuple | list):
        return f"a {type(found).__name__} of {len(found)}"
    return "None" if found is None else f"a {type(found).__name__}"
