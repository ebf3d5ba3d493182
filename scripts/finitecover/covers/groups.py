"""Which points a cover covers together, and with how many centres."""

import numpy as np


def asked_for(labels, settings):
    """(groups of points that are covered each on its own, centres of each group or None where a radius is given).

    settings: label_wise, and ipc where a budget is given; a label-blind cover has all classes' centres in one group.
    """
    groups = labels if settings["label_wise"] else np.zeros_like(labels)
    if "ipc" not in settings:
        return groups, None
    return groups, settings["ipc"] * len(np.unique(labels)) // len(np.unique(groups))
