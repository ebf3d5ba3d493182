from finitecover.provenance import imported_modules, library_digest


def package(tmp_path, **modules):
    folder = tmp_path / "finitecover"
    folder.mkdir()
    for name, source in {"__init__": "", **modules}.items():
        (folder / f"{name}.py").write_text(source)
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
