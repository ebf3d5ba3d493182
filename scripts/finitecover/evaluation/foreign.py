"""Calls of attacks that are not ours: whatever they touch is a copy, and what they leave behind is nothing."""

from copy import deepcopy

import torch

from finitecover.guarded import guarded, seeded


def adversarial_images(name, function, model, images, labels, eps, norm, seed):
    """What a user's attack makes of images (n, c, h, w): a tensor of their shape, type and device.

    The function gets copies of model, images and labels, the model in evaluation mode and without gradients of its
    parameters; every global generator is seeded for the call and restored after it, as PyTorch's settings are. Raises
    `ValueError` with the function's name if it fails or returns anything else than images of that shape.
    """
    generator = torch.Generator().manual_seed(seed)
    copied = deepcopy(model, _activations(model)).eval().requires_grad_(False)
    with seeded(seed, images.device), guarded(f"own attack {name}"):
        found = function(copied, images.clone(), labels.clone(), eps, norm, generator)
    if not torch.is_tensor(found):
        raise ValueError(f"own attack {name} returned {_told(found)}; expected a tensor of shape {tuple(images.shape)}")
    if found.shape != images.shape or not found.is_floating_point():
        raise ValueError(
            f"own attack {name} returned a tensor of shape {tuple(found.shape)} and type {found.dtype}; expected "
            f"{tuple(images.shape)} and floats in [0, 1]"
        )
    return found.detach().to(images)


def _activations(model):
    """What `deepcopy` needs to copy a model that keeps activations, which hang on a graph: {id: tensor without it}."""
    pending, found = [vars(module) for module in model.modules()], {}
    while pending:
        value = pending.pop()
        if torch.is_tensor(value) and not value.is_leaf:
            found[id(value)] = value.detach().clone()
        elif isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value
    return found


def _told(found):
    if isinstance(found, tuple | list):
        return f"a {type(found).__name__} of {len(found)}"
    return "None" if found is None else f"a {type(found).__name__}"
