import sys

import numpy as np
import pytest

from finitecover.jobs import speed


@pytest.fixture(autouse=True)
def measured_anew():
    speed.seconds.cache_clear()
    yield
    speed.seconds.cache_clear()


def test_the_benchmark_is_stable_and_shorter_than_the_jobs_it_speaks_for():
    first = speed.seconds()
    speed.seconds.cache_clear()
    second = speed.seconds()
    assert 0.001 < first < 1
    assert second == pytest.approx(first, rel=0.5)


def test_a_slow_round_does_not_count(monkeypatch):
    rounds = iter([0.5, 0.2, *[0.9] * (speed.ROUNDS - 2)])
    monkeypatch.setattr(speed, "_round", lambda *arguments: next(rounds))
    assert speed.seconds() == 0.2


def test_the_windows_are_those_of_a_convolution():
    shape = (speed.IMAGES, speed.CHANNELS, speed.SIDE, speed.SIDE)
    images = np.ones(shape, dtype=np.float32)
    windows = speed.IMAGES * (speed.SIDE - speed.KERNEL + 1) ** 2
    assert windows % speed.ROWS == 0
    filters = np.ones((speed.CHANNELS * speed.KERNEL**2, speed.FILTERS), dtype=np.float32)
    assert speed._round(np, images, filters) > 0


def test_a_machine_is_put_beside_another_and_not_without_numpy(monkeypatch):
    assert speed.beside(speed.seconds() / 2) == pytest.approx(2)
    speed.seconds.cache_clear()
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert speed.beside(1.0) is None
