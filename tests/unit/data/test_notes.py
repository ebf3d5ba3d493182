"""What is said of sets that can be used but may not be what was meant."""

import numpy as np
import pytest

from finitecover.data import notes
from finitecover.data.checks import standardise


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((9, 3, 8, 3), "x: shape (9, 3, 8, 3) is read with channels last, as 3x8 images of 3 channels; if they stand"),
        ((9, 1, 8, 3), "x: shape (9, 1, 8, 3) is read with channels last, as 1x8 images of 3 channels; if they stand"),
        ((9, 3, 8, 8), None),
        ((9, 8, 8, 3), None),
        ((9, 8, 8), None),
    ],
)
def test_channels_that_may_stand_second_or_last_are_told_as_they_are_read(shape, told):
    x, y = np.ones(shape, np.float32), np.arange(9) % 2
    found = notes.on_channels(x, "x")
    assert len(found) == bool(told)
    if told:
        assert found[0].startswith(told)
        assert standardise(x, y, x, y)[0].shape == (9, shape[3], *shape[1:3])


def test_classes_that_are_not_tested_are_told():
    assert notes.on_absent_classes(np.array([0, 2, 2]), 3, "x_test") == ["x_test: no image of class 1"]
    assert notes.on_absent_classes(np.array([2, 1]), 5, "x_test") == ["x_test: no image of class 0, 3, 4"]
    assert notes.on_absent_classes(np.array([1, 0]), 2, "x_test") == []


def test_images_that_are_there_twice_are_told(rng):
    images = rng.random((8, 1, 4, 4), dtype=np.float32)
    train, labels = images[:5], np.array([0, 1, 0, 1, 0])
    assert notes.on_repeated_images(train, labels, images[5:], np.array([0, 1, 1])) == []
    test = images[[5, 0, 0, 2]]
    leaked = "x_test: 3 of 4 images are in x_train too, so accuracies flatter"
    assert notes.on_repeated_images(train, labels, test, np.array([0, 0, 0, 0])) == [leaked]
    found = notes.on_repeated_images(train, labels, test, np.array([0, 0, 1, 1]))
    assert found == [leaked, "2 images stand under several labels"]
    again = notes.on_repeated_images(images[[0, 1, 0]], np.array([0, 1, 1]), images[5:], np.array([0, 1, 1]))
    assert again == ["1 images stand under several labels"]
