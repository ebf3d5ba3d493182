"""What a job with networks computes on: device, threads, memory, precision."""

import ctypes
import os


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


def fastest_precision(device):
    """What a device trains fastest in: "bfloat16" where it computes in that, else "float32".

    Without AVX-512 oneDNN has no convolution in bfloat16, and PyTorch's own takes six times as long as in float32.
    """
    import torch

    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return "bfloat16" if native else "float32"
