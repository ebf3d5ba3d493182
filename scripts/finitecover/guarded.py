"""Calls of functions that are not ours: a seed decides their random numbers, they leave nothing changed behind, and an
error says whose it is.

PyTorch counts where it is loaded; nothing here loads it.
"""

import os
import random
import sys
from contextlib import contextmanager, nullcontext

import numpy as np


def mixed(*numbers):
    """A seed that whole numbers decide, each of them."""
    return int(np.random.SeedSequence((len(numbers), *numbers)).generate_state(1)[0])


def seed_all(seed):
    """Seed the global generators of Python, NumPy and PyTorch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the legacy one is the global one
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


@contextmanager
def seeded(seed, device=None):
    """Seed the global generators inside the block; after it they are what they were before.

    device: the PyTorch device whose generator is meant beside the CPU's, if any.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - as above
    torch = sys.modules.get("torch")
    devices = [device] if device is not None and device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices) if torch else nullcontext():
            seed_all(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


@contextmanager
def guarded(what):
    """Put back what the block changes of PyTorch's settings and the working folder; raise its errors, an exit among
    them, as `ValueError` that begins with `what`, "own attack mine"."""
    folder, put_back = os.getcwd(), _settings()
    try:
        yield
    except (Exception, SystemExit) as error:
        kind = "ended the job" if isinstance(error, SystemExit) else type(error).__name__
        raise ValueError(": ".join(filter(None, (what, kind, str(error))))) from error
    finally:
        put_back()
        os.chdir(folder)


def _settings():
    """A function that gives PyTorch the settings that it has now."""
    torch = sys.modules.get("torch")
    if not torch:
        return lambda: None

    def found():
        return (
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )

    def put_back():
        if found() != before:
            dtype, gradients, threads, deterministic, warning = before
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(gradients)
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(deterministic, warn_only=warning)

    before = found()
    return put_back
