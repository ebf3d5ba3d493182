"""Labelled images as tensors, and tensors as files."""

import io

import numpy as np
import torch

from finitecover.jobs.files import save_bytes
from finitecover.jobs.records import pixels


def images_and_labels(records, device="cpu"):
    """(images (n, c, h, w) float32 in [0, 1], classes (n,) int64) of records, on a device."""
    images, labels = torch.from_numpy(pixels(records["image"])), torch.from_numpy(np.array(records["label"]))
    return images.to(device), labels.to(device)


def save_tensors(path, content):
    """Write what `torch.load` reads with `weights_only`; equal content gives equal bytes."""
    buffer = io.BytesIO()  # a file's name would become part of what is saved
    torch.save(content, buffer)
    save_bytes(path, buffer.getvalue())
