from fractions import Fraction

import numpy as np
import pytest
import torch

from finitecover.data.sampling import draw_examples
from finitecover.evaluation.pictures import pictured
from finitecover.evaluation.rows import accuracies, evaluate
from finitecover.training.attacks import attack, predict
from finitecover.training.loop import train
from finitecover.training.models import build_model

DATASET = {"shape": (1, 8, 8), "classes": 2, "mean": [0.5], "std": [0.3]}
THREAT = {"linf": ["0.15", "1/4"], "l2": ["0.5"]}
ATTACKS = {
    "fgsm": {"kind": "pgd", "steps": 1, "step_size": 1, "restarts": 1, "random_start": False},
    "pgd": {"kind": "pgd", "steps": 5, "step_size": 0.3, "restarts": 1, "random_start": True},
}


NO_LIBRARY = {"examples": 60, "threat": {}}


def images_and_labels(n=60):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 2
    return torch.rand(n, 1, 8, 8, generator=generator) * 0.6 + 0.4 * labels.view(-1, 1, 1, 1), labels


@pytest.fixture(scope="module")
def network():
    images, labels = images_and_labels()
    model = build_model({"architecture": "mlp", "width": 8, "depth": 1}, DATASET, seed=0)
    optimisation = {
        "steps": 60,
        "batch_size": 60,
        "learning_rate": 0.05,
        "momentum": 0.9,
        "weight_decay": 0,
        "precision": "float32",
    }
    train(model, images, labels, torch.ones(60), torch.zeros(60), optimisation=optimisation, adversary=None, seed=0)
    return model


def evaluated(model):
    return evaluate(model, *images_and_labels(), range(60), threat=THREAT, attacks=ATTACKS, library=NO_LIBRARY, seed=0)


def test_one_row_per_image_attack_norm_and_size(network):
    rows, gates, _ = evaluated(network)
    assert [(row["attack"][0], row["norm"][0], row["eps"][0]) for row in rows] == [
        ("clean", "none", "0"),
        *((attack, "linf", eps) for eps in ("0.15", "1/4") for attack in ("fgsm", "pgd", "worst")),
        *((attack, "l2", "0.5") for attack in ("fgsm", "pgd", "worst")),
    ]
    assert all(len(column) == 60 for row in rows for column in row.values())
    assert all(gate["passed"] for gate in gates), gates
    # eps = 0, gradients, eps = 1; more steps in each norm; at each size an order, and each attack in its ball
    assert len(gates) == 3 + len(THREAT) + 3 * (1 + len(ATTACKS))


def test_all_images_are_classified_and_the_chosen_ones_attacked(network):
    chosen = np.array([3, 10, 11, 40])
    rows, *_ = evaluate(
        network, *images_and_labels(), chosen, threat=THREAT, attacks=ATTACKS, library=NO_LIBRARY, seed=0
    )
    assert rows[0]["example"].tolist() == list(range(60))
    assert all(row["example"].tolist() == chosen.tolist() for row in rows[1:])
    _, labels = images_and_labels()
    assert all((row["label"] == labels.numpy()[row["example"]]).all() for row in rows)
    assert [row["n_images"] for row in accuracies(rows)] == [60] + 9 * [4]


def test_a_few_images_are_kept_with_what_the_attacks_made_of_them(network):
    library = {"examples": 20, "threat": {"linf": ["0.15"], "l2": ["0.5"]}}
    images, labels = images_and_labels()
    chosen = np.arange(3, 60)
    rows, _, shown = evaluate(network, images, labels, chosen, threat=THREAT, attacks=ATTACKS, library=library, seed=0)
    assert [set(zip(part["norm"], part["eps"], strict=True)) for part in shown] == [{("linf", "0.15")}, {("l2", "0.5")}]
    judged = chosen[draw_examples(labels[chosen], 20)]
    first = [judged[labels[judged] == label][0] for label in (0, 1)]
    for part, order in zip(shown, (np.inf, 2), strict=True):
        key = ("worst", part["norm"][0], part["eps"][0])
        (worst,) = (row for row in rows if (row["attack"][0], row["norm"][0], row["eps"][0]) == key)
        at = np.searchsorted(worst["example"], first)
        assert part["example"].tolist() == first
        assert part["label"].tolist() == labels[first].tolist()
        assert (part["image"] == images[first].numpy()).all()
        assert part["clean"].tolist() == rows[0]["prediction"][first].tolist()
        assert part["prediction"].tolist() == worst["prediction"][at].tolist()
        assert part["prediction"].tolist() == predict(network, torch.tensor(part["adversarial"].copy())).tolist()
        apart = np.linalg.norm((part["adversarial"] - part["image"]).reshape(2, -1), ord=order, axis=1)
        assert apart == pytest.approx(worst["distance"][at], abs=1e-5)
        assert (apart > 0).all()


def test_at_most_ten_classes_have_a_picture_the_first_ones():
    labels = np.array([4, 6, 3, 3, 2, 1, 0, 5, 4, 11, 7, 8, 9, 10])
    judged = np.array([0, 1, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13])
    assert pictured(labels, judged).tolist() == [6, 5, 4, 3, 0, 7, 1, 10, 11, 12]


def by_name(rows):
    """{(attack, norm, eps): correct} of rows that all have the same images."""
    return {tuple(str(row[key][0]) for key in ("attack", "norm", "eps")): row["correct"] for row in rows}


def test_what_is_broken_stays_broken_under_stronger_attacks_and_at_larger_sizes(network):
    correct = by_name(evaluated(network)[0])
    for norm, sizes in THREAT.items():
        before = correct["clean", "none", "0"]
        for eps in sizes:
            for name in ("fgsm", "pgd", "worst"):
                assert (correct[name, norm, eps] <= before).all()
                before = correct[name, norm, eps]
    assert correct["worst", "linf", "1/4"].sum() < correct["worst", "linf", "0.15"].sum() < 60


def test_the_order_of_sizes_in_the_config_says_nothing(network):
    asked = {"attacks": ATTACKS, "library": NO_LIBRARY, "seed": 0}
    turned = {"linf": ["1/4", "0.15"], "l2": ["0.5"]}
    rows, *_ = evaluate(network, *images_and_labels(), range(60), threat=turned, **asked)
    expected, found = by_name(evaluated(network)[0]), by_name(rows)
    assert list(found) == list(expected)
    assert all((found[key] == expected[key]).all() for key in expected)


def test_an_attack_on_what_is_left_finds_what_it_finds_on_all(network):
    images, labels = images_and_labels()
    settings = {"norm": "linf", "steps": 5, "step_size": 0.3, "random_start": True}
    left = torch.arange(1, 60, 3)
    generators = [torch.Generator().manual_seed(3) for _ in range(2)]
    whole, _ = attack(network, images, labels, 0.1, generator=generators[0], **settings)
    part, predictions = attack(network, images, labels, 0.1, generator=generators[1], among=left, **settings)
    torch.testing.assert_close(part[left], whole[left])
    others = torch.tensor(sorted({*range(60)} - {*left.tolist()}))
    assert (part[others] == images[others]).all()
    assert (predictions[others] == predict(network, images[others])).all()


def test_the_worst_case_is_what_each_attack_breaks_by_itself_at_the_size_or_a_smaller_one(network):
    """The saving changes no image's worst case."""
    images, labels = images_and_labels()
    worst = by_name(evaluated(network)[0])
    for norm, sizes in THREAT.items():
        survives = predict(network, images) == labels
        for eps in sizes:
            for settings in ATTACKS.values():
                asked = {key: value for key, value in settings.items() if key != "kind"}
                generator = torch.Generator().manual_seed(0)
                size = float(Fraction(eps))
                _, predictions = attack(network, images, labels, size, norm=norm, generator=generator, **asked)
                survives &= predictions == labels
            assert (worst["worst", norm, eps] == survives.numpy()).all()


def test_an_attack_sees_only_what_is_left(network, monkeypatch):
    seen = []

    def watched(*arguments, among=None, **options):
        seen.append(None if among is None else len(among))
        return attack(*arguments, among=among, **options)

    monkeypatch.setattr("finitecover.evaluation.rows.attack", watched)
    rows, *_ = evaluated(network)
    correct = by_name(rows)
    # eps = 0; FGSM on what is right, PGD on what FGSM left and on what it broke; the next size on what both left
    assert seen[1] == correct["clean", "none", "0"].sum()
    assert seen[2] == correct["fgsm", "linf", "0.15"].sum()
    assert seen[3] == seen[1] - seen[2]
    assert seen[4] == correct["worst", "linf", "0.15"].sum()


def test_the_same_seed_gives_the_same_rows(network):
    first, second = evaluated(network)[0], evaluated(network)[0]
    assert all((a[name] == b[name]).all() for a, b in zip(first, second, strict=True) for name in a)


def test_accuracy_is_the_share_of_correct_rows(network):
    rows, *_ = evaluated(network)
    table = accuracies(rows)
    assert table[0] == {
        "attack": "clean",
        "norm": "none",
        "eps": "0",
        "accuracy": rows[0]["correct"].mean(),
        "n_images": 60,
        "median_distance": 0,
    }
    clean, largest = table[0]["accuracy"], table[6]["accuracy"]
    assert clean > 0.9
    assert largest < clean
