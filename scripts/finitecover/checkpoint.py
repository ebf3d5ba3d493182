"""State of a long computation on disk, so that what is killed goes on where it was and ends in the same bytes."""

import json
from time import monotonic

import torch

from finitecover.arrays import written_aside
from finitecover.jobs import log

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
            log.info("%s cannot be read (%s); starting anew", self.path, type(error).__name__)
            return None
        if state.pop("key", None) != self.key:
            log.info("%s is of other settings; starting anew", self.path)
            return None
        log.info("going on from %s", self.path)
        return state

    def due(self):
        """Whether it is time to save."""
        return self.path is not None and monotonic() - self._saved >= SECONDS

    def save(self, state):
        """Keep a state, a dict of tensors, numbers and texts, in place of the one before."""
        with written_aside(self.path) as aside:
            torch.save(state | {"key": self.key}, aside)
        self._saved = monotonic()


def save_generators(rng, generator):
    """State of a NumPy generator and of a PyTorch one."""
    return {"rng": json.dumps(rng.bit_generator.state), "generator": generator.get_state()}


def restore_generators(state, rng, generator):
    """Put generators into the state of `save_generators`."""
    rng.bit_generator.state = json.loads(state["rng"])
    generator.set_state(state["generator"])
