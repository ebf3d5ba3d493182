"""What every script does first and last: a log, one clear line on an error, progress, the device."""

import ctypes
import logging
import os
import sys
import traceback
from contextlib import contextmanager
from time import perf_counter

from finitecover.arrays import remove_asides
from finitecover.integrity import check, seal, unseal

log = logging.getLogger("finitecover")


@contextmanager
def job(snakemake):
    """Everything around a job's work: log, check of its inputs, digests of its outputs, one clear line on an error.

    `snakemake`: the object that Snakemake gives to a script. On an error the traceback goes to the log, one line to the
    terminal, and the process exits with 1.
    """
    start = perf_counter()
    with logged(snakemake.log[0]):
        for path in snakemake.output:
            unseal(path)
            remove_asides(path)
        for path in snakemake.input:
            check(path)
        yield
        for path in snakemake.output:
            seal(path)
        log.info("environment %s; modules from elsewhere: %s", sys.prefix, ", ".join(foreign_modules()) or "none")
        log.info("%.1f s%s", perf_counter() - start, ", with torch" if "torch" in sys.modules else "")


@contextmanager
def logged(path):
    """Log to `path`; on an error keep the traceback there, print one line on the terminal and exit with 1."""
    logging.raiseExceptions = False  # a full disk is told once, by the job, and not by every line of its log
    try:
        logging.basicConfig(
            filename=path,
            filemode="w",
            level=logging.INFO,
            format="%(asctime)s %(message)s",
            datefmt="%H:%M:%S",
            force=True,
        )
        logging.captureWarnings(True)
        yield
    except KeyboardInterrupt:
        log.info("interrupted")
        raise SystemExit(130) from None
    except Exception as error:
        log.error(traceback.format_exc())
        line = " ".join(str(error).split()) or type(error).__name__
        print(f"Error: {line} (log: {path})", file=sys.stderr)
        raise SystemExit(1) from None


def foreign_modules():
    """Names of the installed packages in use that do not belong to this job's environment, sorted.

    Snakemake appends its own environment to the path of a job that runs in another: with conda only Snakemake's own
    packages may come from there.
    """
    own = tuple(f"{prefix}{os.sep}" for prefix in (sys.prefix, sys.base_prefix))
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items() if "." not in name}
    return sorted(name for name, file in files.items() if "site-packages" in file and not file.startswith(own))


def progress(total, description, first=0):
    """Range from `first` to `total`: a bar where there is a terminal, a line in the log at every tenth."""
    from tqdm import tqdm

    tenth = max(1, total // 10)
    for step in tqdm(range(first, total), initial=first, total=total, desc=description, disable=None, leave=False):
        yield step
        if (step + 1) % tenth == 0 or step + 1 == total:
            log.info("%s: %d of %d", description, step + 1, total)


def cover_resources(mem_mb, threads):
    """How a job's covers may compute distances: bytes to keep for each class, and on which device.

    A quarter of the job's memory holds distances, shared by the classes under way. None of it changes a cover.
    """
    device = "cpu"
    if os.path.exists("/proc/driver/nvidia/version"):  # importing PyTorch to learn that there is no GPU takes seconds
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
    return {"memory": mem_mb * 2**20 // 4 // threads, "device": device}


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
