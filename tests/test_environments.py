"""Versions: one pin per package, the same in pyproject.toml, the lock and every environment of a rule."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from finitecover.jobs.provenance import imported_modules, module_path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(line.split("==") for line in PROJECT["dependencies"])
CONDA_NAMES = {"pytorch": "torch"}
IMPORT_NAMES = {"scikit-learn": "sklearn", "pillow": "PIL", "pyyaml": "yaml"}
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


def packages_of(environment):
    """Lines of an environment's conda packages, and of those that it has from PyPI."""
    lines = yaml.safe_load(environment.read_text())["dependencies"]
    return [line for line in lines if isinstance(line, str)], [
        name for line in lines if isinstance(line, dict) for name in line["pip"]
    ]


def pins_of(environment):
    """Versions by name; pip itself, which serves packages that conda-forge lacks, is none of the project's."""
    conda, pypi = packages_of(environment)
    pins = dict(line.split("=") for line in conda) | dict(line.split("==") for line in pypi)
    assert ("pip" in pins) == bool(pypi)
    return {CONDA_NAMES.get(name, name): version for name, version in pins.items() if name != "pip"}


def third_party(path, everywhere):
    """Names that a file imports from outside the standard library and the package, inside functions too or not."""
    tree = ast.parse(path.read_text())
    names = set()
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {"finitecover"}


def jobs():
    """(script, environment file) of every rule."""
    for rules in sorted((ROOT / "rules").glob("*.smk")):
        text = rules.read_text()
        yield from zip(
            re.findall(r'"\.\./scripts/(\w+)\.py"', text), re.findall(r'"\.\./envs/(\w+)\.yaml"', text), strict=True
        )


def test_every_direct_dependency_is_pinned_exactly():
    extra = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9.]*", line) for line in PROJECT["dependencies"] + extra)


def test_the_lock_has_the_same_pins_with_hashes_and_no_address():
    lock = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-uv.txt").read_text()
    for name, version in PINS.items():
        assert re.search(rf"^{re.escape(name)}=={re.escape(version)} [^\n]*\\\n    --hash=sha256:", lock, re.M), name
    assert "://" not in lock
    entries = re.split(r"\n(?=\S)", lock)
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry.split("\n")[0])


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_pins_what_the_project_pins(environment):
    content = yaml.safe_load(environment.read_text())
    assert content["channels"] == ["conda-forge", "nodefaults"]
    conda, pypi = packages_of(environment)
    assert all(re.fullmatch(r"[a-z0-9-]+=[0-9][0-9.]*", line) for line in conda)
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9.]*", line) for line in pypi)
    pins = pins_of(environment)
    assert pins.pop("python").startswith("3.12.")
    assert pins == {name: PINS[name] for name in pins}


@pytest.mark.parametrize(("script", "environment"), sorted(jobs()))
def test_a_rule_imports_nothing_that_its_environment_lacks(script, environment):
    script = ROOT / "scripts" / f"{script}.py"
    modules = [module_path(name) for name in imported_modules(script)]
    # What a module imports at its top; functions import for themselves what only some jobs need.
    imported = set().union(*(third_party(path, everywhere=False) for path in [script, *modules]))
    provided = {IMPORT_NAMES.get(name, name) for name in pins_of(ROOT / "envs" / f"{environment}.yaml")}
    assert imported <= provided, f"{environment}.yaml lacks {sorted(imported - provided)}"


def test_no_environment_holds_what_no_rule_of_it_imports():
    for environment in ENVIRONMENTS:
        imported = set()
        for script, name in jobs():
            if name == environment.stem:
                script = ROOT / "scripts" / f"{script}.py"
                modules = [module_path(module) for module in imported_modules(script)]
                imported |= set().union(*(third_party(path, everywhere=True) for path in [script, *modules]))
        provided = {IMPORT_NAMES.get(name, name) for name in pins_of(environment)} - {"python"}
        # torchvision is built on PyTorch and has SciPy read SVHN's files; jinja2 writes LaTeX for pandas
        assert provided - imported <= {"scipy", "jinja2", "torch"}, (environment.stem, provided - imported)
