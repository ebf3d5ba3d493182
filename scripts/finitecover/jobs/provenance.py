"""Which modules of the package a script imports, directly or not, and a digest of their contents.

Snakemake reruns a job when its script changes but does not follow imports; every rule therefore carries the digest of
what its script imports as a parameter, and a change in a module reruns the jobs that depend on it and no others.

Modules have dotted names below the package, "covers.search"; a package's own name stands for its ``__init__.py``, which
counts where a name is imported that is no module of it. It holds public names alone and is otherwise nobody's business.
"""

import ast
import hashlib
import os
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def imported_modules(path, package=PACKAGE):
    """Names of the package's modules that the Python file at `path` imports, transitively, sorted."""
    found, pending = set(), [Path(path)]
    while pending:
        for name in _direct_imports(pending.pop(), package) - found:
            found.add(name)
            pending.append(module_path(name, package))
    return sorted(found)


def library_digest(script, package=PACKAGE):
    """Hex digest of the modules that the script imports; it changes exactly when one of them does."""
    digest = hashlib.sha256()
    for name in imported_modules(script, package):
        digest.update(name.encode() + b"\0" + module_path(name, package).read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def module_path(name, package=PACKAGE):
    """The file of a module."""
    path = package.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _direct_imports(path, package):
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            names.update(_home(alias.name, package) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, path, package)
            names.update(_home(f"{base}.{alias.name}", package) for alias in node.names)
    return names - {None}


def _absolute(node, path, package):
    """The dotted name that a `from … import` imports from."""
    if not node.level:
        return node.module
    folder = path.parents[node.level - 1].relative_to(package.parent)
    return ".".join([*folder.parts, *filter(None, [node.module])])


def _home(name, package):
    """The module that a dotted name is, or is a name of; None where it is not of the package."""
    top, *parts = name.split(".")
    while top == package.name and parts:
        path = package.joinpath(*parts)
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return ".".join(parts)
        parts.pop()
    return None


def put_first(folder):
    """Have the jobs of this process find the modules in a folder before any other of their names."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
