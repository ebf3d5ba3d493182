"""What a study expands to."""

import pytest

from finitecover.study import checks, runs, settings
from finitecover.study.settings import ConfigurationError
from studies import SCHEMA, study


def test_certificates_and_bounds_are_had_where_they_can_be():
    config = study("smoke")
    config["run"] |= {"methods": ["full", "mfc", "mfc-eta"], "models": ["convnet", "mlp"], "seeds": [0]}
    config["run"]["trainings"] = ["standard", "pgd-linf", "gaussian", "ibp-linf", "generalised-ibp-linf"]
    config["certificates"]["snapshots"] = 3
    checks.check(config, SCHEMA)
    trained = {(run["training"], run["model"]) for run in runs.runs(config)}
    assert ("ibp-linf", "mlp") in trained
    assert not trained & {("ibp-linf", "convnet"), ("generalised-ibp-linf", "convnet")}
    certified = {(run["training_set"], run["training"], run["cover"]) for run in runs.certified_runs(config)}
    assert {cover for name, _, cover in certified if name == "full"} == {"mfc-ipc10", "mfc-eta"}
    assert all(name == cover for name, _, cover in certified if name != "full")
    assert {training for _, training, _ in certified} == {"gaussian", "ibp-linf", "generalised-ibp-linf"}
    bounded = {(run["training_set"], run["training"]) for run in runs.bounded_runs(config)}
    assert bounded == {
        (name, training)
        for name in ("mfc-ipc10", "mfc-eta")
        for training in ("pgd-linf", "ibp-linf", "generalised-ibp-linf")
    }
    config["certificates"]["snapshots"] = 0
    assert runs.bounded_runs(config) == []
    assert runs.transfer_runs(study()) == []


def test_a_label_blind_cover_is_not_trained_against_a_bound_it_does_not_give():
    config = study("smoke")
    config["run"] |= {"methods": ["mfc", "mfc-blind"]}
    checks.check(config, SCHEMA)
    trainings = {name: set() for name in ("mfc-ipc10", "mfc-blind-ipc10")}
    for run in runs.runs(config):
        trainings[run["training_set"]].add(run["training"])
    assert trainings["mfc-ipc10"] - trainings["mfc-blind-ipc10"] == {"generalised-l2"}


def test_a_training_that_names_methods_is_run_on_their_sets_alone():
    config = study("smoke")
    config["trainings"]["pgd-long"] = config["trainings"]["pgd-linf"] | {"methods": ["full"], "updates": 4}
    config["run"]["trainings"] = ["pgd-linf", "pgd-long"]
    checks.check(config, SCHEMA)
    assert {run["method"] for run in runs.runs(config) if run["training"] == "pgd-long"} == {"full"}
    assert settings.training_settings(config, "digits", "pgd-long")["optimisation"]["steps"] == 400
    assert settings.training_settings(config, "digits", "pgd-linf")["optimisation"]["steps"] == 100
    strengths = {"augmentation": True, "updates": 1, "labels": "hard"}
    assert settings.compared_trainings(config)["strengths"] == {
        "pgd-linf": strengths,
        "pgd-long": strengths | {"updates": 4},
    }


def test_a_teacher_is_the_model_of_all_images_of_the_same_data_set_and_seed():
    config = study("smoke")
    del config["trainings"]["pgd-linf-teacher"]["methods"]
    checks.check(config, SCHEMA)
    labelled = runs.labelled_runs(config)
    assert {run["method"] for run in labelled} == set(config["run"]["methods"]) - {"full"}
    teachers = [runs.teacher_of(config, run) for run in labelled]
    assert all(teacher in runs.runs(config) for teacher in teachers)
    assert [teacher["seed"] for teacher in teachers] == [run["seed"] for run in labelled]
    config["trainings"]["pgd-linf-teacher"] |= {"teacher_model": "mlp"}
    with pytest.raises(ConfigurationError, match="the study trains no mlp on all images by pgd-linf; add full to"):
        checks.check(config, SCHEMA)


def test_names_of_training_sets_split_as_they_were_joined():
    for method, ipc in (("full", None), ("mfc", 10), ("mfc-eta", None), ("my-method-2", 300)):
        assert runs.split_name(runs.training_set_name(method, ipc)) == (method, ipc)


def test_generalised_training_is_run_on_covers_alone():
    trained = runs.runs(study("smoke"))
    # 3 seeds of 5 methods, of one under standard training too, of one cover generalised, of one set by a teacher
    assert len(trained) == 3 * (5 + 1 + 1 + 1)
    covers = {"mfc-ipc10", "free-dm-ipc10"}
    for training in ("generalised-linf", "weighted-linf", "sampled-linf"):
        config = study("smoke")
        config["run"]["trainings"] = [training]
        assert {run["training_set"] for run in runs.runs(config)} == covers
