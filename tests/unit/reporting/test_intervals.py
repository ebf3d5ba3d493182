"""Intervals over seeds and images: by hand, at the edges, and how often they cover."""

import numpy as np
import pytest
from scipy import stats

from finitecover.reporting.intervals import (
    Estimate,
    difference_of,
    holm_levels,
    interval_of_difference,
    interval_of_mean,
    mean_of,
    p_value,
)


def test_the_variance_of_a_mean_by_hand():
    correct = np.tile([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]], 5)
    # image means 1, 2/3, 1/3, 0, five times each; seed means 1/2. Sums of squares: seeds 0 (2 degrees of freedom),
    # images 3 * 25/9 = 25/3 (19), total 60 / 4 = 15, the rest 20/3 (38): more than seeds have, so seeds add nothing
    estimate = mean_of(correct)
    assert estimate.value == pytest.approx(1 / 2)
    assert estimate.variance == pytest.approx(25 / 57 / 60)
    assert estimate.freedom == pytest.approx(19)
    spread = np.array([[1, 1, 1, 1], [0, 0, 0, 1], [1, 1, 1, 1]])
    # seed means 1, 1/4, 1; image means 2/3, 2/3, 2/3, 1; mean 3/4: seeds 4 * 3/8 = 3/2 (2), images 3 * 1/12 = 1/4 (3),
    # total 12 * 3/16 = 9/4, the rest 1/2 (6).
    estimate = mean_of(spread)
    assert estimate.variance == pytest.approx(((3 / 4 - 1 / 12) + 1 / 12) / 12)
    terms = [((3 / 4) / 12, 2), ((1 / 12) / 12, 6), ((1 / 12) / 12, 3)]
    assert estimate.freedom == pytest.approx((3 / 4 / 12) ** 2 / sum(value**2 / freedom for value, freedom in terms))


def test_a_difference_leaves_out_what_images_have_in_common():
    hard = np.arange(100) % 2  # half of the images are too hard for either cell
    first = np.tile(hard, (3, 1))
    second = first.copy()
    second[:, :4] = 0  # two more are lost by every seed of the second
    estimate = difference_of(first, second)
    assert estimate.value == pytest.approx(0.02)
    difference = (first - second).mean(axis=0)
    assert estimate.variance == pytest.approx(difference.var(ddof=1) / 100)
    assert estimate.variance < mean_of(first).variance / 10


def test_a_difference_holds_the_seeds_of_both_cells():
    first = np.repeat([[1], [0], [1]], 100, axis=1)  # seed means 1, 0, 1: mean square 100 * 2/3 / 2, nothing else
    second = np.tile(np.arange(100) % 2, (3, 1))  # no seed differs
    images = (2 / 3 - second[0]).var(ddof=1) / 100
    for sides in ((first, second), (second, first)):
        estimate = difference_of(*sides)
        assert estimate.variance == pytest.approx(1 / 9 + images)
        assert estimate.freedom == pytest.approx((1 / 9 + images) ** 2 / ((1 / 9) ** 2 / 2 + images**2 / 99))


def test_seeds_of_two_cells_are_no_pairs():
    rng = np.random.default_rng(0)
    first, second = rng.random((3, 50)) < 0.5, rng.random((3, 50)) < 0.4
    estimate = difference_of(first, second)
    again = difference_of(first[[2, 0, 1]], second)
    assert (again.value, again.variance) == pytest.approx((estimate.value, estimate.variance))
    assert difference_of(first, second[:2]).variance > 0
    with pytest.raises(ValueError, match="cells of 50 and 40 images cannot be compared"):
        difference_of(first, second[:, :40])


@pytest.mark.parametrize("share", [0, 1])
def test_no_interval_has_no_width_and_none_leaves_what_is_possible(share):
    correct = np.full((3, 100), share)
    low, high = interval_of_mean(mean_of(correct), 100)
    assert 0 <= low < high <= 1
    assert high - low == pytest.approx(stats.t.ppf(0.975, 99) ** 2 / (100 + stats.t.ppf(0.975, 99) ** 2))
    low, high = interval_of_difference(difference_of(correct, correct))
    assert low == pytest.approx(-high)
    assert high == pytest.approx(stats.t.ppf(0.975, 99) * np.sqrt(0.99) / 100)
    low, high = interval_of_difference(Estimate(0.9 * (2 * share - 1), 0.1, 2))
    assert -1 <= low < high <= 1


def test_an_interval_grows_smoothly_from_where_no_answer_differs():
    highs = []
    for right in range(4):
        correct = np.zeros((3, 100))
        correct[np.arange(right), np.arange(right)] = 1  # of other images by each seed
        highs.append(interval_of_mean(mean_of(correct), 100)[1])
    assert highs == sorted(highs)
    assert highs[3] < 0.08


def test_one_seed_says_nothing_of_the_spread():
    estimate = mean_of(np.ones((1, 10)))
    assert estimate.value == 1
    assert np.isnan([*interval_of_mean(estimate, 10), *interval_of_difference(difference_of([[1, 0]], [[1, 1]]))]).all()


def test_holms_levels_leave_out_zero_exactly_where_his_procedure_rejects_it():
    p_values = [0.02, 0.005, 0.5, 0.011, 0.04]
    levels = holm_levels(p_values)
    # 0.005 <= 0.05 / 5 and 0.011 <= 0.05 / 4 are rejected, 0.02 > 0.05 / 3 is not, nor is what follows
    assert levels == pytest.approx([1 - 0.05 / 3, 1 - 0.05 / 5, 1 - 0.05 / 3, 1 - 0.05 / 4, 1 - 0.05 / 3])
    for p, level in zip(p_values, levels, strict=True):
        estimate = Estimate(stats.t.isf(p / 2, 9), 1.0, 9)  # clipping aside
        assert p_value(estimate) == pytest.approx(p)
        half = stats.t.ppf((1 + level) / 2, 9)
        assert (estimate.value > half) == (p in (0.005, 0.011))
    assert len(holm_levels([])) == 0


def drawn(rng, difficulty, level, seeds):
    """Answers of models with a seed's own level, on images each with a difficulty, shape (seeds, images)."""
    logits = level + rng.normal(0, 0.2, (seeds, 1)) - difficulty
    return rng.random((seeds, len(difficulty))) < 1 / (1 + np.exp(-logits))


def test_intervals_cover_what_they_promise():
    rng, hits, rounds = np.random.default_rng(0), np.zeros(2), 400
    many = drawn(rng, rng.normal(0, 2.5, 20000), 0.5, 200).mean()
    for _ in range(rounds):
        difficulty = rng.normal(0, 2.5, 100)
        first, second = (drawn(rng, difficulty, 0.5, 3) for _ in range(2))
        low, high = interval_of_mean(mean_of(first), 100)
        hits[0] += low <= many <= high
        low, high = interval_of_difference(difference_of(first, second))
        hits[1] += low <= 0 <= high
    assert (hits / rounds >= 0.93).all()
