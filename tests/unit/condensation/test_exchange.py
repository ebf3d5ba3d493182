import os
import pickle
import re
from functools import partial

import numpy as np
import pytest
import torch

from finitecover.condensation.exchange import load_condensed, load_images, load_indices, save_condensed

DATASET = {"shape": [1, 4, 4], "classes": 3, "mean": [0.3], "std": [0.2]}


@pytest.fixture
def saved(rng, tmp_path):
    """Images and labels, and where they were written in both formats."""
    images, labels = rng.random((6, 1, 4, 4)).astype(np.float32), np.array([0, 0, 1, 1, 2, 2])
    paths = (tmp_path / "set.pt", tmp_path / "images_best.pt", tmp_path / "labels_best.pt")
    save_condensed(images, labels, DATASET, *paths)
    return images, labels, paths


@pytest.mark.parametrize(("form", "place"), [("dc", 0), ("mtt", 1)])
def test_what_is_exported_is_imported_again(form, place, saved):
    images, labels, paths = saved
    again, found, clamping, notes = load_condensed(paths[place], form, 0, DATASET)
    assert again == pytest.approx(images, abs=1e-6)
    assert again.dtype == np.float32
    assert found.tolist() == labels.tolist()
    assert clamping["clamped_largest"] < 1e-6
    assert notes == []


def test_the_references_file_has_its_accuracies_and_more_than_one_experiment(tmp_path):
    sets = [
        [torch.zeros(3, 1, 4, 4), torch.tensor([0, 1, 2])],
        [torch.full((3, 1, 4, 4), 5.0), torch.tensor([0, 1, 2])],
    ]
    torch.save({"data": sets, "accs_all_exps": {"ConvNet": [np.float64(0.5)]}}, tmp_path / "res_DC.pt")
    images, _, clamping, _ = load_condensed(tmp_path / "res_DC.pt", "dc", 0, DATASET)
    assert images == pytest.approx(0.3)
    assert clamping["clamped_share"] == 0
    images, _, clamping, _ = load_condensed(tmp_path / "res_DC.pt", "dc", 1, DATASET)
    assert (images == 1).all()
    assert clamping == {
        "clamped_share": 1.0,
        "clamped_mean": pytest.approx(0.3),
        "clamped_largest": pytest.approx(0.3),
    }
    with pytest.raises(ValueError, match="has no experiment 2; it holds 2"):
        load_condensed(tmp_path / "res_DC.pt", "dc", 2, DATASET)


def test_equal_sets_are_equal_files(saved, tmp_path):
    images, labels, paths = saved
    others = (tmp_path / "b.pt", tmp_path / "images_b.pt", tmp_path / "labels_b.pt")
    save_condensed(images, labels, DATASET, *others)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in others]


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            torch.zeros(3, 3, 4, 4),
            torch.tensor([0, 1, 2]),
            r"images are \(3, 3, 4, 4\); the data set's are \(n, 1, 4, 4\)",
        ),
        (torch.zeros(3, 1, 4, 4), torch.tensor([0, 1]), "as many as labels"),
        (torch.zeros(3, 1, 4, 4), torch.tensor([0.0, 1.0, 2.0]), "labels must be a list of whole numbers"),
        (torch.zeros(3, 1, 4, 4), torch.tensor([0, 1, 3]), "labels run from 0 to 3; the data set has classes 0..2"),
        (torch.full((3, 1, 4, 4), torch.nan), torch.tensor([0, 1, 2]), "images hold NaN"),
        ([1, 2], torch.tensor([0, 1, 2]), "images are list"),
    ],
)
def test_other_sets_are_refused_in_one_line(images, labels, message, tmp_path):
    torch.save({"data": [[images, labels]]}, tmp_path / "set.pt")
    with pytest.raises(ValueError, match=message):
        load_condensed(tmp_path / "set.pt", "dc", 0, DATASET)


def test_other_files_are_refused_in_one_line(saved, tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        load_condensed(tmp_path / "none.pt", "dc", 0, DATASET)
    with pytest.raises(ValueError, match="the format of DC, DSA and DM"):
        load_condensed(saved[2][1], "dc", 0, DATASET)
    with pytest.raises(ValueError, match=r"images_<...>.pt"):
        load_condensed(saved[2][0], "mtt", 0, DATASET)
    (tmp_path / "broken.pt").write_bytes(saved[2][0].read_bytes()[:100])
    with pytest.raises(ValueError, match="without running code"):
        load_condensed(tmp_path / "broken.pt", "dc", 0, DATASET)


def test_a_file_cannot_run_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    for name, write in (
        ("torch.pt", torch.save),
        ("plain.pt", lambda value, path: path.write_bytes(pickle.dumps(value))),
    ):
        write({"data": [[torch.zeros(1), Evil()]]}, tmp_path / name)
        with pytest.raises(ValueError, match="without running code"):
            load_condensed(tmp_path / name, "dc", 0, DATASET)
    assert not (tmp_path / "ran").exists()


def load(tmp_path, images, labels):
    torch.save({"data": [[images, labels]]}, tmp_path / "theirs.pt")
    return load_condensed(tmp_path / "theirs.pt", "dc", 0, DATASET)


def test_images_that_look_otherwise_normalised_are_told_with_the_key_that_would_be_right(tmp_path):
    labels = torch.tensor([0, 1, 2])
    *_, notes = load(tmp_path, torch.rand(3, 1, 4, 4), labels)
    assert "as if the images had never been normalised" in notes[0]
    assert "normalisation: {mean: [0], std: [1]}" in notes[0]
    *_, notes = load(tmp_path, 5 * torch.randn(3, 1, 4, 4), labels)
    assert re.match(r"clamping to \[0, 1\] changed \d+ % of the pixels, by 0\.\d+ on average; if the images", notes[0])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.randn(3, 1, 4, 4), torch.tensor([0, 0, 2]), "theirs.pt: no image of class 1; every class needs one"),
        (
            torch.zeros(3, 1, 4, 4, dtype=torch.uint8),
            torch.tensor([0, 1, 2]),
            "images are of type torch.uint8; expected",
        ),
    ],
)
def test_a_set_that_lacks_a_class_or_holds_bytes_is_refused(images, labels, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load(tmp_path, images, labels)


def test_parameters_and_lists_of_labels_are_taken(tmp_path):
    images = torch.nn.Parameter(torch.randn(3, 1, 4, 4))
    found, labels, *_ = load(tmp_path, images, [0, 1, 2])
    assert (found.shape, labels.tolist()) == ((3, 1, 4, 4), [0, 1, 2])


def test_images_and_labels_of_an_npz_are_taken_as_they_are(rng, tmp_path):
    images, labels = rng.random((3, 1, 4, 4)).astype(np.float32), np.array([0, 1, 2])
    for written in (images, (255 * images).astype(np.uint8)):
        np.savez(tmp_path / "set.npz", images=written, labels=labels)
        again, found = load_images(tmp_path / "set.npz", DATASET)
        assert (again == written).all()
        assert again.dtype == written.dtype
        assert (found == labels).all()


def test_an_npz_that_holds_no_such_set_is_refused(tmp_path):
    images, labels = np.zeros((3, 1, 4, 4), np.float32), np.array([0, 1, 2])
    for arrays, told in (
        ({"images": images}, "has no array labels"),
        ({"images": images + 2, "labels": labels}, r"pixels run from 2 to 2; expected \[0, 1\]"),
        ({"images": images - np.nan, "labels": labels}, "NaN"),
        ({"images": images[:2], "labels": labels[:2]}, "no image of class 2"),
        ({"images": images[:, 0], "labels": labels}, r"the data set's are \(n, 1, 4, 4\)"),
    ):
        np.savez(tmp_path / "set.npz", **arrays)
        with pytest.raises(ValueError, match=told):
            load_images(tmp_path / "set.npz", DATASET)
    (tmp_path / "set.npz").write_text("no archive")
    with pytest.raises(ValueError, match=r"not an \.npz"):
        load_images(tmp_path / "set.npz", DATASET)


def test_places_are_of_the_set_that_is_named(tmp_path):
    rows = ["d,random-ipc1,0,0,4", "d,random-ipc1,0,1,5", "d,random-ipc1,1,0,2", "d,random-ipc1,1,1,3"]
    rows += ["d,mfc-ipc1,,0,0", "d,mfc-ipc1,,1,1", "e,mfc-ipc1,,0,9"]
    (tmp_path / "indices.csv").write_text("\n".join(["dataset,training_set,seed,label,index", *rows]))
    labels = np.array([0, 1] * 3)
    asked = partial(load_indices, tmp_path / "indices.csv")
    assert asked("d", "random-ipc1", 1, labels).tolist() == [2, 3]
    assert asked("d", "mfc-ipc1", 1, labels).tolist() == [0, 1]
    for arguments, told in (
        (("d", "random-ipc2", 0, labels), "has no d/random-ipc2; it has d/random-ipc1, d/mfc-ipc1, e/mfc-ipc1"),
        (("d", "random-ipc1", 2, labels), "has seeds 0, 1, not 2"),
        (("d", "random-ipc1", 0, labels[:5]), "place 5 is none of the 5 training images"),
        (("d", "random-ipc1", 0, 1 - labels), "image 4 is of another class here"),
    ):
        with pytest.raises(ValueError, match=told):
            asked(*arguments)
    (tmp_path / "indices.csv").write_text("dataset,index\nd,0\n")
    with pytest.raises(ValueError, match="not a table with columns dataset, training_set, seed, label, index"):
        asked("d", "mfc-ipc1", 0, labels)
