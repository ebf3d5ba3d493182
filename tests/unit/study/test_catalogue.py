"""What tells whether the files of a data set are the same as before."""

import os

import pytest

from finitecover.study.catalogue import source_state


def state(folder):
    return source_state({"source": "folder", "path": folder})


@pytest.fixture
def linked(tmp_path):
    """(a data set whose classes are links to one folder, an image of that folder)."""
    image, root = tmp_path / "elsewhere" / "0.png", tmp_path / "photos"
    image.parent.mkdir()
    image.write_bytes(b"before")
    (root / "train").mkdir(parents=True)
    (root / "train/a").symlink_to(image.parent)
    return root, image


def test_a_change_behind_a_linked_class_is_seen(linked):
    root, image = linked
    before = state(root)
    image.write_bytes(b"afterwards")
    changed = state(root)
    (root / "train/b").symlink_to(image.parent)
    assert len({"", before, changed, state(root)}) == 4


def test_links_around_in_a_circle_end(linked):
    root, image = linked
    (image.parent / "round").symlink_to(root)
    (root / "train/self").symlink_to(root / "train")
    assert state(root) != ""


def test_litter_is_no_change_and_names_may_be_any_bytes(linked):
    root, image = linked
    before = state(root)
    (image.parent / ".DS_Store").write_bytes(b"x")
    (image.parent / ".ipynb_checkpoints").mkdir()
    (image.parent / ".ipynb_checkpoints/0.png").write_bytes(b"x")
    assert state(root) == before
    (image.parent / os.fsdecode(b"\xff\xfe.png")).write_bytes(b"x")
    assert state(root) not in ("", before)
