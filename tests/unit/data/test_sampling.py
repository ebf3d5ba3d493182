import numpy as np

from finitecover.data.sampling import draw_examples


def test_examples_are_drawn_once_and_in_proportion():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    chosen = draw_examples(labels, 100)
    assert (np.diff(chosen) > 0).all()
    assert np.abs(np.bincount(labels[chosen]) - [60, 30, 10]).max() <= 1
    assert (draw_examples(labels, 100) == chosen).all()
    assert draw_examples(labels, 5000).tolist() == list(range(1000))
