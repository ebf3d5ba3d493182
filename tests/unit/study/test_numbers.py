import pytest

from finitecover.study import checks
from finitecover.study.numbers import take_numbers
from finitecover.study.settings import ConfigurationError
from studies import SCHEMA, merged, study


def test_numbers_of_the_command_line_are_texts_that_are_taken_for_numbers():
    config, told = study("smoke"), study("smoke")
    given = {"run": {"budgets": ["5"], "seeds": ["0", "1"]}, "optimisation": {"learning_rate": "1e-1", "steps": "30"}}
    given |= {"evaluation": {"transfer": "null"}, "methods": {"mfc": {"label_wise": "true", "time_limit": "2.5"}}}
    wanted = {"run": {"budgets": [5], "seeds": [0, 1]}, "optimisation": {"learning_rate": 0.1, "steps": 30}}
    wanted |= {"evaluation": {"transfer": None}, "methods": {"mfc": {"label_wise": True, "time_limit": 2.5}}}
    config, told = merged(config, given), merged(told, wanted)
    take_numbers(config, SCHEMA)
    assert config == told
    assert config["datasets"]["digits"]["eps"]["linf"]["train"] == "0.1"  # where text is wanted, text stays
    config["run"]["budgets"] = ["five"]
    take_numbers(config, SCHEMA)
    with pytest.raises(ConfigurationError, match=r"run.budgets.0: 'five' is not of type 'integer'"):
        checks.check(config, SCHEMA)


def test_keys_are_text_and_those_of_the_command_line_go_into_those_of_files():
    config = study("smoke")
    config["methods"]["dm"]["by_budget"] = {50: {"momentum": 0.5}, 100: {"learning_rate": 10, "momentum": 0.5}}
    config = merged(config, {"methods": {"dm": {"by_budget": {"100": {"learning_rate": "20"}}}}})
    take_numbers(config, SCHEMA)
    wanted = {"50": {"momentum": 0.5}, "100": {"learning_rate": 20, "momentum": 0.5}}
    assert config["methods"]["dm"]["by_budget"] == wanted
    checks.check(config, SCHEMA)
