"""Every figure of a study: what it shows, the tables that it is drawn from, and whether a study has anything for it.

`reporting.figures` draws them. A figure that is drawn from tables of the whole study needs an entry here and a function
there; one that is drawn from files of jobs has a rule of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from finitecover.study import paths, runs
from finitecover.study.kinds import FULL
from finitecover.study.settings import (
    every_training_eps,
    strongest_pgd,
    titled,
    titles,
    traces_frontier,
    training_eps,
    training_kinds,
)


@dataclass(frozen=True)
class Figure:
    """title: what it shows; wanted: whether a study has something to show in it; tables: of the whole study that it is
    drawn from, none where a rule of its own draws it; caption: what a reader must know beside the title; per_dataset:
    whether each data set has one; alt: what it looks like, for those who do not see it."""

    title: str
    wanted: Callable
    tables: tuple = ()
    caption: str = ""
    per_dataset: bool = False
    alt: str = ""


# What makes the tables of the report searchable and sortable, and its licence, beside the template.
TABLE_LIBRARY = ("datatables/dataTables.min.js", "datatables/License.txt")
SHOWN = 10  # images of a class in the figure of images
LEAST_BUDGETS = 3  # for a line against the budget: two points say no more than the figure of all methods


def _always(config):
    return True


def _norms(config):
    return config["evaluation"]["norms"]


def _adversarial_kinds(config):
    return [kind for kind, norm in training_kinds(config).values() if norm in _norms(config)]


def _has_budgets(config):
    most = max(len(runs.budgets(config, dataset)) for dataset in config["run"]["datasets"])
    return most >= LEAST_BUDGETS and len(_adversarial_kinds(config)) > 0


def _has_sizes(config):
    return "pgd" in _adversarial_kinds(config) or ["standard", None] in training_kinds(config).values()


def _has_costs(config):
    return "pgd" in _adversarial_kinds(config)


def _has_images(config):
    return any(shown_sets(config, dataset) for dataset in config["run"]["datasets"])


def _has_architectures(config):
    return len(config["run"]["models"]) > 1 and len(_adversarial_kinds(config)) > 0


def has_frontier(config):
    """Whether the study traces size against radius; what its searches learn on their way is too little to be shown."""
    return bool(frontier_datasets(config))


def frontier_runs(config):
    """The covers whose search learned something of size against radius: dicts of `runs.all_covers`."""
    methods, norm = config["methods"], config["frontier"]["norm"]
    return [
        run
        for run in runs.all_covers(config)
        if _learns_frontier(methods[run["method"]]) and methods[run["method"]]["norm"] == norm
    ]


def _learns_frontier(method):
    return runs.is_cover(method) and not runs.is_free(method)


def frontier_datasets(config):
    """The data sets whose frontier is traced beyond that: dicts of dataset."""
    covered = [run for run in runs.datasets(config) if runs.of_family(config, run["dataset"], "cover")]
    return [run for run in covered if traces_frontier(config, run["dataset"])]


def shown_sets(config, dataset):
    """The training sets of a data set that are shown as images: every method but the full set at the budget that is
    shown; dicts of `runs.training_sets`."""
    budget, methods = shown_budget(config, dataset), config["methods"]
    sets = [made for made in runs.training_sets(config, dataset) if made["ipc"] in (None, budget)]
    return [made for made in sets if methods[made["method"]]["family"] != "full"]


def shown_budget(config, dataset):
    """The budget at which a data set's images are shown: the nearest to ten per class."""
    return min(runs.budgets(config, dataset), key=lambda ipc: abs(ipc - SHOWN))


def pictured_training(config):
    """The training whose models adversarial images are shown of: the first of kind pgd, or another with an adversary
    that is evaluated, or the first."""
    evaluated = {name: kind for name, (kind, norm) in training_kinds(config).items() if norm in _norms(config)}
    of_pgd = [name for name, kind in evaluated.items() if kind == "pgd"]
    return [*of_pgd, *evaluated, *config["run"]["trainings"]][0]


def pictured_threat(config, dataset):
    """(norm, eps) of the adversarial images that are shown: that training's norm, else the first evaluated one."""
    sizes, norm = training_eps(config, dataset), config["trainings"][pictured_training(config)].get("norm")
    norm = norm if norm in sizes else next(iter(sizes))
    return norm, sizes[norm]


def pictured_runs(config, dataset):
    """The models whose adversarial images are shown, dicts of `runs.runs`: all images after standard training, where
    the study has that, and after `pictured_training` the first method of each family, with the first network and seed.
    """
    run, order = config["run"], looks(config)["order"]
    shown = {"dataset": dataset, "model": run["models"][0], "seed": run["seeds"][0]}
    found = [made for made in runs.runs(config) if shown.items() <= made.items()]
    found = [made for made in found if made["ipc"] in (None, shown_budget(config, dataset))]
    ranks = {name: order.index(name) if name in order else len(order) for name in config["methods"]}
    trained = [made for made in found if made["training"] == pictured_training(config)]
    families = {}
    for made in sorted(trained, key=lambda made: ranks[made["method"]]):
        families.setdefault(_family(config["methods"][made["method"]]), made)
    kinds = training_kinds(config)
    plain = [made for made in found if made["method"] == FULL and kinds[made["training"]][0] == "standard"]
    return [*(made for made in plain[:1] if made not in families.values()), *families.values()]


def condensations(config):
    """The condensations of the study, once each: dicts of `runs.made_sets`."""
    return runs.made_sets(config, "condensation")


_FAILED = "†: a sanity check failed for a model."
_WORST = f"Worst case over all attacks at the size of training, mean over seeds with 95 % intervals. {_FAILED}"
FIGURES = {
    "methods": Figure(
        "Robust accuracy of every method",
        _always,
        ("summary", "gates", "runs"),
        f"{_WORST} Filled after adversarial training, open after standard training; small ticks are seeds.",
    ),
    "claims": Figure(
        "Comparisons behind the claims",
        _always,
        ("claims", "gates"),
        "Differences in percentage points with corrected 95 % intervals, by claim; beside panels, images per class. "
        f"A comparison holds above 0 and fails below. {_FAILED}",
    ),
    "budgets": Figure("Robust accuracy against images per class", _has_budgets, ("summary", "gates"), _WORST),
    "sizes": Figure(
        "Accuracy against the size of perturbations",
        _has_sizes,
        ("summary", "gates"),
        "Under the strongest attack of kind pgd, beside all and random images, a panel per family; dotted after "
        f"standard training. {_FAILED}",
    ),
    "costs": Figure(
        "Robust accuracy against the cost of the training set",
        _has_costs,
        ("summary", "gates", "costs"),
        f"{_WORST} Not counted: experts, scores of images, a teacher, the set that a condensation starts from.",
    ),
    "architectures": Figure("Robust accuracy (%) across networks", _has_architectures, ("summary", "gates"), _WORST),
    "frontier": Figure(
        "Size against radius of covers",
        has_frontier,
        caption="Centres needed against the radius: the middle class, and the range over classes; points where solved.",
    ),
    "images": Figure(
        "Chosen and synthetic images",
        _has_images,
        caption="The first images of each class, at most ten, of the sets of the first seed.",
        per_dataset=True,
    ),
    "adversarial": Figure(
        "Adversarial images",
        lambda config: bool(pictured_runs(config, config["run"]["datasets"][0])),
        caption="What the study's attacks made of a few test images, at the size of training, for models of the first "
        "seed: of the first image of each class, those that most models classify correctly. Where no attack succeeded, "
        "the image is that of the last attack; what a model misclassifies anyway is not attacked.",
        per_dataset=True,
        alt="A column per test image, a row per model: the perturbation, scaled around grey, beside the adversarial "
        "image; below them the predictions before and after the attacks, wrong ones with a cross and a thick frame.",
    ),
    "condensation": Figure(
        "Loss and images during condensation",
        lambda config: bool(condensations(config)),
        caption="A line per seed, relative to its first loss; below, an image of each class.",
        per_dataset=True,
    ),
    "transfer": Figure(
        "Accuracy under other models' adversarial images, minus accuracy under its own",
        lambda config: bool(runs.transfer_runs(config)),
        ("transfer", "gates"),
        "In percentage points; models of the same training, architecture and seed. Below zero another model's images "
        f"do more harm than its own attack. {_FAILED}",
    ),
    "certificates": Figure(
        "Training images certified from the centres of a cover, and directly",
        lambda config: bool(runs.certified_runs(config)),
        ("certificates", "gates"),
        f"Shares of the training images certified at each eps, means over seeds. {_FAILED}",
    ),
    "bounds": Figure(
        "Generalised adversarial loss on a cover beside the adversarial loss on all images, at the end of training",
        lambda config: bool(runs.bounded_runs(config)),
        ("bounds", "gates"),
        f"Means over seeds. {_FAILED}",
    ),
}


def tables_of(config, figure):
    """The tables that a figure is drawn from, paths."""
    return [paths.CLAIMS if name == "claims" else paths.table(name) for name in table_names(config, figure)]


def table_names(config, figure):
    """Their names."""
    return list(FIGURES[figure].tables)


def caption_of(config, figure):
    """Title and caption of a figure, as one text."""
    return f"{FIGURES[figure].title}. {FIGURES[figure].caption}".strip()


def drawn_with(config):
    """What figures of the whole study must know beside its tables; see `reporting.figures.registry`."""
    return {
        "titles": titles(config),
        "training_eps": every_training_eps(titled(config)),
        "kinds": training_kinds(config),
        "attack": strongest_pgd(config)[0],
        **looks(config),
    }


def looks(config):
    """What methods look like in every figure: {"order": methods, "families": {method: what its family is called}}."""
    return {
        "order": config["figures"]["methods"],
        "families": {name: _family(method) for name, method in config["methods"].items()},
    }


def _family(method):
    if method["family"] == "coreset":
        return "random images" if method["algorithm"] == "random" else "coresets"
    if method["family"] == "cover":
        return "free covers" if runs.is_free(method) else "covers"
    return {"full": "all images", "condensation": "condensed sets", "imported": "imported sets"}[method["family"]]


def of_study(config):
    """The figures of a study, in the order in which they are shown: dicts of name (of the files), path (of the PNG),
    pdf (its path), title, caption, alt, worst: whether it shows worst cases over all attacks, and plot: whether it is
    one without images of the data set, whose colours a dark page may turn around."""
    found, called = [], titles(config)
    for kind, figure in FIGURES.items():
        if not figure.wanted(config):
            continue
        for dataset in config["run"]["datasets"] if figure.per_dataset else [None]:
            name = kind if dataset is None else f"{kind}_{dataset}"
            title = figure.title if dataset is None else f"{figure.title}: {called[dataset]}"
            files = {"path": paths.FIGURE_PNG.format(figure=name), "pdf": paths.FIGURE_PDF.format(figure=name)}
            told = {"title": title, "caption": figure.caption, "worst": figure.caption.startswith(_WORST)}
            told["plot"] = not figure.per_dataset  # those of one data set show its images
            told["alt"] = f"{title}. {figure.alt}".strip() if figure.alt else title
            found.append({"name": name} | told | files)
    return found
