"""Sentences on sets of images that can be used, but may not be what was meant."""

from hashlib import blake2b

import numpy as np

from finitecover.study.catalogue import CHANNELS


def on_channels(x, name):
    """On an array (n, ., ., .) before `checks.standardise` whose channels may stand second or last."""
    if x.ndim != 4 or x.shape[1] not in CHANNELS or x.shape[-1] not in CHANNELS or x.shape[1:3] == (1, 1):
        return []
    _, height, width, channels = x.shape
    return [
        f"{name}: shape {x.shape} is read with channels last, as {height}x{width} images of {channels} channels; if "
        "they stand second, move them"
    ]


def on_absent_classes(labels, classes, name):
    """On classes 0..classes-1 of which labels (n,) have none."""
    absent = sorted(set(range(classes)) - set(labels.tolist()))
    return [f"{name}: no image of class {', '.join(map(str, absent))}"] if absent else []


def on_repeated_images(x_train, y_train, x_test, y_test):
    """On images that are in both sets, or that stand under several labels in either; the same to the last bit."""
    train, test = _digests(x_train), _digests(x_test)
    labels = {}
    for digest, label in zip(train + test, np.concatenate([y_train, y_test]).tolist(), strict=True):
        labels.setdefault(digest, set()).add(label)
    known = set(train)
    both, several = sum(digest in known for digest in test), sum(len(found) > 1 for found in labels.values())
    notes = [f"x_test: {both} of {len(test)} images are in x_train too, so accuracies flatter"] if both else []
    return notes + ([f"{several} images stand under several labels"] if several else [])


def _digests(images):
    return [blake2b(np.ascontiguousarray(image), digest_size=16).digest() for image in images]
