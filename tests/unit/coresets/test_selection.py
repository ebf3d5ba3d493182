import random

import numpy as np
import pytest
import torch

from finitecover.coresets import selection
from finitecover.coresets.selection import SELECTIONS, herding, k_centre, max_herding, prob_cover, select

SCORES = np.random.default_rng(1).random(60)  # of the points of every test that tries all algorithms
LINE = np.array([[0.0], [0.1], [0.2], [0.8], [1.0]])


@pytest.mark.parametrize("algorithm", sorted(SELECTIONS))
def test_every_class_gets_its_budget_without_repeats(algorithm, rng):
    points, labels = rng.random((60, 1, 3, 3)), np.repeat([0, 1, 2], 20)
    chosen = select(algorithm, points, labels, 4, np.random.default_rng(0), SCORES)
    assert (np.diff(chosen) > 0).all()
    assert np.bincount(labels[chosen]).tolist() == [4, 4, 4]
    again = select(algorithm, points, labels, 4, np.random.default_rng(0), SCORES)
    assert (chosen == again).all()


@pytest.mark.parametrize("algorithm", sorted(SELECTIONS))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_duplicates_are_ordinary(algorithm):
    labels = np.repeat([0, 1], 6)
    chosen = select(algorithm, np.zeros((12, 2)), labels, 4, np.random.default_rng(0), np.zeros(12))
    assert np.bincount(labels[np.unique(chosen)]).tolist() == [4, 4]


def test_only_random_selections_depend_on_the_generator(rng):
    points, labels = rng.random((60, 4)), np.zeros(60, int)
    deterministic = dict.fromkeys(("kcenter", "herding", "maxherding", "easycore"), False)
    for algorithm, varies in ({"random": True, "kmeans": True} | deterministic).items():
        chosen = {tuple(select(algorithm, points, labels, 5, np.random.default_rng(seed), SCORES)) for seed in range(5)}
        assert (len(chosen) > 1) == varies


def test_k_centre_by_hand():
    # the mean is 0.42, nearest to it 0.2; then the farthest, 1.0; then 0.0
    assert k_centre(LINE, 3, None).tolist() == [0, 2, 4]


def test_herding_by_hand():
    # 0.2 is nearest to the mean 0.42; with 0.8 beside it the mean is 0.5, with 1.0 it would be 0.6
    assert herding(LINE, 2, None).tolist() == [2, 3]


def test_max_herding_takes_the_densest_first_and_then_what_is_far_from_it():
    points = np.array([[0.0], [0.05], [0.1], [0.9], [1.0]])
    kernel = np.exp(-((points - points.T) ** 2) / (2 * points.var()))
    assert max_herding(points, 1, None).tolist() == [kernel.mean(axis=0).argmax()]
    assert max_herding(points, 2, None)[1] >= 3
    pairs = [(i, j) for i in range(5) for j in range(i)]
    reached = {pair: kernel[list(pair)].max(axis=0).mean() for pair in pairs}
    found = max_herding(points, 2, None)
    assert reached[found[1], found[0]] > (1 - 1 / np.e) * max(reached.values())  # greedy's guarantee


def test_prob_cover_takes_the_balls_of_one_class_that_hold_most():
    points, others = np.array([[0.0], [0.1], [0.2], [0.6], [0.7]]), np.array([[0.35], [2.0]])
    # the ball of 0.2 is pure below 0.15, those of the others beyond it; 5 % quantile of 0.35, 0.25, 0.15, 0.25, 0.35
    assert prob_cover(points, 2, np.random.default_rng(0), others).tolist() == [1, 3]


def test_easycore_takes_the_lowest_scores_of_each_class_and_of_equal_ones_the_first():
    scores, labels = np.array([0.5, 9.0, 0.1, 8.0, 0.1, 7.0, 0.1, 7.0]), np.array([0, 1, 0, 1, 0, 1, 0, 1])
    chosen = select("easycore", np.zeros((8, 2)), labels, 2, np.random.default_rng(0), scores)
    assert chosen.tolist() == [2, 4, 5, 7]


def test_a_budget_above_a_class_is_refused():
    with pytest.raises(ValueError, match="budget 3 exceeds class 1, which has 2 images"):
        select("random", np.zeros((5, 1)), np.array([0, 0, 0, 1, 1]), 3, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ([0, 0], "1 images of class 0"),
        ([0, 1, 2], "3 images of class 0"),
        ([-1, 3], "positions from -1 to 3 of class 0"),
        ([0, 4], "positions from 0 to 4 of class 0"),
        ([[0], [1]], r"an array of shape \(2, 1\) and type int64 of class 0"),
        ([True, False, True, False], r"an array of shape \(4,\) and type bool of class 0"),
        ([0.0, 1.0], r"an array of shape \(2,\) and type float64 of class 0"),
        (None, r"an array of shape \(\) and type object of class 0"),
    ],
)
def test_a_selection_of_ones_own_must_choose_as_many_as_asked_for(returned, told, monkeypatch):
    monkeypatch.setitem(SELECTIONS, "mine", lambda points, k, rng: returned)
    with pytest.raises(ValueError, match=rf"mine chose {told}; expected 2 different positions in 0\.\.3"):
        select("mine", np.zeros((4, 3)), np.zeros(4, dtype=int), 2, None)


@pytest.fixture
def own(monkeypatch):
    """A function that makes a selection one of the user's, called mine."""

    def add(function):
        monkeypatch.setitem(selection.OWN, "mine", function)
        monkeypatch.setitem(SELECTIONS, "mine", function)

    return add


@pytest.mark.parametrize(
    "function",
    [
        lambda points, k, rng: np.random.choice(len(points), k, replace=False),  # noqa: NPY002
        lambda points, k, rng: torch.randperm(len(points))[:k],
        lambda points, k, rng: random.sample(range(len(points)), k),
    ],
)
def test_the_seed_decides_a_selection_of_ones_own_by_global_generators(function, own):
    own(function)
    points, labels = np.zeros((200, 1)), np.arange(200) // 100
    chosen = [select("mine", points, labels, 5, np.random.default_rng(seed)).tolist() for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]
    assert [i - 100 for i in chosen[0][5:]] != chosen[0][:5]  # nor are all classes alike


def test_an_error_of_a_selection_of_ones_own_has_its_name(own):
    own(lambda points, k: 0)
    with pytest.raises(ValueError, match=r"own selection mine: TypeError: .* takes 2 positional arguments but 3"):
        select("mine", np.zeros((4, 3)), np.zeros(4, dtype=int), 2, np.random.default_rng(0))
