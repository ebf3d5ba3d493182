"""The test set of sources that come without one."""

import numpy as np

SPLIT_SEED = 0


def split_by_class(images, labels, test_share):
    """Hold out `test_share` of each class (rounded up), drawn once with a fixed seed."""
    rng = np.random.default_rng(SPLIT_SEED)
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        held_out[members[: int(np.ceil(test_share * len(members)))]] = True
    return images[~held_out], labels[~held_out], images[held_out], labels[held_out]
