"""Rows per test image and attack: clean predictions, our attacks, library attacks, the worst of them all.

What is broken stays broken: the sizes of a norm are taken from the smallest to the largest, the attacks from weak to
strong, and each attack gets what the ones before it have left, at this size and at smaller ones. Its row counts what
they broke as broken. Attacks of the user's own and those that seek the nearest misclassified image see every image, and
their rows are theirs alone.
"""

import logging
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch

from finitecover.data.sampling import draw_examples
from finitecover.evaluation import gates
from finitecover.evaluation.foreign import adversarial_images
from finitecover.evaluation.library_attacks import AUTOATTACK, MINIMAL_NORM, autoattack, minimal_norm
from finitecover.evaluation.pictures import pictured, pictures
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

    def pgd(self, norm, eps, settings, among=None):
        """(adversarial images, predictions) of our own attack on some of the images, by position; eps as a number."""
        settings = {name: value for name, value in settings.items() if name != "kind"}
        generator = torch.Generator().manual_seed(self.seed)
        asked = {"norm": norm, "generator": generator, "among": among}
        return attack(self.model, self.images, self.labels, eps, **asked, **settings)

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
    """Classify all images and attack some: (rows, gates, shown).

    images (n, c, h, w) in [0, 1]; labels (n,); chosen: positions of the images to attack; threat: {norm: list of eps
    as fractions}; attacks: {name: {"kind", ...}} with the settings of `attack` for kind pgd, of `autoattack` for kind
    autoattack, of `minimal_norm` for kind minimal-norm, the "function" for kind own; those of kind pgd from weak to
    strong. library: {"examples", "threat"}: on how many of the chosen images, in which norms and sizes, library attacks
    run.

    rows: a list of dicts, one per attack, norm and eps, of columns with an entry per image (example, its position,
    label, attack, norm, eps, prediction, correct, distance); attack "clean", of all images, has norm "none" and eps
    "0"; attack "worst" is what all attacks together have broken up to a size, over the images that all of them have
    seen. gates: a list of dicts (gate, passed, value, expected). shown: records of `pictures`, a few images in every
    norm and size of the library attacks.
    """
    model.eval().requires_grad_(False)
    clean = predict(model, images)
    everything = Target(model, images, labels, clean, torch.arange(len(labels)), seed)
    target = everything.part(chosen)
    strongest = [settings for settings in attacks.values() if settings["kind"] == "pgd"][-1]
    rows = [_row(everything, "clean", "none", "0", clean, torch.zeros(len(labels)))]
    passed, shown = [gates.eps_zero(target, strongest), gates.gradients(target)], []
    for norm, sizes in threat.items():
        evaluation = _OfNorm(target, norm, attacks, library)
        *others, largest = sorted(sizes, key=Fraction)
        for eps in others:
            evaluation.attack_at(eps)
        evaluation.attack_at(largest, longer=True)
        rows += evaluation.rows
        passed += evaluation.gates
        shown += evaluation.pictures
    passed.append(gates.broken_at_one(target, strongest))
    return rows, passed, shown


def accuracies(rows):
    """Accuracy, number of images and median distance of the images shown per attack, norm and eps: list of dicts."""
    return [
        {
            **{key: str(row[key][0]) for key in ("attack", "norm", "eps")},
            "accuracy": float(row["correct"].mean()),
            "n_images": len(row["correct"]),
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


class _OfNorm:
    """The evaluation in one norm: what each image has become and how that is classified, size after size."""

    def __init__(self, target, norm, attacks, library):
        self.target, self.norm = target, norm
        self.kinds = {}  # {kind: {name: settings}}
        for name, settings in attacks.items():
            self.kinds.setdefault(settings["kind"], {})[name] = settings
        self.everything = torch.arange(len(target.labels), device=target.labels.device)
        drawn = draw_examples(target.labels.cpu(), library["examples"])
        self.judged = torch.as_tensor(drawn, device=target.labels.device)  # what library attacks see, at these sizes:
        self.sizes = library["threat"].get(norm, [])
        self.seen = self.everything  # by every attack up to the present size
        self.shown, self.predictions = target.images.clone(), target.clean.clone()
        self.nearest = self._nearest() if self.sizes else {}
        self.pictured = torch.as_tensor(pictured(target.labels.cpu().numpy(), drawn), device=target.labels.device)
        self.rows, self.gates, self.pictures = [], [], []

    def attack_at(self, eps, longer=False):
        """Run every attack at a size, larger than the ones before; longer: the gate that asks for more steps, too."""
        size, weaker = float(Fraction(eps)), None
        for name, settings in self.kinds["pgd"].items():
            broken = self._pgd(name, settings, eps, size)
            if weaker is not None:
                asked = (*weaker, name, settings, self.norm, eps)
                self.gates.append(gates.ordered(self.target, *asked))
            weaker = name, broken
        if longer:
            *_, strongest = self.kinds["pgd"].values()
            self.gates.append(gates.more_steps(self.target, self._left(), strongest, self.norm, eps))
        for name, settings in self.kinds.get("own", {}).items():
            found, predictions = self.target.own(self.norm, size, settings["function"])
            self._alone(name, eps, self.everything, found, predictions)
            self.gates.append(gates.inside(self.target, found, self.norm, eps, name))
        if eps in self.sizes:
            self.seen = self._library(eps, size)
            part, found = self.target.part(self.pictured.cpu()), self.shown[self.pictured]
            self.pictures.append(pictures(part, self.norm, eps, found, self.predictions[self.pictured]))
        self._add("worst", eps, self.seen)

    def _left(self, among=None):
        """Positions of the images that nothing has broken."""
        among = self.everything if among is None else among
        return among[self.predictions[among] == self.target.labels[among]]

    def _take(self, places, images, predictions):
        self.shown[places], self.predictions[places] = images[places], predictions[places]

    def _add(self, name, eps, places):
        part = self.target.part(places.cpu())
        distance = part.distances(self.shown[places], self.norm)
        self.rows.append(_row(part, name, self.norm, eps, self.predictions[places], distance))

    def _pgd(self, name, settings, eps, size):
        """One of our attacks, on what is left; the positions of what it broke."""
        left = self._left()
        found, predictions = self.target.pgd(self.norm, size, settings, left)
        self._take(left, found, predictions)
        self._add(name, eps, self.everything)
        attacked = self.target.part(left.cpu())
        self.gates.append(gates.inside(attacked, found[left], self.norm, eps, name))
        return left[predictions[left] != self.target.labels[left]]

    def _alone(self, name, eps, places, found, predictions, distance=None):
        """Row of an attack that has seen all of some images, and what it breaks of what was left."""
        part = self.target.part(places.cpu())
        distance = part.distances(found[places], self.norm) if distance is None else distance[places]
        self.rows.append(_row(part, name, self.norm, eps, predictions[places], distance))
        left = self._left(places)
        self._take(left[predictions[left] != self.target.labels[left]], found, predictions)

    def _library(self, eps, size):
        """Library attacks at one size; the positions of the images that every attack has seen."""
        ran = [self._ensemble(name, settings, eps, size) for name, settings in self.kinds.get("autoattack", {}).items()]
        for name, (found, predictions, distance) in self.nearest.items():
            near = torch.where(distance <= size, predictions, self.target.clean)
            self._alone(name, eps, self.judged, found, near, distance)
        return self.judged if any(ran) or self.nearest else self.everything

    def _ensemble(self, name, settings, eps, size):
        """AutoAttack on what is left; whether it has the norm."""
        if self.norm not in AUTOATTACK:
            log.warning("%s: not run in norm %s, which AutoAttack does not have", name, self.norm)
            return False
        left, options = self._left(self.judged), {key: settings[key] for key in settings if key != "kind"}
        images, labels = self.target.images[left], self.target.labels[left]
        found, broken_by = autoattack(
            self.target.model, images, labels, size, norm=self.norm, seed=self.target.seed, **options
        )
        broken = torch.as_tensor(broken_by != "", device=left.device)
        if broken.any():
            self.shown[left[broken]] = found[broken]
            self.predictions[left[broken]] = predict(self.target.model, found[broken])
        self._add(name, eps, self.judged)
        shared = (len(self.judged), name, self.norm, eps)
        self.gates.append(gates.inside(self.target.part(left.cpu()), found, self.norm, eps, name))
        self.gates.append(gates.beyond_pgd((broken_by != "").sum(), *shared))
        if "square" in settings["components"]:
            self.gates.append(gates.unmasked((broken_by == "square").sum(), *shared))
        return True

    def _nearest(self):
        """{name: (images, predictions, distances)} of every attack that seeks the nearest misclassified image.

        Distances are infinite where nothing was found, and for what it has not seen.
        """
        found = {}
        for name, settings in self.kinds.get("minimal-norm", {}).items():
            if self.norm not in MINIMAL_NORM[settings["algorithm"]]:
                continue
            images, labels = self.target.images.clone(), self.target.labels
            asked = {"norm": self.norm, "algorithm": settings["algorithm"], "steps": settings["steps"]}
            images[self.judged] = minimal_norm(self.target.model, images[self.judged], labels[self.judged], **asked)
            predictions = predict(self.target.model, images)
            distance = torch.where(predictions != labels, self.target.distances(images, self.norm), torch.inf)
            found[name] = images, predictions, distance
        return found
