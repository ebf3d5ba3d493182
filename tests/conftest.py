"""What several tests need: the mirror of real data, small sets of points, a copy of the workflow to run."""

import os
from pathlib import Path

import numpy as np
import pytest

from running import Workflow


@pytest.fixture(scope="session")
def mirror():
    """Folder with the publishers' files, named by FINITECOVER_MIRROR; tests of real data are skipped without it."""
    path = os.environ.get("FINITECOVER_MIRROR")
    if not path:
        pytest.skip("FINITECOVER_MIRROR names no folder with the publishers' files")
    return Path(path)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def make_workflow(tmp_path_factory):
    """A function that returns a fresh copy of the workflow."""
    return lambda: Workflow(tmp_path_factory.mktemp("workflow"))
