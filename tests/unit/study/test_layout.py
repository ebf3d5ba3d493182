"""Folders of images as people lay them out: one line on what is wrong, before any image is read."""

import re

import numpy as np
import pytest

from finitecover.study.layout import mistake, wrong_source

READ = r"class without an image of a kind that is read \(\.bmp, \.gif, .*\.webp\)"


@pytest.mark.parametrize(
    ("files", "share", "told"),
    [
        (["train/a/0.png", "train/b/0.JPG", "test/a/0.png"], None, None),
        ([f"{name}/{number}.png" for name in "ab" for number in (0, 1)], 0.5, None),
        (["a/0.png", "a/1.png"], 0.5, ": one class alone, a; at least two are needed"),
        (["train/a/0.png", "test/a/0.png"], None, "/train: one class alone, a; at least two are needed"),
        (["train/a/0.png", "test/a/0.png"], 0.5, ": has train/ and test/, and test_share would hold out more; remove"),
        (
            ["Train/a/0.png", "Test/a/0.png"],
            None,
            r": has no train/ and test/ folders \(but Test, Train\), so test_share",
        ),
        (["train/a/0.heic", "train/a/more/0.png", "test/a/0.png"], None, f"/train/a: {READ}; it holds 1 .heic, the"),
        (["train/a/0", "test/a/0.png"], None, f"/train/a: {READ}; it holds 1 without a suffix"),
        (["train/a/0.png", "test/a/0.txt"], None, "/test: no images in folders of classes"),
        (["a/0.png", "b/0.png", "b/1.png"], 0.2, r"/a: class of 1 image, of which a test_share of 0\.2 leaves none"),
        (["a/0.png", "a/1.png"], 0.9, r"/a: class of 2 images, of which a test_share of 0\.9 leaves none"),
    ],
)
def test_a_mistake_is_told_with_its_place(files, share, told, tmp_path):
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    found = mistake(tmp_path, share)
    assert found is None if told is None else re.match(f"{tmp_path}{told}", found)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_class_that_links_to_nothing_is_not_left_out_in_silence(split, tmp_path):
    for file in ("train/a/0.png", "test/a/0.png"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    (tmp_path / split / "c").symlink_to(tmp_path / "unmounted")
    assert mistake(tmp_path) == f"{tmp_path}/{split}/c: a link to nothing"


def test_data_that_is_not_there_is_told_with_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for source, what in (("npz", "file"), ("folder", "folder")):
        message = f"path: there is no {what} mine in {tmp_path}"
        assert wrong_source({"source": source, "path": "mine"}, None) == message
        assert wrong_source({"source": source, "path": "/no/such"}, None) == f"path: there is no {what} /no/such"
    assert wrong_source({"source": "folder", "path": str(tmp_path)}, None).startswith(
        f"path: {tmp_path}: has no train/"
    )
    assert wrong_source({"source": "digits"}, "/no/such") is None
    message = "name: there is no folder /no/such, which data.mirror names"
    assert wrong_source({"source": "torchvision", "name": "MNIST"}, "/no/such") == message


def test_braces_in_the_path_of_a_file_would_be_taken_for_wildcards(tmp_path):
    path = tmp_path / "a{b}"
    path.mkdir()
    np.savez(path / "mine.npz", x_train=[0])
    settings = {"source": "npz", "path": str(path / "mine.npz")}
    assert wrong_source(settings, None) == f"path: {path}/mine.npz holds a brace, which is for wildcards; rename it"
