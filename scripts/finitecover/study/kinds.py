"""What a study may name: each kind of method, training, attack, source of data and relaxed cover, one entry each.

An entry says which keys the config must and may give, what the kind needs, and what it implies for the jobs. What is
here is looked up, never inferred: checks, expansion, settings and paths all read these tables. config/schema.yaml lists
the same names for editors; a test keeps both equal.
"""

from dataclasses import dataclass
from types import MappingProxyType

from finitecover.study.extensions import own_names


@dataclass(frozen=True)
class Family:
    """A family of methods.

    keys: needed; optional: allowed beside them. seeded: whether the seed decides the set. rule: that makes it; None
    where there is none. budget: whether methods take images per class (the name of a key: where it says "budget").
    """

    keys: tuple = ()
    optional: tuple = ()
    seeded: bool = False
    rule: str | None = None
    budget: bool | str = False


@dataclass(frozen=True)
class Training:
    """A kind of training.

    keys: needed. objective: of `training.objectives`. enlarged: against eps + r_c instead of eps. weights: where the
    weights w_c of a cover go: None, "loss" or "sampling". certified: whether certificates can be had for its models.
    """

    keys: tuple
    objective: str
    enlarged: bool = False
    weights: str | None = None
    certified: bool = False

    @property
    def adversarial(self):
        """Whether it perturbs images within a norm."""
        return "norm" in self.keys

    @property
    def bounded(self):
        """Whether it needs a network with interval bounds."""
        return self.objective == "intervals"

    @property
    def needs_cover(self):
        """Whether it needs what label-wise covers alone have, a radius and a weight per centre."""
        return self.enlarged or self.weights is not None


@dataclass(frozen=True)
class Attack:
    """A kind of attack. keys: needed; optional: allowed beside them."""

    keys: tuple
    optional: tuple = ()


@dataclass(frozen=True)
class Format:
    """A format of imported sets. keys: needed; optional: allowed beside them."""

    keys: tuple = ()
    optional: tuple = ()


@dataclass(frozen=True)
class Source:
    """A source of data. keys: needed; optional: allowed beside them."""

    keys: tuple = ()
    optional: tuple = ()


@dataclass(frozen=True)
class Relaxation:
    """What a cover that is given a budget may be chosen for beside its radius. excludes: (key, value) of another
    relaxation that leaves nothing for this one to do."""

    excludes: tuple | None = None


PRINCIPAL_COMPONENTS = "pca"  # the space that is no network's
FREE = ("centres", "power")  # what a cover has whose centres need not be images
INFINITE = "inf"  # the power that asks for the smallest radius
FULL = "full"  # the method of all images, whose models may teach
STANDARD = "standard"  # the training whose networks have the features that covers are chosen in
LABELS = ("hard", "teacher")  # of trainings, the first where none is named
TEACHER = LABELS[1]
# What makes a training strong, and what it is where a training does not say it.
STRENGTH = MappingProxyType({"augmentation": False, "updates": 1, "labels": LABELS[0]})
OF_TEACHER = ("teacher", "teacher_model", "temperature", "hard_share")  # what a training may say of its teacher
STARTS = ("real", "noise")  # of condensations, beside the names of methods

RELAXATIONS = MappingProxyType(
    {
        "uncovered": Relaxation(excludes=("density", 1)),  # then no centre is chosen by covering
        "slack": Relaxation(),
        "density": Relaxation(),
        "space": Relaxation(),
    }
)

FAMILIES = MappingProxyType(
    {
        "full": Family(),
        "cover": Family(
            keys=("given", "norm", "label_wise", "time_limit"),
            optional=(*RELAXATIONS, *FREE),
            rule="solve_cover",
            budget="given",
        ),
        "coreset": Family(keys=("algorithm",), seeded=True, rule="select_coreset", budget=True),
        "condensation": Family(
            keys=("algorithm", "model", "iterations", "start", "learning_rate", "momentum"),
            optional=("by_budget", "cover"),
            seeded=True,
            rule="condense_dataset",
            budget=True,
        ),
        "imported": Family(keys=("format", "path"), optional=("cover", "ipc")),
    }
)

# Files that sets are imported from: what each needs and may have beside the keys of the family.
FORMATS = MappingProxyType(
    {
        "dc": Format(keys=("experiment",), optional=("normalisation",)),
        "mtt": Format(keys=("experiment",), optional=("normalisation",)),
        "npz": Format(),
        "indices": Format(keys=("training_set", "experiment")),
    }
)

_GRADIENT_MATCHING = ("batch_real", "batch_train", "learning_rate_network", "outer_loops", "inner_loops")
_TRAJECTORY_MATCHING = ("batch_train", "learning_rate_network", "learning_rate_step", "synthetic_steps")
_TRAJECTORY_MATCHING += ("expert_epochs", "latest_start")

# What the project has of its own, and what the user's modules of `finitecover.own` add.
BUILT_IN = MappingProxyType(
    {
        "selections": ("random", "kcenter", "herding", "kmeans", "maxherding", "probcover", "easycore"),
        "condensations": ("dc", "dsa", "dm", "dm-adversarial", "mtt"),
        "models": ("convnet", "mlp", "resnet"),
    }
)
OWN_CONDENSATIONS = own_names("condensations", classes=True)
OWN_SELECTIONS, OWN_MODELS, OWN_ATTACKS = own_names("selections"), own_names("models"), own_names("attacks")
# Settings of a condensation that are the same at every budget: `by_budget` has none of them.
WHATEVER_THE_BUDGET = ("family", "algorithm", "model", "teacher", "by_budget", "cover")


@dataclass(frozen=True)
class Algorithm:
    """An algorithm of a family of methods. keys: needed; optional: allowed beside them; experts: whether it follows
    trajectories of experts."""

    keys: tuple = ()
    optional: tuple = ()
    experts: bool = False


ALGORITHMS = MappingProxyType(
    {
        "coreset": {
            **dict.fromkeys((*BUILT_IN["selections"], *OWN_SELECTIONS), Algorithm()),
            "easycore": Algorithm(("model",), experts=True),
        },
        "condensation": {
            "dc": Algorithm(_GRADIENT_MATCHING),
            "dsa": Algorithm(_GRADIENT_MATCHING),
            "dm": Algorithm(("batch_real",)),
            "dm-adversarial": Algorithm(("batch_real", "teacher")),
            "mtt": Algorithm(_TRAJECTORY_MATCHING, experts=True),
            # one's own takes what it wants of what the others do
            **dict.fromkeys(OWN_CONDENSATIONS, Algorithm(optional=(*_GRADIENT_MATCHING, *_TRAJECTORY_MATCHING))),
        },
    }
)

_PGD = ("norm", "steps", "step_size", "warmup")
_INTERVALS = ("norm", "warmup", "kappa")
TRAININGS = MappingProxyType(
    {
        "standard": Training((), "clean"),
        "gaussian": Training(("sigma",), "clean", certified=True),
        "pgd": Training(_PGD, "pgd"),
        "trades": Training((*_PGD, "beta"), "trades"),
        "ibp": Training(_INTERVALS, "intervals", certified=True),
        "generalised": Training(_PGD, "pgd", enlarged=True, weights="loss"),
        "weighted": Training(_PGD, "pgd", weights="loss"),
        "sampled": Training(_PGD, "pgd", weights="sampling"),
        "generalised-ibp": Training(_INTERVALS, "intervals", enlarged=True, weights="loss", certified=True),
    }
)

# From weak to strong, but for own attacks, of which nothing is known.
ATTACKS = MappingProxyType(
    {
        "pgd": Attack(("steps", "step_size", "restarts", "random_start")),
        "autoattack": Attack(("components",), optional=("targets", "queries")),
        "minimal-norm": Attack(("algorithm", "steps")),
        "own": Attack(("function",)),
    }
)

SOURCES = MappingProxyType(
    {
        "digits": Source(),
        "torchvision": Source(("name",)),
        "npz": Source(("path",)),
        "folder": Source(("path",), optional=("size", "test_share")),
    }
)

ARCHITECTURES = (*BUILT_IN["models"], *OWN_MODELS)


def all_keys(table):
    """Every key that an entry of a table names, sorted."""
    return sorted({key for entry in table.values() for key in (*entry.keys, *getattr(entry, "optional", ()))})
