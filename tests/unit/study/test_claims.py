import pytest

from finitecover.study.claims import baseline_claims, compared_runs, read_claims
from finitecover.study.settings import ConfigurationError
from running import ROOT
from studies import study


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "claims: a map of names is expected"),
        ("a: {says: x, source: y}", "claims.a: needs says, source, measure"),
        ("a: {says: x, source: y, measure: robust, lhs: 1}", "allowed beside them: higher, lower"),
        ("a: {says: x, source: y, measure: robustness}", "claims.a.measure: 'robustness' is not one of robust, clean"),
        (
            "a: {says: x, source: y, measure: clean, higher: {methods: same, kind: pgd}}",
            "claims.a.higher.methods: 'same' is not a list of names",
        ),
        (
            "a: {says: x, source: y, measure: clean, higher: {methods: [a], kind: b}, lower: {methods: a, kind: b}}",
            "claims.a.lower.methods: 'a' is not a list of names, or \"same\"",
        ),
        ("a: {says: x, source: y, measure: bound, baselines: yes!}", "claims.a.baselines: 'yes!' is neither true nor"),
        ("a: {says: x, source: y, measure: bound, pairwise: 1}", "claims.a.pairwise: 1 is neither true nor false"),
        (
            "a: {says: x, source: y, measure: clean, pairwise: true, higher: {methods: [a], kind: b}, "
            "lower: {methods: same, kind: b}}",
            "claims.a.pairwise: needs as many methods on both sides",
        ),
        ("a: {says: x, source: y, measure: clean, networks: same}", "claims.a.networks: 'same' is not other"),
        ("a: {says: x, source: y, measure: clean, higher: {methods: [a]}}", "claims.a.higher: needs methods and kind"),
        ("a: {says: x, source: y, measure: bound, gain: images}", "claims.a.gain: 'images' is not labels; or leave"),
        (
            "a: {says: x, source: y, measure: clean, higher: {methods: [a], kind: b, labels: soft}}",
            "claims.a.higher.labels: 'soft' is not one of hard, teacher",
        ),
        (
            "a: {says: x, source: y, measure: clean, higher: {methods: [a], kind: b, steps: 3}}",
            "claims.a.higher: needs methods and kind; allowed beside them: labels, updates",
        ),
    ],
)
def test_a_claim_that_cannot_be_read_is_refused_in_one_line(text, message):
    with pytest.raises(ConfigurationError, match=message.replace("[", r"\[")):
        read_claims(text)


def test_claims_say_themselves_which_of_them_put_covers_beside_baselines():
    text = "{name}: {{says: x, source: y, measure: bound, baselines: {value}}}"
    claims = read_claims(
        "\n".join(text.format(name=name, value=value) for name, value in (("a", "true"), ("b", "false")))
    )
    assert baseline_claims(claims) == ["a"]


def test_a_claim_about_other_networks_leaves_out_the_one_that_sets_were_condensed_with():
    claim = read_claims((ROOT / "config/claims.yaml").read_text())["serves-any-network"]
    compared = compared_runs(study("robustness"), claim)
    assert {run["model"] for run in compared} == {"mlp", "resnet"}
    assert {run["training_set"] for run in compared} == {"mfc-ipc50", "dc-ipc50", "dm-ipc50"}
    assert compared_runs(study("smoke"), claim) == []


def test_a_side_that_names_labels_or_updates_asks_for_those_models_alone():
    config = study("smoke")
    config["trainings"]["pgd-linf-teacher"] = study("paper")["trainings"]["pgd-linf-teacher"]
    config["run"] |= {"trainings": ["pgd-linf", "pgd-linf-long", "pgd-linf-teacher"], "seeds": [0]}
    claims = read_claims((ROOT / "config/claims.yaml").read_text())

    def asked(name):
        return {(run["method"], run["training"]) for run in compared_runs(config, claims[name])}

    small = {(method, "pgd-linf-teacher") for method in ("random", "mfc", "free-dm", "mtt")}
    assert asked("full-above-labelled") == small | {("full", "pgd-linf")}
    assert asked("full-long-above-labelled") == small | {("full", "pgd-linf-long")}
    both = small | {(method, "pgd-linf") for method, _ in small}
    assert asked("labels-above-own-classes") == asked("labels-not-images") == both
