"""Functions that are not ours: what they draw is the seed's, and what they change is put back."""

import os
import random
import sys

import numpy as np
import pytest
import torch

from finitecover.guarded import guarded, mixed, seeded

CPU = torch.device("cpu")


def drawn():
    return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002


def test_the_seed_decides_all_global_generators_and_leaves_them_as_they_were():
    found = []
    for seed in (3, 3, 4):
        before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
        with seeded(seed, CPU):
            found.append(drawn())
        assert before == (
            random.getstate(),
            np.random.get_state()[1].tolist(),  # noqa: NPY002
            torch.get_rng_state().tolist(),
        )
        drawn()
    assert found[0] == found[1]
    assert all(one != other for one, other in zip(found[1], found[2], strict=True))


def test_every_number_counts_in_a_mixed_seed():
    assert len({mixed(0, 1), mixed(1, 0), mixed(0, 1, 0), mixed(0, 2), mixed(2**63, 1)}) == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.set_grad_enabled(False),
        lambda: torch.set_num_threads(torch.get_num_threads() + 1),
        lambda: torch.use_deterministic_algorithms(True),
        lambda: os.chdir("/"),
    ],
)
def test_settings_and_folder_are_put_back(change):
    def settings():
        deterministic = torch.are_deterministic_algorithms_enabled()
        return torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads(), deterministic, os.getcwd()

    before = settings()
    with guarded("own attack mine"):
        change()
        assert settings() != before
    assert settings() == before


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("oops"), "own attack mine: KeyError: 'oops'"),
        (AssertionError(), "own attack mine: AssertionError"),
        (SystemExit(0), "own attack mine: ended the job: 0"),
        (SystemExit(), "own attack mine: ended the job"),
        (ValueError("no cover"), "own attack mine: ValueError: no cover"),
    ],
)
def test_an_error_begins_with_whose_it_is(error, message):
    with pytest.raises(ValueError, match="own attack mine") as told, guarded("own attack mine"):
        raise error
    assert str(told.value) == message


def test_whoever_stops_a_job_is_no_error_of_its_own():
    with pytest.raises(KeyboardInterrupt), guarded("own attack mine"):
        raise KeyboardInterrupt


def test_nothing_here_needs_pytorch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    with seeded(3), guarded("own selection mine"):
        first = random.random()
    with seeded(3):
        assert random.random() == first
