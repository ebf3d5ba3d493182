"""How hard images are for a network in training, by which EasyCore chooses (Ramesh et al. 2025, arXiv 2510.11018)."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils import vector_to_parameters

from finitecover.jobs.progress import progress
from finitecover.jobs.records import pixels
from finitecover.training.models import build_model

BATCH = 1000


def average_input_gradient_norms(images, labels, trajectories, *, model, dataset, device):
    """The paper's AIGN of every image, (n,) float64: the l2 norm of the gradient of the cross-entropy with respect to
    the pixels, averaged over the states after every epoch of every trajectory.

    images (n, c, h, w), uint8 or floats in [0, 1]; labels (n,); trajectories: arrays of `expert_trajectory`, of
    networks of this model and data set. The state before the first epoch has learned nothing and does not count.
    Raises `ValueError` if a norm is NaN or infinite.
    """
    network = build_model(model, dataset, 0).to(device).eval()
    states = [state for trajectory in trajectories for state in trajectory[1:]]
    labels = torch.from_numpy(np.array(labels)).to(device)
    total = np.zeros(len(images))
    for position in progress(len(states), "scoring images"):
        vector_to_parameters(torch.from_numpy(np.array(states[position])).to(device), network.parameters())
        total += _input_gradient_norms(network.requires_grad_(False), images, labels)
    if not np.isfinite(total).all():
        raise ValueError("gradients of the experts are NaN or infinite; lower experts.learning_rate")
    return total / len(states)


def _input_gradient_norms(network, images, labels):
    """Of one network, (n,) float64."""
    found = []
    for rows in np.array_split(np.arange(len(images)), -(-len(images) // BATCH)):
        points = torch.from_numpy(pixels(images[rows])).to(labels.device).requires_grad_()
        error = F.cross_entropy(network(points), labels[rows], reduction="sum")
        (gradient,) = torch.autograd.grad(error, points)
        found.append(gradient.flatten(1).double().norm(dim=1).cpu().numpy())
    return np.concatenate(found)
