"""Folders of images as people have them: what is read, what is left out, and what is said of it."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finitecover.data.checks import DataError, standardise, suspicions
from finitecover.data.folders import classes_of, from_folder
from finitecover.study.catalogue import skipped_files, smallest_class

GREY = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


@pytest.fixture
def make(tmp_path):
    """A function that puts three copies of an image into each of two classes and both splits; the folder."""

    def made(image, name="photos", suffix=".png", classes=("a", "b"), **options):
        for split in ("train", "test"):
            for label in classes:
                folder = tmp_path / name / split / label
                folder.mkdir(parents=True)
                for number in range(3):
                    image.save(folder / f"{number}{suffix}", **options)
        return tmp_path / name

    return made


def read(folder, **options):
    """(training images of `standardise`, notes)."""
    notes = []
    arrays = dict(
        zip(("x_train", "y_train", "x_test", "y_test"), from_folder(folder, notes=notes, **options), strict=True)
    )
    return standardise(**arrays)[0], notes


def ink(mode):
    """Black ink on transparent ground, as drawing programs store it."""
    alpha = Image.fromarray(GREY)
    image = Image.new({"P": "RGBA"}.get(mode, mode), alpha.size, 0)
    image.putalpha(alpha)
    return image.convert("P") if mode == "P" else image


@pytest.mark.parametrize(("mode", "channels"), [("RGBA", 3), ("LA", 1)])
def test_ink_on_a_transparent_ground_is_ink_on_white(make, mode, channels):
    images, notes = read(make(ink(mode)))
    assert images.shape == (6, channels, 8, 8)
    assert np.abs(images[0, 0].astype(int) - (255 - GREY)).max() <= 1
    assert notes[0].endswith("train: 6 images with transparency were put on white")


def test_a_palette_with_a_transparent_entry_is_on_white(make):
    image = Image.fromarray((GREY > 100).astype(np.uint8), "P")
    image.putpalette([0, 0, 0] * 256)
    images, notes = read(make(image, transparency=0))
    assert (images[0, 0] == np.where(GREY > 100, 0, 255)).all()
    assert "with transparency" in notes[0]


@pytest.mark.parametrize(
    ("orientation", "upright"), [(3, lambda page: page[::-1, ::-1]), (6, lambda page: page.T[:, ::-1])]
)
def test_a_photo_is_turned_as_every_viewer_turns_it(make, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    images, notes = read(make(Image.fromarray(GREY), exif=exif))
    assert (images[0, 0] == upright(GREY)).all()
    assert notes[0].endswith("train: 6 images were turned as their EXIF orientation says")


@pytest.mark.parametrize("size", [None, 8])
def test_sixteen_bits_keep_their_scale(make, size):
    images, notes = read(make(Image.fromarray(GREY.astype(np.uint16) * 257)), size=size)
    assert images.dtype == np.float32
    assert images[0, 0] == pytest.approx(GREY / 255, abs=1e-6)
    assert "with 16 bits were read as floats, 65535 being white" in notes[0]
    dark, notes = read(make(Image.fromarray(GREY.astype(np.uint16) * 4), name="dark"), size=size)
    (suspicion,) = suspicions(dark, "x_train")
    assert suspicion.startswith("x_train: the largest value is 0.0153")


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (
            np.full((1, 1, 2, 2), 16, np.uint8),
            "x: the largest value is 16, where 255 would be white: if that is white,",
        ),
        (
            np.full((1, 1, 2, 2), 1 / 255, np.float32),
            "the largest value is 0.00392157, where 1 would be white: if they",
        ),
    ],
)
def test_a_scale_that_may_be_wrong_is_told_with_its_cure(images, told):
    assert told in suspicions(images, "x")[0]
    assert suspicions(images * 0 + images.dtype.type(1 if images.dtype != np.uint8 else 200), "x") == []


def test_what_no_one_means_is_ignored_by_the_reader_and_by_the_check(make):
    folder = make(Image.fromarray(GREY))
    for name in ("train/.DS_Store", "train/a/Thumbs.db", "train/a/.DS_Store", "train/a/._0.png", "test/b/desktop.ini"):
        (folder / name).write_bytes(b"x")
    for name in ("train/.ipynb_checkpoints", "train/__MACOSX", "train/a/.ipynb_checkpoints", "test/.git"):
        (folder / name).mkdir()
    images, notes = read(folder)
    assert (len(images), notes) == (6, [])
    assert smallest_class({"source": "folder", "path": folder}) == 3


def test_what_is_left_out_is_counted_and_told(make):
    folder = make(Image.fromarray(GREY), classes=("a", "b", "c"))
    for number in range(5):
        (folder / f"train/a/{number}.heic").write_bytes(b"x")
    (folder / "train/b/readme.txt").write_text("mine")
    (folder / "train/b/more.png").mkdir()
    for path in (folder / "test/c").iterdir():
        path.unlink()
    (folder / "test/c").rmdir()
    images, notes = read(folder)
    assert len(images) == 9
    assert notes == [
        f"{folder}/train: 6 files are no images that can be read and were skipped (.heic, .txt)",
        f"{folder}/train: 1 subfolders of classes were skipped, {folder}/train/b/more.png for one",
        f"{folder}/test: no image of c",
    ]


def deep_colour(red, green, blue):
    """A PNG of one pixel with 16 bits a channel, which Pillow reads but does not write."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(b"\0" + struct.pack(">HHH", red, green, blue)))
    return b"\x89PNG\r\n\x1a\n" + head + pixel + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content", [deep_colour(300, 20, 65535), b"P6 1 1 65535\n" + struct.pack(">HHH", 300, 20, 65535)]
)
def test_colour_that_is_cut_to_eight_bits_is_told(make, content):
    suffix = ".ppm" if content.startswith(b"P6") else ".png"
    folder = make(Image.new("RGB", (1, 1)))
    (folder / f"train/a/deep{suffix}").write_bytes(content)
    images, notes = read(folder)
    assert images[3].ravel().tolist() == [1, 0, 255]
    assert notes == [f"{folder}/train: 1 images with 16 bits in each of several channels were read with 8"]


@pytest.mark.parametrize(
    ("suffix", "mode"), [(".tif", "L"), (".TIFF", "RGB"), (".ppm", "RGB"), (".pgm", "L"), (".tif", "1")]
)
def test_uncommon_formats_are_read_as_common_ones_are(make, suffix, mode):
    image = Image.fromarray(GREY).convert(mode)
    images, notes = read(make(image, suffix=suffix))
    plain, _ = read(make(image, name="plain"))
    assert (images == plain).all()
    assert notes == []


def test_a_tiff_is_turned_once_and_keeps_its_sixteen_bits(make):
    images, _ = read(make(Image.fromarray(GREY), name="turned", suffix=".tiff", tiffinfo={274: 6}))
    assert (images[0, 0] == GREY.T[:, ::-1]).all()
    images, _ = read(make(Image.fromarray(GREY.astype(np.uint16) * 257), suffix=".tiff"))
    assert images[0, 0] == pytest.approx(GREY / 255, abs=1e-6)


@pytest.mark.parametrize(
    ("image", "options", "told"),
    [
        (Image.fromarray(GREY / np.float32(255)), {}, "0.tif: holds floats; expected 8 or 16 bits"),
        (Image.fromarray(GREY.astype(np.uint16)), {"tiffinfo": {262: 0}}, "0.tif: in this 16-bit image 0 is white"),
    ],
)
def test_a_tiff_that_would_be_read_wrongly_is_refused(make, image, options, told):
    with pytest.raises(DataError, match=told):
        from_folder(make(image, suffix=".tif", **options))


def test_of_several_frames_the_first_is_read_and_that_is_told(make):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    for suffix in (".gif", ".tif", ".png", ".webp"):
        folder = make(frames[0], name=suffix[1:], suffix=suffix, save_all=True, append_images=frames[1:], lossless=True)
        images, notes = read(folder)
        assert (images[0, 0] == GREY).all()
        assert notes[0] == f"{folder}/train: 6 images with several frames were read as their first"


def test_what_lies_beside_classes_and_splits_is_told(make):
    folder = make(Image.fromarray(GREY))
    for name in ("train/0.png", "train/list.csv", "test/1.png"):
        Image.fromarray(GREY).save(folder / name, format="png")
    (folder / "val/a").mkdir(parents=True)
    assert read(folder)[1] == [
        f"{folder}: val beside train and test was skipped",
        f"{folder}/train: 2 files beside the folders of classes were skipped",
        f"{folder}/test: 1 files beside the folders of classes were skipped",
    ]


def test_numbers_as_names_of_classes_are_told_where_labels_are_others(make):
    names = [str(number) for number in range(11)]
    folder = make(Image.fromarray(GREY), classes=names)
    assert read(folder)[1] == [f"{folder}: classes are numbered in the order of text: 10 is class 2"]
    assert classes_of(folder) == ["0", "1", "10", *names[2:10]]
    assert read(make(Image.fromarray(GREY), name="few", classes=names[:10]))[1] == []
    assert read(make(Image.fromarray(GREY), name="years", classes=["1999", "2000"]))[1] == []


def test_a_folder_is_listed_as_often_for_many_files_as_for_few(tmp_path, monkeypatch):
    listed, iterdir = [], Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: listed.append(folder) or iterdir(folder))
    counts = []
    for files in (2, 20):
        folder = tmp_path / str(files)
        folder.mkdir()
        for number in range(files):
            (folder / f"{number}.png").write_bytes(b"")
        listed.clear()
        assert skipped_files(folder) == ([], [])
        counts.append(len(listed))
    assert counts[0] == counts[1]


def test_one_colour_image_makes_both_splits_colour(make):
    folder = make(Image.fromarray(GREY))
    Image.fromarray(np.dstack([GREY] * 3)).save(folder / "train/a/0.png")
    x_train, _, x_test, _ = from_folder(folder)
    assert x_train.shape == x_test.shape == (6, 8, 8, 3)


def test_train_may_be_a_class(tmp_path):
    for name in ("bus", "car", "train"):
        (tmp_path / name).mkdir()
        for number in range(5):
            Image.fromarray(GREY).save(tmp_path / name / f"{number}.png")
    _, y_train, _, y_test = from_folder(tmp_path, test_share=0.2)
    assert (np.bincount(y_train).tolist(), np.bincount(y_test).tolist()) == ([4, 4, 4], [1, 1, 1])
    assert smallest_class({"source": "folder", "path": tmp_path, "test_share": 0.2}) == 4
    with pytest.raises(DataError, match="has train/ but no test/"):
        from_folder(tmp_path)


def test_an_image_too_large_to_be_one_is_refused(make, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataError, match=r"0\.png: not a readable image"):
        from_folder(make(Image.fromarray(GREY)))
