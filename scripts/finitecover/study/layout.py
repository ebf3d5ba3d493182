"""Where data lies and how a folder of images is laid out: one line on what is wrong, before anything is read."""

import re
from collections import Counter
from math import ceil
from pathlib import Path

from finitecover.study.catalogue import IMAGE_SUFFIXES, class_names, image_files, is_split, skipped_files


def wrong_source(settings, mirror):
    """What is wrong with where a data set comes from, beginning with the key that says so; None if nothing is.

    settings: of the source; mirror: the folder of the publishers' files, or None.
    """
    source, path = settings["source"], settings.get("path")
    if source == "torchvision" and mirror and not Path(mirror).is_dir():
        return f"name: there is no folder {told(mirror)}, which data.mirror names"
    if source == "npz" and (wrong := wrong_file(path)):
        return f"path: {wrong}"
    if source == "folder" and not Path(path).is_dir():
        return f"path: there is no folder {told(path)}"
    wrong = mistake(Path(path), settings.get("test_share")) if source == "folder" else None
    return wrong and f"path: {wrong}"


def wrong_file(path):
    """What is wrong with a file that is an input of a job; None if nothing is."""
    if not Path(path).is_file():
        return f"there is no file {told(path)}"
    return f"{path} holds a brace, which is for wildcards; rename it" if re.search("[{}]", path) else None


def told(path):
    """A path, and where it was looked for if it is relative."""
    return path if Path(path).is_absolute() else f"{path} in {Path.cwd()}"


def mistake(root, test_share=None):
    """What is wrong with a folder of images, beginning with its path; None if nothing is.

    It must have train/<class>/ and test/<class>/, or <class>/ and a test_share, and images in every class to train on.
    """
    if not root.is_dir():
        return f"{root}: no such folder"
    if is_split(root):
        if test_share is not None:
            return f"{root}: has train/ and test/, and test_share would hold out more; remove test_share"
        return _wrong_classes(root / "train", 0) or _wrong_test(root) or _alone(root / "train")
    if test_share is None:
        if (root / "train").is_dir():
            return f"{root}: has train/ but no test/"
        found = f" (but {', '.join(class_names(root)[:5])})" if class_names(root) else ""
        return f"{root}: has no train/ and test/ folders{found}, so test_share must say which share to hold out"
    return _wrong_classes(root, test_share) or _alone(root)


def _alone(folder):
    names = class_names(folder)
    return f"{folder}: one class alone, {names[0]}; at least two are needed" if len(names) == 1 else None


def _wrong_classes(folder, share):
    """What is wrong with the classes of a folder that is trained on, a share of each held out; None if nothing is."""
    if lost := _lost_link(folder):
        return lost
    if not class_names(folder):
        return f"{folder}: no class folders in it"
    for name in class_names(folder):
        count = len(image_files(folder / name))
        if not count:
            return _without_image(folder / name)
        if ceil(share * count) == count:
            images = "1 image" if count == 1 else f"{count} images"
            return f"{folder / name}: class of {images}, of which a test_share of {share:g} leaves none to train on"
    return None


def _wrong_test(root):
    extra = sorted(set(class_names(root / "test")) - set(class_names(root / "train")))
    if extra:
        return f"{root}: test/ has classes that train/ lacks: {', '.join(extra)}"
    if not any(image_files(root / "test" / name) for name in class_names(root / "test")):
        return f"{root / 'test'}: no images in folders of classes"
    return _lost_link(root / "test")


def _lost_link(folder):
    lost = sorted(path for path in folder.iterdir() if path.is_symlink() and not path.exists())
    return f"{lost[0]}: a link to nothing" if lost else None


def _without_image(folder):
    files, folders = skipped_files(folder)
    suffixes = Counter(path.suffix or "without a suffix" for path in files)
    found = [f"{count} {suffix}" for suffix, count in sorted(suffixes.items())]
    found += [f"the folder {folders[0].name}/"] if folders else []
    holds = f"; it holds {', '.join(found[:5])}" if found else ""
    return f"{folder}: class without an image of a kind that is read ({', '.join(sorted(IMAGE_SUFFIXES))}){holds}"
