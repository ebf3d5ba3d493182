"""Labels that a teacher gives: probabilities of the classes instead of one class (robust distillation, where the
teacher was trained adversarially: Goldblum et al. 2020, arXiv 1905.09747)."""

import numpy as np
import torch

SUM = 1e-5  # by which float32 probabilities may miss 1
BATCH = 1000


def teacher_labels(teacher, images, labels, temperature=1.0, hard_share=0.0):
    """Probabilities of the classes at images, (n, classes) float32, that `check_soft_labels` lets pass.

    teacher: a network in eval mode; images (n, c, h, w) in [0, 1] and labels (n,): tensors on its device; temperature
    > 0 divides its logits; hard_share in [0, 1]: share of the images' own labels.
    """
    with torch.no_grad():
        logits = torch.cat([teacher(part).double() for part in images.split(BATCH)])
    soft = (logits / temperature).softmax(dim=1)
    hard = torch.nn.functional.one_hot(labels, soft.shape[1])
    found = ((1 - hard_share) * soft + hard_share * hard).float().cpu().numpy()
    check_soft_labels(found, found.shape)
    return found


def check_soft_labels(soft_labels, shape):
    """Raise `ValueError` unless they are probabilities (n, classes), of this shape, in [0, 1], rows summing to 1."""
    if soft_labels.shape != tuple(shape):
        raise ValueError(f"a teacher's labels have shape {soft_labels.shape}; expected {tuple(shape)}")
    inside = np.isfinite(soft_labels).all() and soft_labels.min() >= 0 and soft_labels.max() <= 1
    sums = np.asarray(soft_labels, dtype=np.float64).sum(axis=1)
    if not inside or np.abs(sums - 1).max() > SUM:
        raise ValueError(
            f"a teacher's labels are not probabilities: from {soft_labels.min():.3g} to {soft_labels.max():.3g}, sums "
            f"{sums.min():.6g} to {sums.max():.6g}; the file is not what label_set wrote, make it again"
        )
