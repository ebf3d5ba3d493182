from types import ModuleType

import pytest

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
