"""What a job of covers may use: memory for distances, and a GPU where there is one."""

import os


def cover_resources(mem_mb, threads):
    """How a job's covers may compute distances: bytes to keep for each class, and on which device.

    A quarter of the job's memory holds distances, shared by the classes under way. None of it changes a cover.
    """
    device = "cpu"
    if os.path.exists("/proc/driver/nvidia/version"):  # importing PyTorch to learn that there is no GPU takes seconds
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
    return {"memory": mem_mb * 2**20 // 4 // threads, "device": device}
