"""Functions and classes that users add to the modules of `finitecover.own`, by name."""

import ast
from inspect import getmembers, isclass, isfunction
from pathlib import Path

OWN = Path(__file__).parents[1] / "own"


def own_objects(module, classes=False):
    """{name: function} of a module's own public functions, and with `classes` of its classes too."""
    return {
        name: found
        for name, found in getmembers(module, lambda member: isfunction(member) or (classes and isclass(member)))
        if found.__module__ == module.__name__ and not name.startswith("_")
    }


def own_names(module, classes=False):
    """The same names, sorted, of a module of `finitecover.own` that is read and not imported: it may need PyTorch."""
    path = OWN / f"{module}.py"
    tree = ast.parse(path.read_bytes(), filename=str(path))  # bytes: Python alone knows how they are coded
    kinds = (ast.FunctionDef, ast.ClassDef) if classes else ast.FunctionDef
    names = (node.name for node in tree.body if isinstance(node, kinds))
    return sorted(name for name in names if not name.startswith("_"))
