"""Break every rule in every way that machines do, run the same command again, and compare bytes: `make fault-test`.

A small study on digits is run undisturbed. Then, for one job of every rule and each kind of fault, its outputs are
removed and the job is run again with the fault; whatever it leaves under the name of an output must be what the
undisturbed run wrote, and the same command, once more and without the fault, must end in those bytes.

kill job       kill -9 of the job's process at a random moment
kill run       kill -9 of Snakemake and the job together, at a random moment
disk full      results/ has room for a random part of what the job writes (a mount: needs root or user namespaces)
truncated      a random input loses a random part of its end
unreadable     a random input holds random bytes

Prints a Markdown table, a row per fault; ends with 1 if anything was lost.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from sklearn.datasets import load_digits

from running import ROOT, Workflow

FAULTS = ("kill job", "kill run", "disk full", "truncated", "unreadable")
STUDY = """
run:
  datasets: [mine]
  methods: [full, random, mfc, free-dm, mtt]
  budgets: [2]
  trainings: [gaussian, generalised-ibp-linf, pgd-linf-long, pgd-linf-teacher]
  models: [mlp]
datasets:
  mine:
    source: npz
    path: mine.npz
    eps: {linf: {train: "0.1", test: ["0.1"]}}
    augmentation: ""
methods:
  dm: {iterations: 300}
  theirs:
    family: imported
    format: dc
    experiment: 0
    path: results/{dataset}/condensed/free-dm-ipc2/seed0/exported/condensed.pt
    cover: l2
    ipc: 2
trainings:
  pgd-linf-teacher: {methods: [random]}
models:
  convnet: {width: 8}
certificates:
  smoothing: {guesses: 10, samples: 100}
optimisation:
  steps: 200
"""
OPTIONS = {"cores": 1, "config": ["config/smoke.yaml", "quick.yaml", "study.yaml"]}
TARGETS = ["all", "results/mine/imported/theirs/cover/verified.csv", "results/mine/features/pca.npy"]
TARGETS += ["results/mine/coresets/easycore-ipc2/seed0/train.npy"]


class Lost(Exception):
    """The project broke its promise; the message says how."""


def run(workflow, targets, check=True):
    """Make targets; the exit code and the output."""
    process = workflow.run(*targets, check=False, **OPTIONS)
    if check and process.returncode:
        raise Lost(f"the same command failed: {_error(process.stdout)}")
    return process.returncode, process.stdout


def prepare(folder):
    """A copy of the workflow in which the small study has been run."""
    workflow = Workflow(folder)
    shutil.copyfile(ROOT / "tests/quick.yaml", folder / "quick.yaml")
    (folder / "study.yaml").write_text(STUDY)
    x, y = load_digits(return_X_y=True)
    x = (x.reshape(-1, 8, 8) / 16).astype(np.float32)
    np.savez(folder / "mine.npz", x_train=x[:300], y_train=y[:300], x_test=x[300:360], y_test=y[300:360])
    run(workflow, TARGETS)
    return workflow


def jobs(workflow):
    """One job of every rule: {rule: (log, outputs, inputs)}, as Snakemake itself tells."""
    _, listing = run(workflow, [*TARGETS, "--detailed-summary"])
    found, chosen = {}, {}
    header, *lines = (line.split("\t") for line in listing.splitlines() if line.count("\t") > 5)
    column = {name: position for position, name in enumerate(header)}
    for line in lines:
        rule, log = line[column["rule"]], line[column["log-file(s)"]]
        if chosen.setdefault(rule, log) == log:
            _, outputs, _ = found.setdefault(rule, (log, [], _damageable(rule, line[column["input-file(s)"]])))
            outputs.append(line[column["output_file"]])
    return found


def _damageable(rule, inputs):
    """Inputs that a job made, or that are the user's own; the files of the project itself are git's to keep."""
    if rule == "download_dataset":
        return ["mine.npz"]
    return [path for path in inputs.split(",") if path.startswith("results/")]


class Trial:
    """One fault in one job, in a copy of the finished study of its own."""

    def __init__(self, finished, rule, fault, job, seed):
        self.base, self.rule, self.fault = finished.folder, rule, fault
        self.log, self.outputs, self.inputs = job
        self.random = random.Random(f"{seed} {rule} {fault}")
        self.workflow, self.folder = copy(finished), None

    def carry_out(self):
        """A row of the table: rule, fault, what was done, what came of it, and whether all is well."""
        if self.fault in ("truncated", "unreadable") and not self.inputs:
            return self._row("", "has no input", True)
        with tempfile.TemporaryDirectory() as scratch:
            self.workflow.folder = self.folder = Path(scratch, "study")
            shutil.copytree(self.base, self.folder)
            try:
                return self._row(*self._broken(), True)
            except Exception as error:
                return self._row("", error if isinstance(error, Lost) else repr(error), False)
            finally:
                subprocess.run(["umount", self.folder / "results"], capture_output=True)

    def _row(self, done, outcome, well):
        return self.rule, self.fault, done, outcome, well

    def _broken(self):
        for path in self.outputs:
            (self.folder / path).unlink()
        strike = {"kill job": self._kill, "kill run": self._kill, "disk full": self._fill}.get(self.fault, self._damage)
        done, output = strike()
        left = [path for path in self.outputs if (self.folder / path).exists()]
        self._compare(left)
        said = _error(output)
        if self.fault in ("truncated", "unreadable") and not (self.inputs[0] in output and said):
            raise Lost(f"no line names the damaged input: {output[-500:]}")
        run(self.workflow, self.outputs)
        self._compare(self.outputs)
        if self.fault in ("truncated", "unreadable") and self.inputs[0].endswith((".npy", ".npz", ".pt", ".parquet")):
            self._compare(self.inputs)
        left_over = [path.name for path in (self.folder / "results").rglob(".*.*") if _half_written(path)]
        if left_over:
            raise Lost(f"left lying: {', '.join(left_over)}")
        return done, said or ("had finished" if len(left) == len(self.outputs) else "stopped")

    def _compare(self, paths):
        for path in paths:
            if _content(self.folder / path) != _content(self.base / path):
                raise Lost(f"{path} differs from the undisturbed run")

    def _kill(self):
        """Kill between the job's start and a little after the time that it took undisturbed."""
        process = self.workflow.start(*self.outputs, **OPTIONS)
        job = _job_process(process)
        moment = self.random.uniform(0, 1.1 * _seconds(self.base / self.log))
        time.sleep(moment)
        if self.fault == "kill run":
            os.killpg(process.pid, signal.SIGKILL)
        elif job.is_running():
            job.kill()
        output, _ = process.communicate()
        return f"{moment:.1f} s after its start", output

    def _fill(self):
        """Move results/ to a file system that has room for a part of what the job will write."""
        results, kept = self.folder / "results", self.folder / "kept"
        results.rename(kept)
        results.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", results], check=True)
        shutil.copytree(kept, results, dirs_exist_ok=True)
        shutil.rmtree(kept)
        page = os.sysconf("SC_PAGE_SIZE")
        (self.folder / self.log).unlink()
        used = shutil.disk_usage(results).used
        written = sum(-(-(self.base / path).stat().st_size // page) * page for path in self.outputs)
        room = self.random.randrange(0, written, page)
        subprocess.run(["mount", "-o", f"remount,size={used + room}", results], check=True)
        code, output = run(self.workflow, self.outputs, check=False)
        if code == 0:
            raise Lost(f"room for {room} of {written} bytes sufficed")
        subprocess.run(["mount", "-o", "remount,size=1g", results], check=True)
        return f"room for {room} of {written} bytes", output

    def _damage(self):
        path = self.random.choice(self.inputs)
        self.inputs = [path]
        content = (self.folder / path).read_bytes()
        if self.fault == "truncated":
            kept = self.random.randrange(len(content))
            done = f"{path}: {kept} of {len(content)} bytes"
            (self.folder / path).write_bytes(content[:kept])
        else:
            done = path
            (self.folder / path).write_bytes(self.random.randbytes(len(content)))
        code, output = run(self.workflow, self.outputs, check=False)
        if code == 0:
            raise Lost(f"{path} was taken as it was")
        if not path.startswith("results/"):  # the user's own file: nobody else can mend it
            (self.folder / path).write_bytes(content)
        return done, output


def _job_process(process):
    """The process that runs the job's script, once it is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            for child in psutil.Process(process.pid).children(recursive=True):
                if any("/.snakemake/scripts/" in word for word in child.cmdline()) and "python" in child.name():
                    return child
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.02)
    raise Lost("the job did not start")


def _seconds(log):
    """From the start of a job's process to its end, undisturbed: what its log says and the time of its imports."""
    last = log.read_text().splitlines()[-1]
    return float(re.search(r"([0-9.]+) s", last)[1]) + (2.5 if "torch" in last else 0.7)


def _content(path):
    """What must be equal: every byte, but for the times in tables, which are measured anew."""
    if path.name not in ("costs.csv", "provenance.csv"):
        return path.read_bytes()
    table = pd.read_csv(path)
    return table[[name for name in table if "seconds" not in name and name != "max_rss_mib"]].to_csv()


def _half_written(path):
    """Whether a file is a partial write."""
    return path.is_file() and path.suffix != ".sha256"


def _error(output):
    """The line that says what is wrong, without the place of the log."""
    lines = [line for line in output.splitlines() if line.startswith("Error: ") and "(log:" in line]
    return lines[0].removeprefix("Error: ").partition(" (log:")[0] if lines else ""


def main():
    """Inject the faults and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", nargs="+", help="only these")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=FAULTS)
    parser.add_argument("--parallel", type=int, default=os.cpu_count(), help="faults at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments, places and files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        finished = prepare(Path(scratch))
        trials = [
            Trial(finished, rule, fault, job, options.seed)
            for rule, job in jobs(finished).items()
            for fault in options.faults
            if not options.rules or rule in options.rules
        ]
        print("| rule | fault | where | outcome | finished with the same bytes |\n|---|---|---|---|---|", flush=True)
        rows = []
        with ThreadPoolExecutor(options.parallel) as pool:
            for row in pool.map(Trial.carry_out, trials):
                rows.append(row)
                print("|", " | ".join((*map(str, row[:4]), "yes" if row[4] else "NO")), "|", flush=True)
    injected = [row for row in rows if row[3] != "has no input"]
    lost = [row for row in injected if not row[4]]
    print(f"\n{len(injected)} faults in {len({row[0] for row in rows})} rules, {len(lost)} lost something")
    raise SystemExit(bool(lost))


if __name__ == "__main__":
    if os.geteuid():  # mounts are ours to make in a namespace of our own
        os.execvp("unshare", ["unshare", "--map-root-user", "--mount", sys.executable, *sys.argv])
    main()
