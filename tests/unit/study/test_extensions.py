from types import ModuleType

import pytest

from finitecover.jobs.provenance import imported_modules
from finitecover.study import extensions

SOURCE = """
from math import sqrt

def shown(x): return sqrt(x)
def _hidden(x): return x
class Shown: pass
NUMBER = 3
"""


@pytest.mark.parametrize(("classes", "names"), [(False, ["shown"]), (True, ["Shown", "shown"])])
def test_what_users_add_is_known_by_name_without_being_imported(classes, names, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(SOURCE)
    monkeypatch.setattr(extensions, "OWN", tmp_path)
    assert extensions.own_names("mine", classes) == names
    module = ModuleType("mine")
    exec(SOURCE, module.__dict__)
    assert sorted(extensions.own_objects(module, classes)) == names


@pytest.mark.parametrize(("head", "coding"), [("\ufeff", "utf-8"), ("# coding: latin-1\n", "latin-1"), ("", "utf-8")])
def test_a_module_is_read_as_python_reads_it(head, coding, tmp_path, monkeypatch):
    source = f"{head}def \u00e4hnlich(x): return x\n".encode(coding)
    (tmp_path / "mine.py").write_bytes(source)
    monkeypatch.setattr(extensions, "OWN", tmp_path)
    assert extensions.own_names("mine") == ["\u00e4hnlich"]
    assert imported_modules(tmp_path / "mine.py") == []


def test_a_mistake_in_the_syntax_has_the_name_of_its_file(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def f(:\n")
    monkeypatch.setattr(extensions, "OWN", tmp_path)
    with pytest.raises(SyntaxError) as told:
        extensions.own_names("mine")
    assert told.value.filename == str(tmp_path / "mine.py")
