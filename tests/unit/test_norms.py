import numpy as np
import pytest
from scipy.spatial.distance import cdist

from finitecover import norms
from finitecover.certificates.bounds import ceiling_radii
from finitecover.covers.distances import direct, paired
from finitecover.covers.verification import CoverError, verify_cover
from finitecover.evaluation.library_attacks import autoattack
from finitecover.training.attacks import perturb
from finitecover.training.balls import BALLS
from finitecover.training.intervals import worst_logits


def test_norms_of_perturbations_are_norms_with_balls():
    assert set(norms.PERTURBED) == set(BALLS) <= set(norms.ORDER)
    assert [norms.symbol(norm) for norm in norms.ORDER] == [r"\ell_1", r"\ell_2", r"\ell_\infty"]


@pytest.mark.parametrize(
    "use",
    [
        lambda: norms.order("l7"),
        lambda: direct(np.zeros((1, 2)), np.ones((1, 2)), "l7"),
        lambda: paired(np.zeros((1, 2)), np.ones((1, 2)), "l7", np.zeros((1, 2), int)),
        lambda: ceiling_radii(*_images(), *_images(), "l7"),
        lambda: perturb(None, None, None, None, norm="l7", steps=1, step_size=1, generator=None, autocast=None),
        lambda: worst_logits(None, None, None, None, "l7"),
        lambda: autoattack(None, None, None, 0.1, norm="l7", seed=0),
    ],
)
def test_an_unknown_norm_raises_wherever_it_is_used(use):
    with pytest.raises(ValueError, match="norm 'l7'"):
        use()


def _images():
    import torch

    return torch.zeros(2, 1, 2, 2), torch.tensor([0, 1])


def test_a_further_norm_is_its_order(monkeypatch, rng):
    monkeypatch.setitem(norms.ORDER, "l3", 3.0)
    points = rng.random((20, 5))
    exact = cdist(points, points, "minkowski", p=3)
    assert direct(points, points, "l3") == pytest.approx(exact)
    pairs = np.argwhere(np.ones((20, 20)))
    assert paired(points, points, "l3", pairs).reshape(20, 20) == pytest.approx(exact)
    nearest = exact[:, :1].ravel()
    cover = (np.array([0]), np.zeros(20, int), nearest, nearest.max() * (1 + 1e-12))
    verify_cover(points, np.zeros(20, int), *cover, "l3")
    with pytest.raises(CoverError):
        verify_cover(points, np.zeros(20, int), *cover, "l2")
