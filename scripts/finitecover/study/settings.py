"""What the jobs of a study are given: settings of the config, resolved for a data set, a method, a training."""

import os
from fractions import Fraction
from pathlib import Path

from finitecover.study.catalogue import source_files, source_state
from finitecover.study.kinds import ATTACKS, OF_TEACHER, SOURCES, STRENGTH, TEACHER, all_keys
from finitecover.study.runs import at_budget, budgets, kind_of, runs, snapshots, split_name


class ConfigurationError(ValueError):
    """A study that cannot be run as it is written; the message is one line."""


def fraction(text):
    """The number of a perturbation size such as "8/255", "0.3" or "1"; raises `ConfigurationError`."""
    try:
        value = float(Fraction(text))
    except (ValueError, ZeroDivisionError, TypeError, OverflowError):
        value = None
    if value is None or value < 0:
        raise ConfigurationError(f"{text!r} is not a fraction of at least 0, such as '8/255'")
    return value


def mirror(config):
    """The folder of the publishers' files, or None; `~` is the user's own."""
    return config["data"]["mirror"] and os.path.expanduser(config["data"]["mirror"])


def source_settings(config, dataset):
    """Where a data set comes from, and nothing else: its perturbations must not make it come again."""
    settings = config["datasets"][dataset]
    found = {key: settings[key] for key in ("source", *all_keys(SOURCES)) if key in settings}
    if "{mirror}" in found.get("path", ""):
        if not mirror(config):
            raise ConfigurationError(f"datasets.{dataset}.path: names {{mirror}}, but data.mirror is not set")
        found["path"] = found["path"].replace("{mirror}", mirror(config))
    if "path" in found:
        found["path"] = os.path.expanduser(found["path"])
    return found


def source_inputs(config, dataset):
    """Your own files that a data set is read from, as inputs of the job that does it."""
    return source_files(source_settings(config, dataset))


def source_contents(config, dataset):
    """What tells whether a data set's other files are the same as before."""
    return source_state(source_settings(config, dataset))


def method_settings(config, dataset, training_set):
    """Settings of the method that makes a training set, with the budget or the radius that it is given, and the
    adversary that its teacher was trained against."""
    method, ipc = split_name(training_set)
    settings = at_budget(config["methods"][method], ipc)
    if settings.get("given") == "radius":
        settings["radius"] = config["datasets"][dataset]["radius"][settings["norm"]]
    if "path" in settings:
        settings["path"] = imported_path(settings, dataset)
    if "teacher" in settings:
        settings["adversary"] = training_settings(config, dataset, settings["teacher"])["adversary"]
    return settings if ipc is None else settings | {"ipc": ipc}


def cover_settings(config, dataset, training_set):
    """What a cover is asked for: settings of its method, or, of a synthetic set that is taken as one, norm, budget and
    that its centres are free."""
    settings = method_settings(config, dataset, training_set)
    if "cover" not in settings:
        return settings
    shared = {"given": "budget", "label_wise": True, "centres": "free"}
    return shared | {"norm": settings["cover"], "ipc": settings["ipc"]}


def imported_path(settings, dataset):
    """The file of an imported set, by its method's settings."""
    return os.path.expanduser(settings["path"].replace("{dataset}", dataset))


def imported_files(config, dataset, training_set):
    """The files of an imported set: that of its images, and for MTT that of their labels beside it."""
    settings = method_settings(config, dataset, training_set)
    path = Path(settings["path"])
    labels = path.with_name(path.name.replace("images_", "labels_", 1))
    return [str(path), str(labels)] if settings["format"] == "mtt" and labels != path else [str(path)]


def kept_snapshots(config, training_set, training):
    """How many states of a training are kept for its bound."""
    method, _ = split_name(training_set)
    return snapshots(config, method, training)


def network_of(config, training_set):
    """Settings of the network whose features or gradients a condensation matches."""
    method, _ = split_name(training_set)
    return config["models"][config["methods"][method]["model"]]


def training_settings(config, dataset, training):
    """Settings of a training: objective, enlarged and weights of its kind (`kinds.Training`), adversary (None, or what
    the kind's keys say and eps, a number), augmentation, noise, optimisation."""
    settings, kind = config["trainings"][training], kind_of(config, training)
    optimisation, adversary = config["optimisation"], None
    if kind.adversarial:
        adversary = {key: settings[key] for key in kind.keys}
        adversary["eps"] = fraction(adversary_eps(config, dataset, training))
    return {
        "objective": kind.objective,
        "enlarged": kind.enlarged,
        "weights": kind.weights,
        "adversary": adversary,
        "augmentation": config["datasets"][dataset]["augmentation"] if settings.get("augmentation") else "",
        "noise": settings.get("sigma", 0.0),
        "optimisation": optimisation | {"steps": max(1, round(settings.get("updates", 1) * optimisation["steps"]))},
    }


def adversary_eps(config, dataset, training):
    """The size of the perturbations of a training's adversary, as the config writes it."""
    return config["datasets"][dataset]["eps"][config["trainings"][training]["norm"]]["train"]


def compared_trainings(config):
    """By what models are compared: {"kinds": of `training_kinds`, "training_eps": of `every_training_eps`, "strengths":
    {training: of `strength`}, "teachers": {training: what it says of its teacher, None without}}; strengths must be
    equal on both sides, but for what a claim names, and teachers where both have one."""
    strengths = {name: strength(config, name) for name in config["run"]["trainings"]}
    teachers = {
        name: {key: config["trainings"][name].get(key) for key in OF_TEACHER} if own["labels"] == TEACHER else None
        for name, own in strengths.items()
    }
    compared = {"kinds": training_kinds(config), "training_eps": every_training_eps(config)}
    return compared | {"strengths": strengths, "teachers": teachers}


def strength(config, training):
    """How strong a training is: whether it augments, how many times the study's updates it makes, whose labels it has
    ({"augmentation", "updates", "labels"})."""
    settings = config["trainings"][training]
    return {name: settings.get(name, default) for name, default in STRENGTH.items()}


def teacher_settings(config, training):
    """What a teacher's labels are made with: {"temperature", "hard_share"} of a training."""
    settings = config["trainings"][training]
    return {"temperature": settings.get("temperature", 1.0), "hard_share": settings.get("hard_share", 0.0)}


def training_kinds(config):
    """{training: [kind, norm]} of the trainings that train models of the study; norm None without an adversary."""
    used = {run["training"] for run in runs(config)}
    trainings = {name: config["trainings"][name] for name in config["run"]["trainings"] if name in used}
    return {name: [settings["kind"], settings.get("norm")] for name, settings in trainings.items()}


def evaluated_sizes(config, dataset):
    """Sizes of perturbations in the norms of the evaluation: {norm: {"train", "test"}}."""
    sizes = sorted(config["datasets"][dataset]["eps"].items())
    return {norm: found for norm, found in sizes if norm in config["evaluation"]["norms"]}


def threat_model(config, dataset):
    """Sizes of the perturbations that a data set's models are attacked with: {norm: [fractions]}."""
    return {norm: sizes["test"] for norm, sizes in evaluated_sizes(config, dataset).items()}


def training_eps(config, dataset):
    """The size of the perturbations that a data set's models are trained against: {norm: fraction}."""
    return {norm: sizes["train"] for norm, sizes in evaluated_sizes(config, dataset).items()}


def titles(config):
    """What people read of data sets: {name in the config: title}."""
    return {name: settings.get("title", name) for name, settings in config["datasets"].items()}


def titled(config):
    """A config in which data sets are called by their titles, for tables and figures."""
    called, run = titles(config), config["run"]
    datasets = {called[name]: settings for name, settings in config["datasets"].items()}
    return config | {"datasets": datasets, "run": run | {"datasets": [called[name] for name in run["datasets"]]}}


def every_training_eps(config):
    """`training_eps` of every data set of the study, at which tables and figures compare models: {dataset: ...}."""
    return {dataset: training_eps(config, dataset) for dataset in config["run"]["datasets"]}


def library_attacks(config, dataset):
    """On how many images, in which norms and sizes, the attacks from libraries run: {"examples", "threat"}."""
    settings, threat = config["evaluation"]["library_attacks"], threat_model(config, dataset)
    if settings["sizes"] == "train":
        threat = {norm: [eps] for norm, eps in training_eps(config, dataset).items()}
    return {"examples": settings["examples"], "threat": threat}


def attacks(config):
    """Attacks by name from weak to strong: those of kind pgd by all their steps, then the other kinds in the order of
    `kinds.ATTACKS`.

    The order of a map says nothing: what an overlay changes comes before what it leaves alone.
    """

    def strength(item):
        _, settings = item
        steps = settings["steps"] * settings["restarts"] if settings["kind"] == "pgd" else 0
        return list(ATTACKS).index(settings["kind"]), steps

    return dict(sorted(config["evaluation"]["attacks"].items(), key=strength))


def strongest_pgd(config):
    """(name, settings) of the strongest attack of kind pgd."""
    return [(name, settings) for name, settings in attacks(config).items() if settings["kind"] == "pgd"][-1]


def frontier_settings(config, dataset):
    """What the frontier of a data set asks for: norm, number of spaced radii, budgets, radii."""
    settings = dict(config["frontier"])
    if settings["budgets"] is None:
        settings["budgets"] = budgets(config, dataset)
    if settings["radii"] is None:
        radius = config["datasets"][dataset].get("radius", {}).get(settings["norm"])
        settings["radii"] = [] if radius is None else [radius]
    return settings


def traces_frontier(config, dataset):
    """Whether a frontier asks for anything beyond what the study's covers learn."""
    asked = frontier_settings(config, dataset)
    return bool(asked["points"] or asked["budgets"] or asked["radii"])
