"""What a study expands to: its training sets, its models, and the jobs about them, as dicts of columns.

A run is a dict that says which model is meant: dataset, training_set (a name), method, ipc (images per class, or None
where no budget makes the set), training, model, seed. Rules hand these dicts to scripts, so that none reads a path to
learn what a file is about.
"""

import re
from collections import Counter

from finitecover.study.kinds import (
    ALGORITHMS,
    FAMILIES,
    FULL,
    LABELS,
    PRINCIPAL_COMPONENTS,
    STANDARD,
    STARTS,
    TEACHER,
    TRAININGS,
)

BUDGET = re.compile(r"(?P<method>.+)-ipc(?P<ipc>[1-9][0-9]*)")
GROUP = ("dataset", "training", "model", "seed")  # models that share all but their training set


def training_set_name(method, ipc=None):
    """Name of a training set: the method's, with the images per class where a budget makes it."""
    return method if ipc is None else f"{method}-ipc{ipc}"


def split_name(training_set):
    """(method, images per class or None) of a training set's name; Snakemake's wildcards have nothing else."""
    match = BUDGET.fullmatch(training_set)
    return (match["method"], int(match["ipc"])) if match else (training_set, None)


def takes_budget(method):
    """Whether a method, its settings, is given images per class (and not all images, or a radius)."""
    budget = FAMILIES[method["family"]].budget
    return method.get(budget) == "budget" if isinstance(budget, str) else budget


def algorithm(method):
    """The entry of a method's algorithm in `kinds`; None where its family has none."""
    return ALGORITHMS.get(method["family"], {}).get(method.get("algorithm"))


def is_cover(method):
    """Whether a method is a cover whose radii and weights speak for points of a centre's own label."""
    return bool(method.get("label_wise")) or "cover" in method


def is_free(method):
    """Whether a method is a cover whose centres need not be training images."""
    return method.get("centres") == "free" or "cover" in method


def start_of(config, training_set):
    """The training set that a condensation starts from: {training_set, method, ipc}, or None where it is none."""
    name, ipc = split_name(training_set)
    method = config["methods"][name]
    start = at_budget(method, ipc).get("start", STARTS[0])
    return None if start in STARTS else {"training_set": training_set_name(start, ipc), "method": start, "ipc": ipc}


def at_budget(settings, ipc):
    """A method's settings at so many images per class (None: it takes no budget).

    Of `by_budget`, the settings at the largest number that does not exceed the budget stand in for the method's own.
    """
    own = {key: value for key, value in settings.items() if key != "by_budget"}
    reached = [number for number in settings.get("by_budget", ()) if int(number) <= (ipc or 0)]
    return own | settings["by_budget"][max(reached, key=int)] if reached else own


def budgets(config, dataset):
    """Images per class of a data set's training sets: its own, or the study's."""
    return config["datasets"][dataset].get("budgets", config["run"]["budgets"])


def training_sets(config, dataset):
    """The training sets of a data set, in the order of the study's lists: dicts of training_set, method, ipc."""
    found = []
    for method in config["run"]["methods"]:
        asked = budgets(config, dataset) if takes_budget(config["methods"][method]) else [None]
        found += [{"training_set": training_set_name(method, ipc), "method": method, "ipc": ipc} for ipc in asked]
    return found


def of_family(config, dataset, *families):
    """Those of `training_sets` that methods of these families make."""
    sets = training_sets(config, dataset)
    return [made for made in sets if config["methods"][made["method"]]["family"] in families]


def covers(config, dataset):
    """Those of `training_sets` that are covers of every class by itself."""
    return [made for made in training_sets(config, dataset) if is_cover(config["methods"][made["method"]])]


def runs(config):
    """Every trained model of a study: dicts of dataset, training_set, method, ipc, training, model, seed.

    Kinds of training that need a radius and a weight per centre are run on label-wise covers alone; those of interval
    bounds on networks that admit them; those with a teacher's labels on all sets but that of all images; a training
    that names methods on their sets alone.
    """
    run = config["run"]
    return [
        {"dataset": dataset, **made, "training": training, "model": model, "seed": seed}
        for dataset in run["datasets"]
        for made in training_sets(config, dataset)
        for training in run["trainings"]
        for model in run["models"]
        for seed in run["seeds"]
        if made["method"] in config["trainings"][training].get("methods", config["methods"])
        and _suits(kind_of(config, training), config["methods"][made["method"]], config["models"][model])
        and not (made["method"] == FULL and takes_teacher(config, training))
    ]


def kind_of(config, training):
    """The entry of a training's kind in `kinds.TRAININGS`."""
    return TRAININGS[config["trainings"][training]["kind"]]


def takes_teacher(config, training):
    """Whether a training's labels are those of a teacher."""
    return config["trainings"][training].get("labels", LABELS[0]) == TEACHER


def teacher_of(config, run):
    """The run whose model gives a run's labels: trained on all images of the data set, with the same seed, as the
    training's `teacher` says; the network is the run's own or `teacher_model`."""
    settings = config["trainings"][run["training"]]
    return _run_of_all(run, settings["teacher"], settings.get("teacher_model", run["model"]))


def teacher_of_set(config, made):
    """The run whose model a condensation works with: trained on all images of the data set, with the same seed, as the
    method's `teacher` says; None where it names none. made: {dataset, method, seed}."""
    method = config["methods"][made["method"]]
    return _run_of_all(made, method["teacher"], method["model"]) if "teacher" in method else None


def _run_of_all(run, training, model):
    """The run on all images of another run's data set and seed."""
    shared = {"dataset": run["dataset"], "training_set": FULL, "method": FULL, "ipc": None}
    return shared | {"training": training, "model": model, "seed": run["seed"]}


def labelled_runs(config):
    """Every run whose labels are a teacher's."""
    return [run for run in runs(config) if takes_teacher(config, run["training"])]


def _suits(kind, method, model):
    return (is_cover(method) or not kind.needs_cover) and (admits_intervals(model) or not kind.bounded)


def admits_intervals(model):
    """Whether a network consists of layers that interval bounds go through."""
    return model["architecture"] == "mlp" or model.get("norm") == "none"


def made_sets(config, *families):
    """The training sets that methods of these families make and that models are trained on, or that condensations start
    from, once each: dicts of dataset, training_set, method, ipc, and seed where it decides the set."""
    found = []
    for run in runs(config):
        start = start_of(config, run["training_set"])
        for made in [run, *([run | start] if start else [])]:
            family = config["methods"][made["method"]]["family"]
            if family in families:
                keys = ("dataset", "training_set", "method", "ipc", *(["seed"] if FAMILIES[family].seeded else []))
                found.append({key: made[key] for key in keys})
    return list({tuple(made.items()): made for made in found}.values())


def all_covers(config):
    """Every cover of the study, trained on, started from or neither: dicts of dataset, training_set, method, ipc."""
    found = []
    for dataset in config["run"]["datasets"]:
        started = [start_of(config, made["training_set"]) for made in of_family(config, dataset, "condensation")]
        started = [start for start in started if start and config["methods"][start["method"]]["family"] == "cover"]
        sets = {made["training_set"]: made for made in of_family(config, dataset, "cover") + started}
        found += [{"dataset": dataset, **made} for made in sets.values()]
    return found


def condensed_covers(config):
    """Every condensed set of the study's own that is taken as a cover: dicts of `made_sets`."""
    return _taken_as_covers(config, "condensation")


def imported_covers(config):
    """Every imported set that is taken as a cover: dicts of `made_sets`."""
    return _taken_as_covers(config, "imported")


def _taken_as_covers(config, family):
    return [made for made in made_sets(config, family) if "cover" in config["methods"][made["method"]]]


def datasets(config):
    """Every data set of the study: dicts of dataset."""
    return [{"dataset": name} for name in config["run"]["datasets"]]


def experts(config):
    """Every expert that the study's condensations follow or its images are scored by: dicts of dataset, model,
    expert."""
    return [
        network | {"expert": expert}
        for network in _networks_of_experts(config, "condensation", "coreset")
        for expert in range(config["experts"]["count"])
    ]


def scores(config):
    """Every network by whose experts the study's images are scored: dicts of dataset, model."""
    return _networks_of_experts(config, "coreset")


def _networks_of_experts(config, *families):
    """Networks of the experts that methods of these families need: dicts of dataset, model."""
    methods = [config["methods"][run["method"]] for run in made_sets(config, *families)]
    networks = dict.fromkeys(method["model"] for method in methods if algorithm(method).experts)
    return [{"dataset": dataset, "model": model} for dataset in config["run"]["datasets"] for model in networks]


def spaces(config):
    """Every space that the study's covers are chosen in: dicts of dataset, space."""
    methods = [config["methods"][name] for name in config["run"]["methods"]]
    names = dict.fromkeys(method["space"] for method in methods if "space" in method)
    return [{"dataset": dataset, "space": space} for dataset in config["run"]["datasets"] for space in names]


def network_of_space(config, dataset, space):
    """The run whose model's features a space consists of: trained on all images, with the first seed; None where it
    consists of principal components."""
    if space == PRINCIPAL_COMPONENTS:
        return None
    return _run_of_all({"dataset": dataset, "seed": config["run"]["seeds"][0]}, STANDARD, space)


def trained(config):
    """Every model that is trained: `runs`, and those whose features covers are chosen in."""
    networks = [network_of_space(config, **asked) for asked in spaces(config)]
    found = runs(config)
    return found + [run for run in networks if run and run not in found]


def certified_runs(config):
    """Every run whose model is certified, with the cover at whose centres it is: dicts of `runs` and "cover".

    A model trained on a cover is certified at its centres, any other at those of every label-wise cover of the study.
    """
    certified = []
    for run in runs(config):
        if kind_of(config, run["training"]).certified:
            own = is_cover(config["methods"][run["method"]])
            at = [run] if own else covers(config, run["dataset"])
            certified += [run | {"cover": made["training_set"]} for made in at]
    return certified


def bounded_runs(config):
    """Every run on a label-wise cover with an adversary, over whose training the bound is traced, if the study asks."""
    return [run for run in runs(config) if snapshots(config, run["method"], run["training"])]


def snapshots(config, method, training):
    """How many states of a training are kept for its bound."""
    traced = kind_of(config, training).adversarial and is_cover(config["methods"][method])
    return config["certificates"]["snapshots"] if traced else 0


def transfer_runs(config):
    """Groups of models that share all but their training set, if the study attacks each by what breaks the others:
    dicts of dataset, training, model, seed."""
    if config["evaluation"]["transfer"] is None:
        return []
    sizes = Counter(tuple(run[key] for key in GROUP) for run in runs(config))
    return [dict(zip(GROUP, group, strict=True)) for group, size in sizes.items() if size > 1]


def runs_of_group(config, dataset, training, model, seed):
    """The runs that share these; the seed may be text, as wildcards are."""
    shared = dict(zip(GROUP, (dataset, training, model, int(seed)), strict=True))
    return [run for run in runs(config) if shared.items() <= run.items()]
