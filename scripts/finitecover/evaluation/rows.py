"""Rows per test image and attack: clean predictions, our attacks, library attacks, the worst of them all."""

import logging
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch

from finitecover.data.sampling import draw_examples
from finitecover.evaluation import gates
from finitecover.evaluation.foreign import adversarial_images
from finitecover.evaluation.library_attacks import AUTOATTACK, MINIMAL_NORM, autoattack, minimal_norm
from finitecover.own import attacks as own_attacks
from finitecover.study.extensions import own_objects
from finitecover.training.attacks import attack, predict
from finitecover.training.balls import ball_of

log = logging.getLogger(__name__)

OWN = own_objects(own_attacks)


@dataclass
class Target:
    """A model under attack and the images that it is attacked on: their positions in the test set, their labels."""

    model: torch.nn.Module
    images: torch.Tensor
    labels: torch.Tensor
    clean: torch.Tensor
    examples: torch.Tensor
    seed: int

    def part(self, positions):
        """The same with some of the images."""
        positions = torch.as_tensor(np.asarray(positions))
        return replace(
            self, **{name: getattr(self, name)[positions] for name in ("images", "labels", "clean", "examples")}
        )

    def pgd(self, norm, eps, settings):
        """(adversarial images, predictions) of our own attack; eps as a number."""
        settings = {name: value for name, value in settings.items() if name != "kind"}
        generator = torch.Generator().manual_seed(self.seed)
        return attack(self.model, self.images, self.labels, eps, norm=norm, generator=generator, **settings)

    def own(self, norm, eps, function):
        """(adversarial images, predictions) of an attack of the user's; eps as a number.

        An image that is no adversarial one, for it lies outside the ball or [0, 1] or is no number, breaks nothing: its
        prediction is the clean one. The gate `inside` tells of it.
        """
        asked = (self.model, self.images, self.labels, eps, norm, self.seed)
        found = adversarial_images(function, OWN[function], *asked)
        allowed = gates.excess(self, found, norm, eps) <= gates.BALL_TOLERANCE
        return found, torch.where(allowed, predict(self.model, found), self.clean)

    def distances(self, images, norm):
        """Of images from the target's, (n,), in float64."""
        return ball_of(norm).length(images.double() - self.images.double())


def evaluate(model, images, labels, chosen, *, threat, attacks, library, seed):
    """Classify all images and attack some: (rows, gates).

    images (n, c, h, w) in [0, 1]; labels (n,); chosen: positions of the images to attack; threat: {norm: list of eps
    as fractions}; attacks: {name: {"kind", ...}} with the settings of `attack` for kind pgd, of `autoattack` for kind
    autoattack, of `minimal_norm` for kind minimal-norm, the "function" for kind own; those of kind pgd from weak to
    strong. library: {"examples", "threat"}: on how many of the chosen images, in which norms and sizes, library attacks
    run.

    rows: a list of dicts, one per attack, norm and eps, of columns with an entry per image (example, its position,
    label, attack, norm, eps, prediction, correct, distance); attack "clean", of all images, has norm "none" and eps
    "0"; attack "worst" is the least favourable one for each image, over the images that every attack of that size
    has seen. gates: a list of dicts (gate, passed, value, expected).
    """
    model.eval().requires_grad_(False)
    clean = predict(model, images)
    everything = Target(model, images, labels, clean, torch.arange(len(labels)), seed)
    target = everything.part(chosen)
    judged = target.part(draw_examples(target.labels.cpu(), library["examples"]))
    ours = {name: settings for name, settings in attacks.items() if settings["kind"] == "pgd"}
    strongest, own = list(ours.values())[-1], {n: s for n, s in attacks.items() if s["kind"] == "own"}
    rows = [_row(everything, "clean", "none", "0", clean, torch.zeros(len(labels)))]
    passed = [gates.eps_zero(target, strongest), gates.gradients(target)]
    for norm, sizes in threat.items():
        nearest = _nearest(judged, norm, attacks) if norm in library["threat"] else {}
        for eps in sizes:
            found, checks = _ours(target, norm, eps, ours | own)
            ladder = {name: found[name] for name in ours}
            if eps in library["threat"].get(norm, []):
                ensembles, more = _ensembles(judged, norm, eps, attacks, ladder)
                checks += more
                ladder |= ensembles
                found |= ensembles | {
                    name: _within(judged, name, norm, eps, images) for name, images in nearest.items()
                }
            worst = _worst(list(found.values()))
            rows += [*found.values(), worst]
            passed += [*checks, *gates.ordered(ladder, norm, eps), gates.least(found, worst, norm, eps)]
        passed.append(gates.more_steps(target, strongest, norm, max(sizes, key=Fraction)))
    passed.append(gates.broken_at_one(target, strongest))
    return rows, passed


def accuracies(rows):
    """Accuracy, number of images and median distance of the images shown per attack, norm and eps: list of dicts."""
    return [
        {
            **{key: str(row[key][0]) for key in ("attack", "norm", "eps")},
            "accuracy": float(row["correct"].mean()),
            "n": len(row["correct"]),
            "median_distance": float(np.median(row["distance"])),
        }
        for row in rows
    ]


def _row(target, attack_name, norm, eps, predictions, distance):
    n = len(target.labels)
    return {
        "example": target.examples.cpu().numpy(),
        "label": target.labels.cpu().numpy(),
        "attack": np.full(n, attack_name),
        "norm": np.full(n, norm),
        "eps": np.full(n, eps),
        "prediction": predictions.cpu().numpy(),
        "correct": (predictions == target.labels).cpu().numpy(),
        "distance": distance.cpu().numpy(),
    }


def _ours(target, norm, eps, attacks):
    """Rows of our attacks and of the user's by name, and their gates."""
    found, checks = {}, []
    for name, settings in attacks.items():
        size = float(Fraction(eps))
        if settings["kind"] == "own":
            adversarial, predictions = target.own(norm, size, settings["function"])
        else:
            adversarial, predictions = target.pgd(norm, size, settings)
        found[name] = _row(target, name, norm, eps, predictions, target.distances(adversarial, norm))
        checks.append(gates.inside(target, adversarial, norm, eps, name))
    return found, checks


def _ensembles(target, norm, eps, attacks, white_box):
    """Rows of AutoAttack by name, and their gates; `white_box`: rows of the attacks that ran before."""
    found, checks = {}, []
    for name, settings in attacks.items():
        if settings["kind"] != "autoattack":
            continue
        if norm not in AUTOATTACK:
            log.warning("%s: not run in norm %s, which AutoAttack does not have", name, norm)
            continue
        components, size = settings["components"], float(Fraction(eps))
        adversarial, broken_by = autoattack(
            target.model, target.images, target.labels, size, norm=norm, components=components, seed=target.seed
        )
        predictions, distance = predict(target.model, adversarial), target.distances(adversarial, norm)
        found[name] = _row(target, name, norm, eps, predictions, distance)
        checks.append(gates.inside(target, adversarial, norm, eps, name))
        if "square" in components:
            survived = [_on(row, found[name]["example"])["correct"] for row in white_box.values()]
            alone = (broken_by == "square") & np.logical_and.reduce(survived)
            checks.append(gates.unmasked(alone, name, norm, eps))
    return found, checks


def _nearest(target, norm, attacks):
    """Misclassified images nearest to the target's, by every attack that seeks them in a norm: {name: images}."""
    return {
        name: minimal_norm(
            target.model,
            target.images,
            target.labels,
            norm=norm,
            algorithm=settings["algorithm"],
            steps=settings["steps"],
        )
        for name, settings in attacks.items()
        if settings["kind"] == "minimal-norm" and norm in MINIMAL_NORM[settings["algorithm"]]
    }


def _within(target, name, norm, eps, images):
    """Row of a minimal-norm attack at one size: an image is broken by a misclassified one within eps, in float64.

    The distances are those found, at every size the same; infinite where nothing was found.
    """
    predictions, distance = predict(target.model, images), target.distances(images, norm)
    broken = predictions != target.labels
    distance = torch.where(broken, distance, torch.inf)
    return _row(
        target, name, norm, eps, torch.where(distance <= float(Fraction(eps)), predictions, target.clean), distance
    )


def _worst(rows):
    """Per image the row of the first attack that broke it, of the last attack otherwise."""
    shared = min((row["example"] for row in rows), key=len)
    rows = [_on(row, shared) for row in rows]
    worst = {name: column.copy() for name, column in rows[-1].items()}
    worst["attack"] = np.full(len(shared), "worst")
    for row in reversed(rows):
        broken = ~row["correct"]
        for name in ("prediction", "correct", "distance"):
            worst[name][broken] = row[name][broken]
    return worst


def _on(row, examples):
    """A row's entries of some of its examples."""
    places = np.searchsorted(row["example"], examples)
    return {name: column[places] for name, column in row.items()}
