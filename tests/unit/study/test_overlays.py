import copy

import pytest

from finitecover.study.checks import check
from finitecover.study.overlays import check_keys, derive, derive_methods
from finitecover.study.settings import ConfigurationError
from running import ROOT
from studies import study


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("run: {}\nrun: {}", "key 'run' of line 1 stands again in line 2, which alone would count"),
        ("\ufeffrun:\n  seeds: [0]\n  budgets: [1]\n  seeds: [1]\n", "key 'seeds' of line 2 stands again in line 4"),
        ("figures: [{a: 1, b: 2, a: 3}]", "key 'a' of line 1 stands again in line 1"),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_lines(text, told, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"mine.yaml: {told}"):
        check_keys(path)


@pytest.mark.parametrize(
    "text", ["", "run: [", "a: &a {b: 1}\nc: {d: *a, b: *a}", "{[1]: 2, [1]: 3}", "{1: 2, '1': 3}", "&a [*a]"]
)
def test_what_repeats_no_key_and_what_is_no_yaml_is_not_judged(text, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    check_keys(path)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_no_shipped_file_gives_a_key_twice(path):
    check_keys(path)


def test_a_method_that_is_like_another_has_its_settings_but_for_its_own():
    config = {"methods": {"dm": {"family": "condensation", "start": "real", "iterations": 5}}}
    config["methods"]["free-dm"] = {"like": "dm", "start": "free"}
    derive_methods(config)
    assert config["methods"]["free-dm"] == {"family": "condensation", "start": "free", "iterations": 5}
    assert config["methods"]["dm"]["start"] == "real"
    once = copy.deepcopy(config)
    derive_methods(config)
    assert config == once
    for methods in ({"a": {"like": "b"}}, {"a": {"like": "b"}, "b": {"like": "c"}, "c": {}}):
        with pytest.raises(
            ConfigurationError, match=r"methods\.[ab]\.like: '[bc]' is no method with settings of its own"
        ):
            derive_methods({"methods": methods | {"c": {}}})
    for nonsense in ({}, {"methods": None}, {"methods": [1]}, {"methods": {"a": 5}}):
        derive_methods(nonsense)  # for the schema to refuse


def test_what_a_method_has_itself_stands_at_every_budget():
    by_budget = {"10": {"start": "noise"}, "50": {"start": "noise", "iterations": 9}}
    config = {"methods": {"dm": {"iterations": 5, "by_budget": by_budget}, "free-dm": {"like": "dm", "start": "free"}}}
    derive_methods(config)
    assert config["methods"]["free-dm"]["by_budget"] == {"50": {"iterations": 9}}
    assert config["methods"]["dm"]["by_budget"] == by_budget


@pytest.mark.parametrize(("like", "other"), [(["dm"], {}), ("dm", None), ("dm", [1]), (3, {})])
def test_what_is_no_method_is_none_to_be_like(like, other):
    with pytest.raises(ConfigurationError, match=r"methods\.x\.like: .* is no method with settings of its own"):
        derive_methods({"methods": {"x": {"like": like}, "dm": other}})


def test_a_study_asks_for_a_training_on_the_sets_of_some_methods():
    config = {"run": {"trainings": ["pgd", {"standard": ["full"]}]}, "trainings": {"pgd": {}, "standard": {}}}
    derive(config)
    assert config["run"]["trainings"] == ["pgd", "standard"]
    assert config["trainings"] == {"pgd": {}, "standard": {"methods": ["full"]}}
    once = copy.deepcopy(config)
    derive(config)
    assert config == once
    for nonsense in ({"run": 3}, {"run": {"trainings": {"a": ["b"]}}}, {"run": {"trainings": [{"a": 1, "b": 2}]}}):
        kept = copy.deepcopy(nonsense)
        derive(nonsense)  # for the schema to refuse
        assert nonsense == kept


def test_a_training_that_is_none_and_methods_that_are_none_are_refused():
    for entry, told in (({"absent": ["full"]}, "absent"), ({"pgd-l2": ["absent"]}, "absent"), ({"pgd-l2": 5}, "5")):
        config = study()
        config["run"]["trainings"] = [entry]
        derive(config)
        with pytest.raises(ConfigurationError, match=told):
            check(config, ROOT / "config/schema.yaml")


def test_a_training_is_told_its_methods_in_one_way():
    config = {"run": {"trainings": [{"pgd": ["full"]}]}, "trainings": {"pgd": {"methods": ["random"]}}}
    with pytest.raises(ConfigurationError, match=r"pgd is asked for on \['full'\], and trainings.pgd.methods has"):
        derive(config)
    config["trainings"]["pgd"]["methods"] = ["full"]
    config["run"]["trainings"] = [{"pgd": ["full"]}]
    derive(config)
