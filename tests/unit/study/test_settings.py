"""What jobs are given."""

from finitecover.study import settings
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
    standard = settings.training_settings(config, "digits", "standard")
    assert standard["adversary"] is None
    assert standard["augmentation"] == ""
    augmented = settings.training_settings(config, "digits", "standard-augmented")
    assert augmented == standard | {"augmentation": "color_crop_cutout_scale_rotate"}
    adversarial = settings.training_settings(config, "digits", "generalised-l2")
    assert adversarial["adversary"]["eps"] == 0.5
    given = {name: settings.training_settings(config, "digits", f"{name}-linf") for name in KINDS}
    assert {name: (one["objective"], one["enlarged"], one["weights"]) for name, one in given.items()} == KINDS


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
    config["data"]["mirror"] = str(tmp_path)
    assert settings.source_contents(config, "mnist") == ""
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist/train-images-idx3-ubyte.gz").touch()
    assert settings.source_contents(config, "mnist") != ""


def test_an_imported_set_of_mtts_is_two_files():
    config = study("smoke")
    theirs = {"family": "imported", "format": "mtt", "path": "{dataset}/images_best.pt", "experiment": 0}
    config["methods"]["theirs"] = theirs
    both = ["digits/images_best.pt", "digits/labels_best.pt"]
    assert settings.imported_files(config, "digits", "theirs") == both
    config["methods"]["theirs"] = theirs | {"format": "dc"}
    assert settings.imported_files(config, "digits", "theirs") == both[:1]
