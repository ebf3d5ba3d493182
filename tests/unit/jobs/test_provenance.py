import ast

import pytest

from finitecover.jobs.provenance import PACKAGE, imported_modules, library_digest


def package(tmp_path, **modules):
    folder = tmp_path / "finitecover"
    folder.mkdir()
    for name, source in {"__init__": "", **modules}.items():
        path = folder.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    script = tmp_path / "job.py"
    return folder, script


def test_imports_are_followed_in_every_form_and_to_the_end(tmp_path):
    folder, script = package(
        tmp_path,
        a="import numpy\nfrom finitecover.b import f",
        b="def f():\n    from .c import g",
        c="from . import d",
        d="import finitecover.a",
        e="",
        unused="from finitecover import e",
    )
    script.write_text("from finitecover import a, e as other\n")
    assert imported_modules(script, folder) == ["a", "b", "c", "d", "e"]
    script.write_text("import finitecover.c as c\n")
    assert imported_modules(script, folder) == ["a", "b", "c", "d"]
    script.write_text("import finitecover\nimport json\n")
    assert imported_modules(script, folder) == []


def test_digest_changes_exactly_with_what_is_imported(tmp_path):
    folder, script = package(tmp_path, a="from finitecover import b", b="x = 1", c="y = 1")
    script.write_text("from finitecover.a import b")
    before = library_digest(script, folder)
    (folder / "c.py").write_text("y = 2")
    assert library_digest(script, folder) == before
    (folder / "b.py").write_text("x = 2")
    assert library_digest(script, folder) != before


def test_modules_of_packages_are_followed_in_every_form(tmp_path):
    modules = {
        "covers.__init__": "def __getattr__(name):\n    from finitecover.covers import search",
        "covers.search": "from . import distances\nfrom ..norms import order",
        "covers.distances": "from finitecover.jobs.files import save",
        "covers.verification": "import numpy",
        "jobs.__init__": "",
        "jobs.files": "",
        "norms": "",
    }
    folder, script = package(tmp_path, **modules)
    followed = ["covers.distances", "covers.search", "jobs.files", "norms"]
    for text in ("from finitecover.covers import search as s", "from finitecover.covers.search import cover"):
        script.write_text(text)
        assert imported_modules(script, folder) == followed
    # a name that is no module comes from the package itself, and from what that loads
    script.write_text("from finitecover.covers import cover_with_radius")
    assert imported_modules(script, folder) == ["covers", *followed]
    script.write_text("from finitecover.covers.verification import verify")
    assert imported_modules(script, folder) == ["covers.verification"]


def test_packages_hold_public_names_alone():
    for path in PACKAGE.rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        assert isinstance(body[0], ast.Expr), f"{path}: no docstring"
        assert all(isinstance(node, ast.Assign | ast.FunctionDef) for node in body[1:]), path


def test_public_names_are_there():
    from finitecover.covers import Cover, cover_with_budget, cover_with_radius

    assert isinstance(cover_with_budget([[0.0], [1.0]], 1), Cover)
    assert cover_with_radius([[0.0], [1.0]], 0).lower_bound == 2
    with pytest.raises(ImportError, match="cannot import name 'cover_with_luck'"):
        from finitecover.covers import cover_with_luck  # noqa: F401
