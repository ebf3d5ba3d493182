"""Which modules of the package a script imports, directly or not, and a digest of their contents.

Snakemake reruns a job when its script changes but does not follow imports; every rule therefore carries the digest of
what its script imports as a parameter, and a change in a module reruns the jobs that depend on it and no others.
"""

import ast
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parent


def imported_modules(path, package=PACKAGE):
    """Names of the package's modules that the Python file at `path` imports, transitively, sorted."""
    found, pending = set(), [Path(path)]
    while pending:
        for name in _direct_imports(pending.pop(), package) - found:
            found.add(name)
            pending.append(package / f"{name}.py")
    return sorted(found)


def library_digest(script, package=PACKAGE):
    """Hex digest of the modules that the script imports; it changes exactly when one of them does."""
    digest = hashlib.sha256()
    for name in imported_modules(script, package):
        digest.update(name.encode() + b"\0" + (package / f"{name}.py").read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _direct_imports(path, package):
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.name if node.level else node.module
            base = f"{base}.{node.module}" if node.level and node.module else base
            names.update({base, *(f"{base}.{alias.name}" for alias in node.names)})
    modules = {name.split(".")[1] for name in names if name.startswith(f"{package.name}.")}
    return {name for name in modules if (package / f"{name}.py").is_file()}
