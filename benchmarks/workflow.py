"""What the workflow costs beside its jobs, on the smoke study: part of `make bench`.

Runs the study in a folder of its own and divides the wall time of the whole by the sum of what the jobs took, as
Snakemake's benchmark files have it (from the start of a job's Python to its end; the few jobs without one: what their
logs say). Counts the jobs that import PyTorch, and says how long such an import takes here.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from running import Workflow  # noqa: E402


def run_study(folder, cores):
    """Seconds of the whole study."""
    workflow = Workflow(folder)
    start = time.perf_counter()
    workflow.run(cores=cores, config=["config/smoke.yaml"])
    return time.perf_counter() - start


def job_seconds(results):
    """Seconds of every job, and which of them imported PyTorch: a table with a row per log."""
    rows = []
    for log in (results / "logs").rglob("*.log"):
        benchmark = results / "benchmarks" / log.relative_to(results / "logs").with_suffix(".tsv")
        logged, torch = re.search(r"([0-9.]+) s(, with torch)?\n$", log.read_text()).groups()
        seconds = pd.read_csv(benchmark, sep="\t")["s"].item() if benchmark.exists() else float(logged)
        rows.append({"seconds": seconds, "torch": torch is not None})
    return pd.DataFrame(rows)


def import_seconds(count=3):
    """Seconds of importing PyTorch, the fastest of some."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        wall = run_study(Path(scratch), options.cores)
        jobs = job_seconds(Path(scratch, "results"))
    compute, imports = jobs["seconds"].sum(), int(jobs["torch"].sum())
    importing = imports * import_seconds()
    print("| smoke study | |\n|---|---|")
    print(f"| cores | {options.cores} |")
    print(f"| jobs | {len(jobs)} |")
    print(f"| wall time | {wall:.0f} s |")
    print(f"| compute of the jobs, summed | {compute:.0f} s |")
    print(f"| wall time x cores / compute | {wall * options.cores / compute:.2f} |")
    print(f"| imports of PyTorch | {imports}, {importing:.0f} s |")
    print(f"| the same without them in the compute | {wall * options.cores / (compute - importing):.2f} |")


if __name__ == "__main__":
    main()
