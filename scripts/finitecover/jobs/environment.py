"""What results were made with: date, versions, machine, device, commit."""

import platform
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from importlib import metadata
from os import cpu_count
from pathlib import Path

from finitecover.jobs import speed
from finitecover.jobs.device import WIDE, automatic_precision


def environment(requirements_path):
    """{key: value}; versions are those at hand of the packages that pyproject.toml at `requirements_path` pins,
    precision is what `optimisation.precision: auto` is here, by the width of a network, benchmark_seconds how long a
    fixed amount of work takes a core: estimates of another machine's runs are scaled by it."""
    import torch  # seconds, which `machine` alone does without

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with open(requirements_path, "rb") as file:
        pinned = [line.split("==")[0] for line in tomllib.load(file)["project"]["dependencies"]]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": sys.version.split()[0],
        "packages": {name: version for name in pinned if (version := _version(name))},
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cpu_count(),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "precision": {
            f"width < {WIDE}": automatic_precision(device, WIDE - 1),
            f"width >= {WIDE}": automatic_precision(device, WIDE),
        },
        "benchmark_seconds": speed.seconds(),
        "commit": _commit(),
    }


def machine(environment):
    """The commit, the machine and the main versions, in one line."""
    packages = environment["packages"]
    return (
        f"commit {environment['commit']}, {environment['cores']} cores ({environment['processor']}, "
        f"{environment['device']}), Python {environment['python']}, PyTorch {packages['torch']}, "
        f"Snakemake {packages['snakemake']}"
    )


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit():
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not a git checkout"
