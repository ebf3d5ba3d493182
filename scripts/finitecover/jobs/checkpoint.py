"""State of a long computation on disk, so that a killed job resumes and ends in the same bytes."""

import json
import logging
import random
from time import monotonic

import numpy as np
import torch

from finitecover.jobs.files import atomic_write

log = logging.getLogger(__name__)

SECONDS = 5.0  # between two saves


class Checkpoint:
    """A file that holds the latest state of one computation; path None keeps nothing.

    key: whatever decides the result. A state of another key, or one that cannot be read, is not used.
    """

    def __init__(self, path, key):
        self.path, self.key = path, json.dumps(key, sort_keys=True)
        self._saved = monotonic()

    def load(self):
        """The state saved last, or None."""
        if self.path is None or not self.path.exists():
            return None
        try:
            state = torch.load(self.path, weights_only=True)
        except Exception as error:
            log.info("%s cannot be read (%s); starting over", self.path, type(error).__name__)
            return None
        if state.pop("key", None) != self.key:
            log.info("%s has different settings; starting over", self.path)
            return None
        log.info("resuming from %s", self.path)
        return state

    def due(self):
        """Whether it is time to save."""
        return self.path is not None and monotonic() - self._saved >= SECONDS

    def save(self, state):
        """Keep a state, a dict of tensors, numbers and texts, in place of the one before."""
        with atomic_write(self.path) as partial:
            torch.save(state | {"key": self.key}, partial)
        self._saved = monotonic()


def save_generators(rng, generator):
    """State of a NumPy generator and of a PyTorch one."""
    return {"rng": json.dumps(rng.bit_generator.state), "generator": generator.get_state()}


def restore_generators(state, rng, generator):
    """Put generators into the state of `save_generators`."""
    rng.bit_generator.state = json.loads(state["rng"])
    generator.set_state(state["generator"])


def save_global_generators(device):
    """State of the global generators of Python, NumPy and PyTorch, and of that of a PyTorch device."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - the legacy one is the global one
    state = {"others": json.dumps([random.getstate(), [kind, keys.tolist(), *rest]]), "cpu": torch.get_rng_state()}
    return state | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def restore_global_generators(state, device):
    """Put global generators into the state of `save_global_generators`."""
    (version, keys, gauss), numpy = json.loads(state["others"])
    random.setstate((version, tuple(keys), gauss))
    np.random.set_state(tuple(numpy))  # noqa: NPY002
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
