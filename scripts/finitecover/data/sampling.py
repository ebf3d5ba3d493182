"""Which images of a set stand for all of them."""

import numpy as np


def draw_examples(labels, n, seed=0):
    """Positions of `n` images, the classes in the set's own proportions, drawn once for every model; sorted."""
    labels = np.asarray(labels)
    if n >= len(labels):
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    # The rank of an image within its class, as a share of the class: its smallest values are a stratified sample.
    share = np.empty(len(labels))
    for label in np.unique(labels):
        members = order[labels[order] == label]
        share[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return np.sort(np.argsort(share, kind="stable")[:n])
