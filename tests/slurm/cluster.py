"""A real SLURM of two small nodes on this machine, on loopback alone: for `make slurm-test`, and to try things out.

    with Cluster(folder) as cluster:
        subprocess.run(["sinfo"], env=cluster.environment)

Needs root and Debian's packages slurmctld, slurmd, slurm-client and munge (`PACKAGES`), no systemd, no cgroups and no
accounting. The node ``gpu1`` offers two GPUs that are none (character devices), so that requests for GPUs can be tried;
jobs there find no GPU and compute on the CPU.
"""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PORTS = {"slurmctld": 26817, "cpu1": 26818, "gpu1": 26819}
NODE = "CPUs={cores} RealMemory={memory} State=UNKNOWN"

SLURM_CONF = """
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={base}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool-%n
SlurmctldPidFile={base}/slurmctld.pid
SlurmdPidFile={base}/slurmd-%n.pid
SlurmctldLogFile={base}/slurmctld.log
SlurmdLogFile={base}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
AccountingStorageType=accounting_storage/none
MinJobAge=7200
KillWait=5
GresTypes=gpu
NodeName=cpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port={cpu1} CPUs={cores} RealMemory={memory}
NodeName=gpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port={gpu1} CPUs={cores} RealMemory={memory} Gres=gpu:trial:2
PartitionName=cpu Nodes=cpu1 Default=YES MaxTime=UNLIMITED State=UP
PartitionName=gpu Nodes=gpu1 MaxTime=UNLIMITED State=UP
"""
GRES_CONF = "NodeName=gpu1 Name=gpu Type=trial File=/dev/null\nNodeName=gpu1 Name=gpu Type=trial File=/dev/zero\n"
# The plugin takes SLURM_CONF out of the environment of what it starts in a job, where srun needs it.
SRUN = '#!/bin/sh\nSLURM_CONF={base}/slurm.conf exec {srun} "$@"\n'


class Cluster:
    """Starts SLURM when entered and stops it when left. cores, memory (MiB): of each of the two nodes."""

    def __init__(self, base, cores=2, memory=8000):
        self.base, self.cores, self.memory = Path(base), cores, memory
        path = f"{self.base / 'bin'}:{os.environ['PATH']}"
        self.environment = os.environ | {"SLURM_CONF": str(self.base / "slurm.conf"), "PATH": path}

    def __enter__(self):
        (self.base / "state").mkdir(parents=True)
        (self.base / "bin").mkdir()
        for node in ("cpu1", "gpu1"):
            (self.base / f"spool-{node}").mkdir()
        values = PORTS | {"host": socket.gethostname().split(".")[0], "base": self.base}
        values |= {"cores": self.cores, "memory": self.memory, "srun": shutil.which("srun")}
        (self.base / "slurm.conf").write_text(SLURM_CONF.format(**values))
        (self.base / "gres.conf").write_text(GRES_CONF)
        srun = self.base / "bin/srun"
        srun.write_text(SRUN.format(**values))
        srun.chmod(0o755)
        key = self.base / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self.base.chmod(0o755)
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        files = [f"--{name}-file={self.base}/munge.{name}" for name in ("key", "pid", "log", "seed")]
        subprocess.run(["munged", "--force", f"--socket={self.base}/munge.socket", *files], check=True)
        subprocess.run(["slurmctld"], env=self.environment, check=True)
        for node in ("cpu1", "gpu1"):
            subprocess.run(["slurmd", "-N", node], env=self.environment, check=True)
        deadline = time.monotonic() + 60
        while self.run("sinfo", "-h", "-N", "-o", "%T").split() != ["idle", "idle"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"SLURM's nodes are not idle; see {self.base}/*.log")
            time.sleep(0.2)

    def __exit__(self, *_):
        subprocess.run(["scancel", "--user=root", "--quiet"], env=self.environment, check=False)
        for name in ("slurmd-cpu1", "slurmd-gpu1", "slurmctld", "munge"):
            path = self.base / f"{name}.pid"
            if path.exists():
                subprocess.run(["kill", path.read_text().strip()], check=False)

    def run(self, *command):
        """Standard output of one of SLURM's commands."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False).stdout
