"""The smoke study with an environment per rule, built by a stand-in for conda: `make conda-test`.

No conda channel can be reached from where this is developed. What is shown: every rule runs with the versions that its
environment pins and with nothing else, Snakemake itself living in an environment that has neither NumPy nor PyTorch.
What is not: a download from conda-forge, its builds, and its Python.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from running import ROOT, Workflow
from test_environments import IMPORT_NAMES, PINS, jobs, pins_of

HERE = Path(__file__).parent
UV = Path(sys.executable).with_name("uv")
EXPORTED = "results/digits/condensed/free-dm-ipc10/seed0/exported/condensed.pt"
# What the smoke study does not ask for, so that every rule has run.
MORE = f"""
run: {{methods: [mfc], models: [mlp], trainings: [gaussian], seeds: [0]}}
certificates: {{points: 20, smoothing: {{guesses: 10, samples: 100}}}}
methods: {{theirs: {{family: imported, format: dc, experiment: 0, path: {EXPORTED}}}}}
"""
MORE_TARGETS = ["results/figures/certificates.png", "results/digits/imported/theirs/train.npy"]
MORE_TARGETS += ["results/digits/features/pca.npy"]

pytestmark = pytest.mark.conda


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """An environment that has Snakemake and what it needs, as a user of conda would have."""
    folder = tmp_path_factory.mktemp("host")
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    install = [UV, "pip", "install", "--quiet", "--python", folder / "venv/bin/python"]
    subprocess.run([*install, "-c", ROOT / "requirements.txt", f"snakemake=={PINS['snakemake']}"], check=True)
    return folder / "venv"


@pytest.fixture(scope="module")
def finished(host, tmp_path_factory):
    """The smoke study, run with an environment per rule; the workflow's folder."""
    workflow = Workflow(tmp_path_factory.mktemp("workflow"))
    path = f"{HERE}:{host / 'bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "STANDIN_UV": str(UV)}
    for name in ("VIRTUAL_ENV", "PYTHONPATH"):
        environment.pop(name, None)
    command = [host / "bin/python", "-m", "snakemake", "--sdm", "conda", "--cores", str(os.cpu_count())]
    (workflow.folder / "more.yaml").write_text(MORE)
    options = {"cwd": workflow.folder, "env": environment, "text": True, "stderr": subprocess.STDOUT}
    for overlays, targets in ([], ["all", EXPORTED]), (["more.yaml"], MORE_TARGETS):
        words = [*command, "--configfile", "config/smoke.yaml", *overlays, "--", *targets]
        process = subprocess.run(words, stdout=subprocess.PIPE, check=False, **options)
        assert process.returncode == 0, process.stdout[-5000:]
    return workflow.folder


@pytest.fixture(scope="module")
def environments(finished):
    """The environments that were built: {name of the file: folder}."""
    built = {}
    for copy in (finished / ".snakemake/conda").glob("*.yaml"):
        (name,) = (
            path.stem
            for path in (ROOT / "envs").glob("*.yaml")
            if yaml.safe_load(path.read_text()) == yaml.safe_load(copy.read_text())
        )
        built[name] = copy.with_suffix("")
    return built


def installed(environment):
    """Versions of the packages of an environment, by name."""
    command = [UV, "pip", "list", "--python", environment / "bin/python", "--format", "json"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {package["name"]: package["version"] for package in json.loads(listing)}


def test_snakemake_itself_has_no_packages_of_the_study(host):
    assert not set(installed(host)) & {
        "numpy",
        "torch",
        "pandas",
        "scipy",
        "scikit-learn",
        "matplotlib",
        "pyarrow",
        "pillow",
    }


def test_each_environment_has_the_versions_that_it_pins(environments):
    assert set(environments) == {path.stem for path in (ROOT / "envs").glob("*.yaml")}
    for name, folder in environments.items():
        versions = installed(folder)
        pinned = {key: value for key, value in pins_of(ROOT / f"envs/{name}.yaml").items() if key != "python"}
        assert {key: versions[key] for key in pinned} == pinned


def test_every_rule_ran_in_its_own_environment_with_snakemakes_packages_alone_from_outside(finished, environments):
    for script, environment in jobs():
        logs = [*(finished / "results/logs").glob(f"{script}.log")]
        logs += (finished / f"results/logs/{script}").rglob("*.log")
        assert logs, script
        pinned = {IMPORT_NAMES.get(name, name) for name in pins_of(ROOT / f"envs/{environment}.yaml")}
        for log in logs:
            prefix, modules = re.search(r"environment (\S+); modules from elsewhere: (.*)", log.read_text()).groups()
            assert Path(prefix) == environments[environment], log
            # Snakemake puts its own environment last on the path of every job; the test above says what is not there.
            assert "snakemake" in modules.split(", ")
            assert not pinned & set(modules.split(", ")), log


def test_the_tables_are_those_of_the_one_environment_for_all(finished):
    for name in ("runs", "covers", "summary", "gates"):
        path = f"results/tables/{name}.csv"
        assert (finished / path).read_bytes() == (ROOT / path).read_bytes(), name
