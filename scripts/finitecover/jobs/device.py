"""What a job with networks computes on: device, threads, memory, precision."""

import ctypes
import os

WIDE = 64  # least width of networks that train in bfloat16; docs/robustness.md has what was measured


def keep_memory():
    """Have freed blocks of up to a gigabyte used again instead of given back, where the C library is glibc.

    PyTorch allocates every feature map anew; given back to the system each time, a third of a training goes into
    clearing pages. Nothing but the time depends on it.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(-3, 2**30)  # M_MMAP_THRESHOLD
        library.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD


def torch_device():
    """Prepare PyTorch for a job and return its device.

    One thread per job, whatever the number of cores: sums then have one order, so the same seed gives the same bytes
    under ``--cores 1`` and ``--cores 8``, and a study of many models keeps every core busy with models.
    """
    import torch

    keep_memory()
    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        return torch.device("cpu")  # on one thread every operation is deterministic, and asking for it costs 3 s
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)  # grid_sample has no exact backward on GPUs
    return torch.device("cuda")


def automatic_precision(device, width):
    """What `optimisation.precision: auto` is for a network of this width on a device: "bfloat16" or "float32".

    bfloat16 from `WIDE` on, where the device computes in it. Below it gains little, for which results should not depend
    on the processor. A processor without the instructions has to convert, which takes longer than float32.
    """
    return "bfloat16" if width >= WIDE and _computes_in_bfloat16(device) else "float32"


def _computes_in_bfloat16(device):
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()  # nothing public says it; processors with AMX have it too
