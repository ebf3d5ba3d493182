"""Folders of images: what is read of them, what is left out, and how pixels come out of a file."""

from pathlib import Path

import numpy as np

from finitecover.data.checks import DataError
from finitecover.data.splits import split_by_class
from finitecover.study import layout
from finitecover.study.catalogue import class_names, image_files, is_split, skipped_files


def from_folder(path, size=None, test_share=None, notes=None):
    """Your own images: ``train/<class>/*.png`` and ``test/<class>/*.png``, or ``<class>/*.png`` with a `test_share`.

    Classes are numbered in alphabetical order, as `classes_of` has them. With `size`, images are resized to size x size
    pixels. One colour image makes all colour, and a grey one with 16 bits all floats. notes: a list that gets a
    sentence for whatever was left out or changed. Returns x_train, y_train, x_test, y_test; raises `DataError`.
    """
    root, notes = Path(path), [] if notes is None else notes
    if wrong := layout.mistake(root, test_share):
        raise DataError(wrong)
    classes = classes_of(root)
    if all(name.isdecimal() for name in classes) and sorted(classes, key=int) != classes:
        label = next(label for label, name in enumerate(sorted(classes, key=int)) if name != classes[label])
        notes.append(f"{path}: classes are numbered in the order of text: {classes[label]} is class {label}")
    if not is_split(root):
        return split_by_class(*_Folder(root, classes, size, notes).arrays(), test_share)
    beside = sorted(set(class_names(root)) - {"train", "test"})
    notes += [f"{path}: {', '.join(beside)} beside train and test was skipped"] if beside else []
    train, test = (_Folder(root / split, classes, size, notes) for split in ("train", "test"))
    train.match(test)
    return (*train.arrays(), *test.arrays())


def classes_of(path):
    """Names of the classes in a folder of images, in the order of their labels."""
    return class_names(Path(path, "train") if is_split(Path(path)) else Path(path))


class _Folder:
    """Images of one split, class by class; notes of what was left out or changed are added to a list."""

    def __init__(self, root, classes, size, notes):
        self.root, self.images, self.labels = root, [], []
        changes, other, below, lacking = {}, [], [], []
        if loose := image_files(root) + skipped_files(root)[0]:
            notes.append(f"{root}: {len(loose)} files beside the folders of classes were skipped")
        for label, name in enumerate(classes):
            files = image_files(root / name) if (root / name).is_dir() else []
            if (root / name).is_dir():
                for found, more in zip((other, below), skipped_files(root / name), strict=True):
                    found += more
            lacking += [] if files else [name]
            self.images += [_read_image(file, size, changes) for file in files]
            self.labels += [label] * len(files)
        self._tell(notes, changes, other, below, lacking)

    def _tell(self, notes, changes, other, below, lacking):
        if other:
            suffixes = ", ".join(sorted({path.suffix or path.name for path in other}))
            notes.append(
                f"{self.root}: {len(other)} files are no images that can be read and were skipped ({suffixes})"
            )
        if below:
            notes.append(f"{self.root}: {len(below)} subfolders of classes were skipped, {below[0]} for one")
        if lacking:
            notes.append(f"{self.root}: no image of {', '.join(lacking)}")
        notes += [f"{self.root}: {count} images {what}" for what, count in sorted(changes.items())]

    def match(self, other):
        """Make both splits colour where one is, and floats where one is."""
        if any(image.ndim == 3 for image in (*self.images, *other.images)):
            for split in (self, other):
                split.images = [_coloured(image) for image in split.images]
        if any(image.dtype == np.float32 for image in (*self.images, *other.images)):
            for split in (self, other):
                split.images = [_as_floats(image) for image in split.images]

    def arrays(self):
        """(images (n, h, w) or (n, h, w, 3), labels (n,))."""
        self.match(self)
        shapes = {image.shape for image in self.images}
        if len(shapes) > 1:
            raise DataError(
                f"{self.root}: images of different sizes ({', '.join(map(str, sorted(shapes)))}); set size to resize"
                " them"
            )
        return np.stack(self.images), np.array(self.labels, dtype=np.int64)


def _coloured(image):
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def _as_floats(image):
    return image if image.dtype == np.float32 else image.astype(np.float32) / 255


def _read_image(file, size, changes):
    """Pixels of a file as they are seen: turned as its EXIF orientation says, transparency on white; uint8, or float32
    in [0, 1] where the file has 16 bits. changes: {what was done: number of images} is added to."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    def told(what):
        changes[what] = changes.get(what, 0) + 1

    try:
        with Image.open(file) as image:
            _refuse_unknown(image, file)
            if _is_cut(image):
                told("with 16 bits in each of several channels were read with 8")
            if getattr(image, "n_frames", 1) > 1:
                told("with several frames were read as their first")
            if image.getexif().get(0x0112, 1) != 1:
                told("were turned as their EXIF orientation says")
                image = ImageOps.exif_transpose(image)
            if image.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I"):
                told("with 16 bits were read as floats, 65535 being white")
                return _sixteen_bits(image, file, size)
            if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
                told("with transparency were put on white")
                image = _on_white(image)
            image = image.convert("L" if image.mode in ("1", "L") else "RGB")
            return np.asarray(image if size is None else image.resize((size, size), Image.Resampling.BILINEAR))
    except DataError:
        raise
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: not a readable image, or truncated ({error})") from error


def _refuse_unknown(image, file):
    """Raise `DataError` for what Pillow opens and does not read as it is seen."""
    if image.mode == "F":
        raise DataError(f"{file}: holds floats; expected 8 or 16 bits")
    if image.mode == "I;16" and getattr(image, "tag_v2", {}).get(262) == 0:  # the tag for what 0 is
        raise DataError(f"{file}: in this 16-bit image 0 is white; expected 0 to be black")


def _is_cut(image):
    """Whether Pillow, which knows no colour of 16 bits, cuts a file's values to 8; to be asked before it is loaded."""
    if not image.tile or image.mode.startswith("I"):
        return False
    raw, *rest = image.tile[0][3] if isinstance(image.tile[0][3], tuple) else [image.tile[0][3]]
    return ";16" in str(raw) or (image.format == "PPM" and rest > [255])


def _on_white(image):
    from PIL import Image

    grey = image.mode in ("LA", "La", "L", "1")
    layer = image.convert("RGBA")
    page = Image.new("RGBA", layer.size, "white")
    page.alpha_composite(layer)
    return page.convert("L" if grey else "RGB")


def _sixteen_bits(image, file, size):
    from PIL import Image

    values = np.asarray(image).astype(np.float32)
    if values.min() < 0 or values.max() > 65535:
        raise DataError(f"{file}: values from {values.min():g} to {values.max():g}; expected 8 or 16 bits")
    scaled = values / 65535
    if size is None:
        return scaled
    return np.asarray(Image.fromarray(scaled).resize((size, size), Image.Resampling.BILINEAR)).clip(0, 1)
