"""How fast a core of this machine is: the time of a fixed amount of work, like that of jobs on small networks."""

from functools import cache
from time import thread_time

ROUNDS = 20
STEPS = 400_000  # of a loop in Python: jobs spend about as long on imports and loops as on networks
IMAGES, SIDE, CHANNELS, FILTERS, KERNEL = 48, 30, 16, 32, 3
ROWS = 56  # of windows multiplied at a time: too few for a BLAS to share them out among threads


@cache
def seconds():
    """Seconds of processor time on one core for a loop in Python and convolutions in NumPy: the least of some rounds.

    What else the machine does makes little difference. Takes a second or two. Raises `ImportError` where there is no
    NumPy; Snakemake's own environment may lack it.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.random((IMAGES, CHANNELS, SIDE, SIDE), dtype=np.float32)
    filters = rng.random((CHANNELS * KERNEL**2, FILTERS), dtype=np.float32)
    return min(_round(np, images, filters) for _ in range(ROUNDS))


def beside(other):
    """How much longer than `other` seconds, of another machine, the same work takes here; None without NumPy."""
    try:
        return seconds() / other
    except ImportError:
        return None


def _round(np, images, filters):
    start, total = thread_time(), 0
    for step in range(STEPS):
        total += step % 7
    windows = np.lib.stride_tricks.sliding_window_view(images, (KERNEL, KERNEL), axis=(2, 3))
    windows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, ROWS, len(filters))
    np.maximum(windows @ filters - 1, 0).sum()
    return thread_time() - start
