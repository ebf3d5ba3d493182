"""The smoke study through a real SLURM on this machine, against the same study run locally: `make slurm-test`.

One job is cancelled, others exceed their memory, Snakemake is killed and started again. The tables must be the bytes
of the local run, which lies in results/.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
import yaml
from cluster import PACKAGES, Cluster

from running import ROOT, Workflow

TABLES = ("runs", "gates", "summary", "covers", "condensed", "transfer", "bounds")
PROFILE = ["--workflow-profile", "profiles/slurm", "--configfile", "config/smoke.yaml"]
SCARCE = {"transfer_attacks": 350, "trace_frontier": 200}  # rules whose first attempt has too little memory, in MB
WITH_NETWORKS = ("train_expert", "condense_dataset", "train_model", "transfer_attacks", "trace_bound")

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """SLURM, installed where Debian's packages can be and started."""
    if os.geteuid() != 0:
        pytest.skip("SLURM is started by root")
    if not shutil.which("slurmctld") or not shutil.which("munged"):
        if not shutil.which("apt-get"):
            pytest.skip(f"no SLURM here, and no apt-get to install {', '.join(PACKAGES)}")
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES], check=True)
    with Cluster(tmp_path_factory.mktemp("slurm") / "base") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    """A copy of the workflow where no study has been run, its profile set for small jobs and for trouble."""
    workflow = Workflow(tmp_path_factory.mktemp("workflow"))
    path = workflow.folder / "profiles/slurm/profile.yaml"
    profile = yaml.safe_load(path.read_text())
    profile["group-components"]["models"] = 11
    for rule, mb in SCARCE.items():
        profile["set-resources"][rule]["mem_mb"] = f"{mb} * attempt ** 2"
    path.write_text(yaml.safe_dump(profile))
    return workflow


def start(workflow, cluster, log):
    """Snakemake, submitting; its output goes to a file."""
    path = f"{os.path.dirname(sys.executable)}:{cluster.environment['PATH']}"
    with open(log, "a") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *PROFILE],
            cwd=workflow.folder,
            env=cluster.environment | {"PATH": path},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def training(cluster):
    """Numbers of the jobs that train and attack models now."""
    lines = cluster.run("squeue", "-h", "-t", "running", "-o", "%i %k").splitlines()
    return [line.split()[0] for line in lines if "train_model" in line]


def wait_for(condition, process, log, seconds=900):
    """Wait until a condition holds while Snakemake goes on."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert process.poll() is None, log.read_text()[-5000:]
        assert time.monotonic() < deadline, log.read_text()[-5000:]
        time.sleep(0.5)
    return value


def test_the_smoke_study_ends_in_the_same_tables_whatever_happens_to_its_jobs(workflow, cluster):
    log = workflow.folder / "snakemake.log"
    began = time.monotonic()
    first = start(workflow, cluster, log)
    models = workflow.folder / "results/digits/models"
    wait_for(lambda: len(list(models.rglob("model.pt"))) >= 1, first, log)
    (cancelled, *_) = wait_for(lambda: training(cluster), first, log)
    cluster.run("scancel", cancelled)
    wait_for(lambda: "Error in group models" in log.read_text(), first, log)

    wait_for(lambda: len(list(models.rglob("model.pt"))) >= 6, first, log)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    run_id = re.search(r"SLURM run ID: (\S+)", log.read_text())[1]
    cluster.run("scancel", "--name", run_id)
    while cluster.run("squeue", "-h", "-t", "running,completing"):
        time.sleep(0.5)
    finished = {path: path.read_bytes() for path in models.rglob("model.pt")}
    subprocess.run([sys.executable, "-m", "snakemake", *PROFILE, "--unlock"], cwd=workflow.folder, check=True)
    again = start(workflow, cluster, log)
    assert again.wait(timeout=2400) == 0, log.read_text()[-5000:]
    print(f"\nthrough SLURM, disturbed: {time.monotonic() - began:.0f} s")

    jobs = [line.split() for line in cluster.run("squeue", "-h", "-t", "all", "-o", "%P %T %k").splitlines()]
    states = Counter(state for _, state, *_ in jobs)
    print("SLURM's jobs by their end:", dict(states))
    assert states["CANCELLED"] >= 1
    for rule in SCARCE:
        assert any(state in ("FAILED", "OUT_OF_MEMORY") and rule in " ".join(name) for _, state, *name in jobs), rule
    for partition, _, *name in jobs:
        assert (partition == "gpu") == any(rule in " ".join(name) for rule in WITH_NETWORKS), name
    assert all(path.read_bytes() == content for path, content in finished.items())
    different = [name for name in TABLES if _table(workflow.folder, name) != _table(ROOT, name)]
    assert different == []
    assert list((workflow.folder / "results/logs/slurm").rglob("*.log"))


def test_a_second_run_has_nothing_to_submit(workflow, cluster):
    command = [sys.executable, "-m", "snakemake", *PROFILE]
    process = subprocess.run(
        command, cwd=workflow.folder, env=cluster.environment, capture_output=True, text=True, check=True
    )
    assert "Nothing to be done" in process.stdout + process.stderr


def _table(folder, name):
    return (folder / f"results/tables/{name}.csv").read_bytes()
