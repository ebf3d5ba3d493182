"""Claims that a study puts to the test: what they say, and which of its models they need.

`reporting.verdicts` decides them. Their names stand in config/claims.yaml alone.
"""

import yaml

from finitecover.study.kinds import LABELS
from finitecover.study.runs import bounded_runs, runs
from finitecover.study.settings import ConfigurationError, strength

KEYS = {"says", "source", "measure", "higher", "lower", "networks", "baselines", "gain", "pairwise"}
NAMED = ("labels", "updates")  # what a side may say of how strong its training is; else it is equal on both


def read_claims(text):
    """{name: claim} of a YAML text; raises `ConfigurationError`.

    A claim says a sentence (says), where it is from (source) and what is measured: robust or clean accuracy of the
    models of two sides (higher, lower), each with the names of its methods and the kind of its training ("same": the
    method of the other side), and, where they differ, labels and updates of `kinds.STRENGTH`; or the bound. gain:
    labels puts in the place of each side's accuracy how far a teacher's labels raise it. networks: "other" leaves out
    those that sets were condensed with. baselines: true where the lower side's methods are what covers, on the higher
    side, are to be better than; a table shows each cover beside the strongest of them. pairwise: true where a method is
    compared with the one in its place on the other side alone.
    """
    claims = yaml.safe_load(text)
    if not isinstance(claims, dict):
        raise ConfigurationError("claims: a map of names is expected")
    for name, claim in claims.items():
        if not isinstance(claim, dict) or not {"says", "source", "measure"} <= set(claim) <= KEYS:
            raise ConfigurationError(
                f"claims.{name}: needs says, source, measure; allowed beside them: "
                "higher, lower, networks, baselines, gain, pairwise"
            )
        if claim["measure"] not in ("robust", "clean", "bound"):
            raise ConfigurationError(f"claims.{name}.measure: {claim['measure']!r} is not one of robust, clean, bound")
        if claim.get("networks", "other") != "other":
            raise ConfigurationError(f"claims.{name}.networks: {claim['networks']!r} is not other; or leave it out")
        if claim.get("gain", "labels") != "labels":
            raise ConfigurationError(f"claims.{name}.gain: {claim['gain']!r} is not labels; or leave it out")
        for key in ("baselines", "pairwise"):
            if not isinstance(claim.get(key, True), bool):
                raise ConfigurationError(f"claims.{name}.{key}: {claim[key]!r} is neither true nor false")
        if claim["measure"] != "bound":
            for side in ("higher", "lower"):
                _check_side(f"claims.{name}.{side}", claim.get(side), side == "lower")
            higher, lower = claim["higher"]["methods"], claim["lower"]["methods"]
            if claim.get("pairwise") and (lower == "same" or len(higher) != len(lower)):
                raise ConfigurationError(f"claims.{name}.pairwise: needs as many methods on both sides")
    return claims


def _check_side(where, side, may_be_same):
    if not isinstance(side, dict) or not {"methods", "kind"} <= set(side) <= {"methods", "kind", *NAMED}:
        raise ConfigurationError(f"{where}: needs methods and kind; allowed beside them: {', '.join(NAMED)}")
    if side.get("labels", LABELS[0]) not in LABELS:
        raise ConfigurationError(f"{where}.labels: {side['labels']!r} is not one of {', '.join(LABELS)}")
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
    sides = [claim["higher"], claim["lower"]]
    if claim.get("gain"):
        sides += [side | {"labels": LABELS[0]} for side in sides]
    methods = claim["higher"]["methods"]
    sides = [side | ({"methods": methods} if side["methods"] == "same" else {}) for side in sides]
    named = {method for side in sides for method in side["methods"]} & config["methods"].keys()
    made_with = {config["methods"][method].get("model") for method in named if claim.get("networks") == "other"}
    return [
        run for run in runs(config) if run["model"] not in made_with and any(is_of(config, side, run) for side in sides)
    ]


def is_of(config, side, run):
    """Whether a run is one of those that a side names."""
    training = run["training"]
    if run["method"] not in side["methods"] or config["trainings"][training]["kind"] != side["kind"]:
        return False
    found = strength(config, training)
    return all(side.get(name, found[name]) == found[name] for name in NAMED)


def traced_runs(config, claim):
    """The runs of a study over whose training a claim needs the bound."""
    return bounded_runs(config) if claim["measure"] == "bound" else []
