"""What jobs are given."""

import pytest

from finitecover.study import settings
from finitecover.study.checks import check
from running import ROOT
from studies import study


def test_attacks_stand_from_weak_to_strong_in_whatever_order_overlays_leave_them():
    config = study("smoke")
    attacks = config["evaluation"]["attacks"]
    names = ["fgsm", "pgd", "autoattack", "deepfool"]
    config["evaluation"]["attacks"] = {name: attacks[name] for name in reversed(names)}
    assert list(settings.attacks(config)) == names
    config["evaluation"]["attacks"]["quick"] = attacks["pgd"] | {"restarts": 1}
    assert list(settings.attacks(config)) == ["fgsm", "quick", "pgd", "autoattack", "deepfool"]


def test_library_attacks_run_at_the_sizes_asked_for():
    config = study("smoke")
    examples = config["evaluation"]["library_attacks"]["examples"]
    config["evaluation"]["library_attacks"]["sizes"] = "train"
    assert settings.library_attacks(config, "digits") == {
        "examples": examples,
        "threat": {"l2": ["0.5"], "linf": ["0.1"]},
    }
    config["evaluation"]["library_attacks"]["sizes"] = "all"
    assert settings.library_attacks(config, "digits")["threat"] == settings.threat_model(config, "digits")


def test_a_tilde_is_the_users_own_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    config = study("smoke")
    config["data"]["mirror"] = "~/mirror"
    assert settings.mirror(config) == "/home/me/mirror"
    for path, found in (("~/mine.npz", "/home/me/mine.npz"), ("{mirror}/x", "/home/me/mirror/x"), ("a~/x", "a~/x")):
        config["datasets"]["digits"]["path"] = path
        assert settings.source_settings(config, "digits")["path"] == found
    assert settings.imported_path({"path": "~/{dataset}.pt"}, "mine") == "/home/me/mine.pt"


def test_fractions():
    assert settings.fraction("8/255") == 8 / 255
    assert settings.fraction("0.3") == 0.3
    assert settings.fraction("0") == 0


KINDS = {
    "pgd": ("pgd", False, None),
    "trades": ("trades", False, None),
    "generalised": ("pgd", True, "loss"),
    "weighted": ("pgd", False, "loss"),
    "sampled": ("pgd", False, "sampling"),
    "ibp": ("intervals", False, None),
    "generalised-ibp": ("intervals", True, "loss"),
}


def test_settings_of_a_job_hold_what_it_uses_and_no_more():
    config = study("smoke")
    assert settings.method_settings(config, "digits", "mfc-eta")["radius"] == 1.6
    assert settings.method_settings(config, "digits", "random-ipc10") == {
        "family": "coreset",
        "algorithm": "random",
        "ipc": 10,
    }
    standard = settings.training_settings(config, "digits", "standard-plain")
    assert standard["adversary"] is None
    assert standard["augmentation"] == ""
    augmented = settings.training_settings(config, "digits", "standard")
    assert augmented == standard | {"augmentation": "color_crop_cutout_scale_rotate"}
    adversarial = settings.training_settings(config, "digits", "generalised-l2")
    assert adversarial["adversary"]["eps"] == 0.5
    given = {name: settings.training_settings(config, "digits", f"{name}-linf") for name in KINDS}
    assert {name: (one["objective"], one["enlarged"], one["weights"]) for name, one in given.items()} == KINDS


def test_settings_by_budget_stand_in_for_the_methods_own_from_that_budget_on():
    config = study("smoke")
    config["methods"]["dm"]["by_budget"] = {50: {"learning_rate": 3}, "100": {"learning_rate": 10, "momentum": 0.9}}
    own = {key: value for key, value in config["methods"]["dm"].items() if key != "by_budget"}
    for ipc, changed in ((1, {}), (49, {}), (50, {"learning_rate": 3}), (99, {"learning_rate": 3})):
        assert settings.method_settings(config, "digits", f"dm-ipc{ipc}") == own | changed | {"ipc": ipc}
    for ipc in (100, 300):
        changed = {"learning_rate": 10, "momentum": 0.9, "ipc": ipc}
        assert settings.method_settings(config, "digits", f"dm-ipc{ipc}") == own | changed
    keys = list(settings.method_settings(config, "digits", "dm-ipc100"))
    assert keys == list(settings.method_settings(config, "digits", "dm-ipc1"))  # as texts of parameters are compared


PAPER = {  # learning_rate, learning_rate_step, learning_rate_network, synthetic_steps, expert_epochs, latest_start
    1: (100, 1e-7, 0.01, 50, 2, 2),
    10: (100, 1e-5, 0.001, 30, 2, 20),
    50: (1000, 1e-5, 0.001, 30, 2, 40),
    300: (1000, 1e-5, 0.001, 30, 2, 40),
}


def test_the_study_at_full_size_has_the_references_settings_at_every_budget():
    config = study("paper")
    names = ["learning_rate", "learning_rate_step", "learning_rate_network"]
    names += ["synthetic_steps", "expert_epochs", "latest_start"]
    for ipc, values in PAPER.items():
        found = settings.method_settings(config, "cifar10", f"mtt-ipc{ipc}")
        assert tuple(found[name] for name in names) == values
    rates = [settings.method_settings(config, "cifar10", f"dm-ipc{ipc}")["learning_rate"] for ipc in (1, 50, 100, 300)]
    assert rates == [1, 1, 10, 10]


def test_files_of_the_users_are_inputs_and_many_files_are_told_apart_by_what_a_listing_shows(tmp_path):
    config = study("smoke")
    config["datasets"]["mine"] = {"source": "npz", "path": "mine.npz"}
    assert settings.source_inputs(config, "mine") == ["mine.npz"]
    assert settings.source_inputs(config, "digits") == []
    assert settings.source_contents(config, "digits") == settings.source_contents(config, "mine") == ""
    config["datasets"]["photos"] = {"source": "folder", "path": str(tmp_path / "photos")}
    (tmp_path / "photos/a").mkdir(parents=True)
    seen = [settings.source_contents(config, "photos")]
    for content in (b"one", b"other"):
        (tmp_path / "photos/a/0.png").write_bytes(content)
        seen.append(settings.source_contents(config, "photos"))
    (tmp_path / "photos/a/.DS_Store").touch()
    assert settings.source_contents(config, "photos") == seen[-1]
    assert len(set(seen)) == 3


def test_an_imported_set_of_mtts_is_two_files():
    config = study("smoke")
    theirs = {"family": "imported", "format": "mtt", "path": "{dataset}/images_best.pt", "experiment": 0}
    config["methods"]["theirs"] = theirs
    both = ["digits/images_best.pt", "digits/labels_best.pt"]
    assert settings.imported_files(config, "digits", "theirs") == both
    config["methods"]["theirs"] = theirs | {"format": "dc"}
    assert settings.imported_files(config, "digits", "theirs") == both[:1]


def test_data_sets_are_called_by_their_titles_which_differ():
    config = study("cifar10-50k")
    assert settings.titles(config)["cifar10-50k"] == "CIFAR-10 (1,017 test images)"
    assert settings.titles(config)["digits"] == "digits"
    assert settings.titled(config)["run"]["datasets"] == ["MNIST", "Fashion-MNIST", "CIFAR-10 (1,017 test images)"]
    assert settings.titled(config)["datasets"]["MNIST"] is config["datasets"]["mnist"]
    assert config["run"]["datasets"][0] == "mnist"
    config["datasets"]["svhn"]["title"] = "MNIST"  # of no data set of the study
    config["datasets"]["cifar10-50k"]["path"] = config["datasets"]["mnist"].get("path", __file__)
    check(config, ROOT / "config/schema.yaml")
    config["datasets"]["fashion-mnist"]["title"] = "MNIST"
    with pytest.raises(
        settings.ConfigurationError, match=r"datasets.mnist.title: fashion-mnist is called 'MNIST', too"
    ):
        check(config, ROOT / "config/schema.yaml")
