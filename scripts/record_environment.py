"""Record what produced the tables: versions of every direct dependency, machine, device, commit."""

import platform
import subprocess
import sys
from importlib import metadata
from os import cpu_count

import torch

from finitecover.arrays import save_json
from finitecover.jobs import job


def record_environment(requirements_path, environment_path):
    """Versions are those of this job's environment, for every package that pyproject.toml pins and it has."""
    import tomllib

    with open(requirements_path, "rb") as file:
        pinned = [line.split("==")[0] for line in tomllib.load(file)["project"]["dependencies"]]
    save_json(
        environment_path,
        {
            "python": sys.version.split()[0],
            "packages": {name: version for name in pinned if (version := _version(name))},
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": cpu_count(),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "commit": _commit(),
        },
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
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not a git checkout"


if __name__ == "__main__":
    with job(snakemake):
        record_environment(
            requirements_path=snakemake.input.requirements, environment_path=snakemake.output.environment
        )
