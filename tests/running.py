"""A copy of the workflow to run: what tests of every kind share."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
SMOKE = "config/smoke.yaml"
QUICK = yaml.safe_load((ROOT / "tests/quick.yaml").read_text())  # over the smoke study: less of everything
EVERYTHING = {"FINITECOVER_OUTPUT": "all"}  # of the environment: prints what is said of every job
WORKFLOW = ["Snakefile", "pyproject.toml", "rules", "scripts", "config", "envs", "profiles"]


class Workflow:
    """A copy of the workflow in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        for name in WORKFLOW:
            source, target = ROOT / name, folder / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, target)

    def start(self, *arguments, cores=2, config=(), prefix=(), everything=False):
        """Start Snakemake, in a process group of its own; `config` names overlays, `prefix` a command to run it by;
        `everything` has it print what is said of every job as well."""
        overlays = ["--configfile", *map(str, config)] if config else []
        command = [*prefix, sys.executable, "-m", "snakemake", *overlays, "--cores", str(cores), *map(str, arguments)]
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", *EVERYTHING)}
        environment |= EVERYTHING if everything else {}
        output = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        # A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would too.
        output["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(command, cwd=self.folder, env=environment, start_new_session=True, **output)

    def run(self, *arguments, check=True, **options):
        """Run Snakemake as `start` does; the finished process, its output as text in `.stdout`."""
        process = self.start(*arguments, **options)
        output, _ = process.communicate()
        assert not check or process.returncode == 0, output[-5000:]
        return subprocess.CompletedProcess(process.args, process.returncode, output)

    def planned(self, *arguments, config=()):
        """Jobs that Snakemake would run: {rule: number}."""
        output = self.run("--dry-run", *arguments, config=config).stdout
        table = output.split("Job stats:")[-1].split("Reasons:")[0]
        words = (line.split() for line in table.splitlines())
        return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdigit()}
