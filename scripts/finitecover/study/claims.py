"""Claims that a study puts to the test: what they say, and which of its models they need.

`reporting.verdicts` decides them. Their names stand in config/claims.yaml alone.
"""

import yaml

from finitecover.study.runs import bounded_runs, runs
from finitecover.study.settings import ConfigurationError

KEYS = {"says", "source", "measure", "higher", "lower", "networks", "baselines"}


def read_claims(text):
    """{name: claim} of a YAML text; raises `ConfigurationError`.

    A claim says a sentence (says), where it is from (source) and what is measured: robust or clean accuracy of the
    models of two sides (higher, lower), each with the names of its methods and the kind of its training ("same": the
    method of the other side), or the bound. networks: "other" leaves out those that sets were condensed with.
    baselines: true where the lower side's methods are what covers, on the higher side, are to be better than; a table
    shows each cover beside the strongest of them.
    """
    claims = yaml.safe_load(text)
    if not isinstance(claims, dict):
        raise ConfigurationError("claims: a map of names is expected")
    for name, claim in claims.items():
        if not isinstance(claim, dict) or not {"says", "source", "measure"} <= set(claim) <= KEYS:
            raise ConfigurationError(
                f"claims.{name}: needs says, source, measure; allowed beside them: higher, lower, networks, baselines"
            )
        if claim["measure"] not in ("robust", "clean", "bound"):
            raise ConfigurationError(f"claims.{name}.measure: {claim['measure']!r} is not one of robust, clean, bound")
        if claim.get("networks", "other") != "other":
            raise ConfigurationError(f"claims.{name}.networks: {claim['networks']!r} is not other; or leave it out")
        if not isinstance(claim.get("baselines", True), bool):
            raise ConfigurationError(f"claims.{name}.baselines: {claim['baselines']!r} is neither true nor false")
        if claim["measure"] != "bound":
            for side in ("higher", "lower"):
                _check_side(f"claims.{name}.{side}", claim.get(side), side == "lower")
    return claims


def _check_side(where, side, may_be_same):
    if not isinstance(side, dict) or set(side) != {"methods", "kind"}:
        raise ConfigurationError(f"{where}: needs methods and kind")
    if not isinstance(side["methods"], list) and not (may_be_same and side["methods"] == "same"):
        allowed = 'a list of names, or "same"' if may_be_same else "a list of names"
        raise ConfigurationError(f"{where}.methods: {side['methods']!r} is not {allowed}")


def baseline_claims(claims):
    """Names of the claims whose lower sides are baselines of covers."""
    return [name for name, claim in claims.items() if claim.get("baselines")]


def compared_runs(config, claim):
    """The runs of a study that a claim compares, in the study's order: dicts of `runs.runs`."""
    if claim["measure"] == "bound":
        return []
    higher, lower = claim["higher"], claim["lower"]
    wanted = {(method, higher["kind"]) for method in higher["methods"]}
    wanted |= {(method, lower["kind"]) for method in (higher if lower["methods"] == "same" else lower)["methods"]}
    made_with = set()
    if claim.get("networks") == "other":
        made_with = {config["methods"][method].get("model") for method, _ in wanted if method in config["methods"]}
    return [
        run
        for run in runs(config)
        if (run["method"], config["trainings"][run["training"]]["kind"]) in wanted and run["model"] not in made_with
    ]


def traced_runs(config, claim):
    """The runs of a study over whose training a claim needs the bound."""
    return bounded_runs(config) if claim["measure"] == "bound" else []
