"""Claims that a study puts to the test: what they say, and which of its models they need. `verdicts` decides them."""

import yaml

from finitecover.configuration import ConfigurationError, bounded_runs, runs, split_subset

KEYS = {"says", "source", "measure", "higher", "lower", "networks"}


def read_claims(text):
    """{name: claim} of a YAML text; raises `ConfigurationError`.

    A claim says a sentence (says), where it is from (source) and what is measured: robust or clean accuracy of the
    models of two sides (higher, lower), each with the names of its methods and the kind of its training ("same": the
    method of the other side), or the bound. networks: "other" leaves out those that sets were condensed with.
    """
    claims = yaml.safe_load(text)
    if not isinstance(claims, dict):
        raise ConfigurationError("claims: a map of names is expected")
    for name, claim in claims.items():
        if not isinstance(claim, dict) or not {"says", "source", "measure"} <= set(claim) <= KEYS:
            raise ConfigurationError(
                f"claims.{name}: needs says, source, measure; allowed beside them: higher, lower, networks"
            )
        if claim["measure"] not in ("robust", "clean", "bound"):
            raise ConfigurationError(f"claims.{name}.measure: {claim['measure']!r} is not one of robust, clean, bound")
        if claim.get("networks", "other") != "other":
            raise ConfigurationError(f"claims.{name}.networks: {claim['networks']!r} is not other; or leave it out")
        sides = [claim.get(side) for side in ("higher", "lower")]
        if claim["measure"] != "bound" and not all(
            isinstance(side, dict) and set(side) == {"methods", "kind"} for side in sides
        ):
            raise ConfigurationError(f"claims.{name}: higher and lower need methods and kind")
    return claims


def compared_runs(config, claim):
    """The runs of a study that a claim compares, in the study's order: dicts of `configuration.runs`."""
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
        if (split_subset(run["subset"])[0], config["trainings"][run["training"]]["kind"]) in wanted
        and run["model"] not in made_with
    ]


def traced_runs(config, claim):
    """The runs of a study over whose training a claim needs the bound."""
    return bounded_runs(config) if claim["measure"] == "bound" else []
