"""Rows per test image and attack, and the gates that every evaluation passes through.

A gate is a statement that a sound evaluation makes true whatever the model; one that fails is reported, never hidden.
"""

from fractions import Fraction

import numpy as np
import torch

from finitecover.attacks import attack, predict
from finitecover.norms import NORMS

BALL_TOLERANCE = 1e-6  # of an image's distance, in float64: float32 pixels cannot meet a radius exactly
GATE_EXAMPLES = 200  # images on which the gates that need attacks of their own run


def draw_examples(labels, n, seed=0):
    """Positions of `n` images, the classes in the set's own proportions, drawn once for every model; sorted."""
    labels = np.asarray(labels)
    if n >= len(labels):
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    # The rank of an image within its class, as a share of the class: its smallest values are a stratified sample.
    share = np.empty(len(labels))
    for label in np.unique(labels):
        members = order[labels[order] == label]
        share[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return np.sort(np.argsort(share, kind="stable")[:n])


def evaluate(model, images, labels, chosen, *, threat, attacks, seed):
    """Classify all images and attack some: (rows, gates).

    images (n, c, h, w) in [0, 1]; labels (n,); chosen: positions of the images to attack; threat: {norm: list of eps
    as fractions}; attacks: {name: {"steps", "step_size", "restarts", "random_start"}}, the weakest first.

    rows: a list of dicts, one per attack, norm and eps, of columns with an entry per image (example, its position,
    label, attack, norm, eps, prediction, correct, distance); attack "clean", of all images, has norm "none" and eps
    "0", attack "worst" is the least favourable one for each image. gates: a list of dicts (gate, passed, value,
    expected).
    """
    model.eval().requires_grad_(False)
    clean = predict(model, images)
    everything = torch.arange(len(labels))
    rows = [_rows(everything, "clean", "none", "0", labels, clean, torch.zeros(len(labels)))]
    chosen = torch.as_tensor(chosen)
    images, labels, clean = images[chosen], labels[chosen], clean[chosen]
    gates = [_eps_zero(model, images, labels, clean, attacks, seed)]
    for norm, sizes in threat.items():
        for eps in sizes:
            found = {}
            for name, settings in attacks.items():
                generator = torch.Generator().manual_seed(seed)
                adversarial, predictions = attack(
                    model, images, labels, float(Fraction(eps)), norm=norm, generator=generator, **settings
                )
                distance = _distance(adversarial, images, norm)
                found[name] = _rows(chosen, name, norm, eps, labels, predictions, distance)
                gates.append(_inside(adversarial, images, norm, eps, name))
            rows += [*found.values(), _worst(found)]
            gates += _ordered(found, norm, eps)
    gates.append(_broken_at_one(model, images, labels, attacks, seed))
    return rows, gates


def accuracies(rows):
    """Accuracy and number of images per attack, norm and eps: list of dicts."""
    return [
        {
            **{key: str(row[key][0]) for key in ("attack", "norm", "eps")},
            "accuracy": float(row["correct"].mean()),
            "n": len(row["correct"]),
        }
        for row in rows
    ]


def standard_broken(accuracy, norm, eps):
    """Gate for a model trained without adversaries at the largest eps of its data set in a norm: it is broken."""
    return _gate(f"a standard model is broken by {norm} {eps}", accuracy <= 0.1, accuracy, "at most 0.1")


# --- rows ---


def _rows(examples, attack_name, norm, eps, labels, predictions, distance):
    n = len(labels)
    return {
        "example": examples.numpy(),
        "label": labels.cpu().numpy(),
        "attack": np.full(n, attack_name),
        "norm": np.full(n, norm),
        "eps": np.full(n, eps),
        "prediction": predictions.cpu().numpy(),
        "correct": (predictions == labels).cpu().numpy(),
        "distance": distance.cpu().numpy(),
    }


def _worst(found):
    """Per image the row of the first attack that broke it, of the last attack otherwise."""
    rows = list(found.values())
    worst = {name: column.copy() for name, column in rows[-1].items()}
    worst["attack"] = np.full(len(worst["example"]), "worst")
    for row in reversed(rows):
        broken = ~row["correct"]
        for name in ("prediction", "correct", "distance"):
            worst[name][broken] = row[name][broken]
    return worst


def _distance(adversarial, images, norm):
    return NORMS[norm].length(adversarial.double() - images.double())


# --- gates ---


def _gate(name, passed, value, expected):
    return {"gate": name, "passed": bool(passed), "value": float(value), "expected": expected}


def _eps_zero(model, images, labels, clean, attacks, seed):
    """At eps = 0 every attack must leave the clean accuracy as it is."""
    generator = torch.Generator().manual_seed(seed)
    part = slice(0, GATE_EXAMPLES)
    strongest = list(attacks.values())[-1]
    _, predictions = attack(model, images[part], labels[part], 0.0, norm="linf", generator=generator, **strongest)
    differing = (predictions != clean[part]).sum()
    return _gate("eps = 0 is clean", differing == 0, differing, "0 predictions differ")


def _broken_at_one(model, images, labels, attacks, seed):
    """At linf eps = 1 any image can become any other, so only a constant answer, right for one class, can survive."""
    generator = torch.Generator().manual_seed(seed)
    part = slice(0, GATE_EXAMPLES)
    strongest = list(attacks.values())[-1]
    _, predictions = attack(model, images[part], labels[part], 1.0, norm="linf", generator=generator, **strongest)
    accuracy = (predictions == labels[part]).double().mean()
    constant = labels[part].bincount().max() / len(labels[part])
    return _gate("linf eps = 1 breaks the model", accuracy <= constant, accuracy, f"at most {constant:.3f}, one class")


def _inside(adversarial, images, norm, eps, name):
    """Every adversarial image lies in [0, 1] and, measured in float64, in the ball."""
    excess = (_distance(adversarial, images, norm) - float(Fraction(eps))).max()
    outside_box = torch.maximum(-adversarial, adversarial - 1).max().clamp_min(0)
    expected = f"at most {BALL_TOLERANCE:g} outside"
    worst = max(float(excess), float(outside_box))
    return _gate(f"{name} {norm} {eps} stays in the ball and in [0, 1]", worst <= BALL_TOLERANCE, worst, expected)


def _ordered(found, norm, eps):
    """A later attack of the list is a stronger one: it never leaves more than two standard errors more accuracy."""
    gates = []
    for (weak, first), (strong, second) in zip(list(found.items())[:-1], list(found.items())[1:], strict=True):
        rise = second["correct"].mean() - first["correct"].mean()
        noise = 2 * np.sqrt(max(first["correct"].mean() * (1 - first["correct"].mean()), 1 / len(first)) / len(first))
        gates.append(_gate(f"{weak} >= {strong} at {norm} {eps}", rise <= noise, rise, f"rise of at most {noise:.3f}"))
    return gates
