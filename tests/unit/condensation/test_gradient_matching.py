import pytest
import torch

from finitecover.condensation.gradient_matching import REFERENCE_LOOPS, gradient_distance, reference_loops


def test_loops_are_the_references_and_interpolated_between():
    assert {k: reference_loops(k) for k in REFERENCE_LOOPS} == REFERENCE_LOOPS
    assert reference_loops(15) == (15, 38)
    assert reference_loops(5) == (5, 23)
    assert reference_loops(300) == (50, 10)


def test_equal_directions_are_at_distance_zero_and_opposite_ones_at_two():
    weights = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    assert gradient_distance([weights], [3 * weights]).item() == pytest.approx(0, abs=1e-5)
    assert gradient_distance([weights], [-weights]).item() == pytest.approx(2 * 4, abs=1e-5)


def test_every_output_counts_alike_by_hand():
    given = torch.tensor([[1.0, 0.0], [0.0, 100.0]])
    wanted = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    assert gradient_distance([given], [wanted]).item() == pytest.approx(1.0, abs=1e-5)
    assert gradient_distance([given, given], [wanted, wanted]).item() == pytest.approx(2.0, abs=1e-5)
