"""Functions that users add to the modules ``own_*``, by name."""

import ast
from inspect import getmembers, isfunction
from pathlib import Path


def own_functions(module):
    """{name: function} of a module's own public functions."""
    return {
        name: function
        for name, function in getmembers(module, isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def own_names(module):
    """The same names, sorted, of a module of this package that is read and not imported: it may need PyTorch."""
    tree = ast.parse(Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8"))
    functions = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return sorted(name for name in functions if not name.startswith("_"))
