"""What a study may say, what it expands to, and one-line refusals. Knows the config's content, not Snakemake."""

import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import jsonschema
import yaml

from finitecover.catalogue import image_side, smallest_class
from finitecover.extensions import own_names
from finitecover.shapes import deepest_convnet

COVER_NORMS = ("l1", "l2", "linf")
ATTACK_NORMS = ("l2", "linf")
# What a method of each family must say, and what more an algorithm needs.
ADVERSARIAL_KEYS = ("norm", "steps", "step_size", "warmup")
INTERVAL_KEYS = ("norm", "warmup", "kappa")
TRAINING_KEYS = {
    "standard": (),
    "gaussian": ("sigma",),
    "pgd": ADVERSARIAL_KEYS,
    "trades": (*ADVERSARIAL_KEYS, "beta"),
    "ibp": INTERVAL_KEYS,
    "generalised": ADVERSARIAL_KEYS,
    "weighted": ADVERSARIAL_KEYS,
    "sampled": ADVERSARIAL_KEYS,
    "generalised-ibp": INTERVAL_KEYS,
}
# Kinds of training that need a cover: those against eps + r_c, and those with its weights w_c, and where.
ENLARGED = ("generalised", "generalised-ibp")
WEIGHTS = {"generalised": "loss", "generalised-ibp": "loss", "weighted": "loss", "sampled": "sampling"}
CERTIFIED = ("gaussian", "ibp", "generalised-ibp")  # kinds of training whose models certificates can be had for
BOUNDED = ("ibp", "generalised-ibp")  # kinds of training that need a network with interval bounds
ATTACK_KEYS = {
    "pgd": ("steps", "step_size", "restarts", "random_start"),
    "autoattack": ("components",),
    "minimal-norm": ("algorithm", "steps"),
    "own": ("function",),
}
FAMILY_KEYS = {
    "full": (),
    "cover": ("given", "norm", "label_wise", "time_limit"),
    "coreset": ("algorithm",),
    "condensation": ("algorithm", "model", "iterations", "start", "learning_rate", "momentum"),
    "imported": ("format", "path", "experiment"),
}
RELAXED = ("uncovered", "slack", "density", "space")  # what a cover may be chosen for beside its radius
PRINCIPAL_COMPONENTS = "pca"  # the space that is no network's
GRADIENT_MATCHING = ("batch_real", "batch_train", "learning_rate_network", "outer_loops", "inner_loops")
STUDENT = ("batch_train", "learning_rate_network", "learning_rate_step", "synthetic_steps")
ALGORITHMS = {
    "coreset": dict.fromkeys(("random", "kcenter", "herding", "kmeans", *own_names("own_selections")), ()),
    "condensation": {
        "dc": GRADIENT_MATCHING,
        "dsa": GRADIENT_MATCHING,
        "dm": ("batch_real",),
        "mtt": (*STUDENT, "expert_epochs", "latest_start"),
    },
}
ARCHITECTURES = ("convnet", "mlp", "resnet", *own_names("own_models"))
OWN_ATTACKS = own_names("own_attacks")
BUDGET = re.compile(r"(?P<method>.+)-ipc(?P<ipc>[1-9][0-9]*)")


class ConfigurationError(ValueError):
    """A study that cannot be run as it is written; the message is one line."""


def check(config, schema_path):
    """Raise `ConfigurationError` with one line on the first thing that is wrong with a study."""
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    first = jsonschema.exceptions.best_match(errors)
    if first:
        raise ConfigurationError(_one_line(first))
    for name, settings in config["datasets"].items():
        _check_dataset(name, settings)
    for name, settings in config["methods"].items():
        _check_method(name, settings, config)
    for name, settings in config["trainings"].items():
        _check_training(name, settings)
    for name, settings in config["models"].items():
        architecture = settings["architecture"]
        _require(
            architecture in ARCHITECTURES,
            f"models.{name}.architecture: {architecture!r} is not one of {', '.join(ARCHITECTURES)}",
        )
        _require(
            "norm" not in settings or settings["architecture"] == "convnet",
            f"models.{name}.norm: not used by architecture {settings['architecture']}; remove it",
        )
    for name, settings in config["evaluation"]["attacks"].items():
        _check_attack(name, settings)
    _require(
        any(settings["kind"] == "pgd" for settings in config["evaluation"]["attacks"].values()),
        "evaluation.attacks: one of kind pgd is needed, with which every evaluation is checked",
    )
    _check_run(config)


def fraction(text):
    """The number of a perturbation size such as "8/255", "0.3" or "1"; raises `ConfigurationError`."""
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError, TypeError):
        value = None
    if value is None or value < 0:
        raise ConfigurationError(f"{text!r} is not a fraction of at least 0, such as '8/255'")
    return float(value)


# --- what a study expands to ---


def subset_name(method, ipc=None):
    """Name of a training set: the method's, with the images per class where a budget makes it."""
    return method if ipc is None else f"{method}-ipc{ipc}"


def split_subset(subset):
    """(method, images per class or None) of a training set's name."""
    match = BUDGET.fullmatch(subset)
    return (match["method"], int(match["ipc"])) if match else (subset, None)


def takes_budget(settings):
    """Whether a method is given images per class (and not all images, or a radius)."""
    return settings["family"] in ("coreset", "condensation") or settings.get("given") == "budget"


def subsets(config):
    """Names of the training sets of a study, in the order of its lists."""
    names = []
    for method in config["run"]["methods"]:
        budgets = config["run"]["budgets"] if takes_budget(config["methods"][method]) else [None]
        names += [subset_name(method, ipc) for ipc in budgets]
    return names


def runs(config):
    """Every trained model of a study: dicts of dataset, subset, training, model, seed.

    Generalised training and its parts need what only label-wise covers have, a radius and a weight per centre that
    speak for points of its label, so they are run on these alone; interval bounds on networks that admit them.
    """
    run = config["run"]
    return [
        {"dataset": dataset, "subset": subset, "training": training, "model": model, "seed": seed}
        for dataset in run["datasets"]
        for subset in subsets(config)
        for training in run["trainings"]
        for model in run["models"]
        for seed in run["seeds"]
        if _suits(config["trainings"][training]["kind"], config["methods"][split_subset(subset)[0]])
        and (config["trainings"][training]["kind"] not in BOUNDED or admits_intervals(config["models"][model]))
    ]


def _suits(kind, method):
    return kind not in WEIGHTS or bool(method.get("label_wise"))


def admits_intervals(model):
    """Whether a network consists of layers that interval bounds go through."""
    return model["architecture"] == "mlp" or model.get("norm") == "none"


def certified_runs(config):
    """Every run whose model is certified, with the cover at whose centres it is: dicts of `runs` and "cover".

    A model trained on a cover is certified at its centres, any other at those of every label-wise cover of the study.
    """
    certified = []
    for run in runs(config):
        if config["trainings"][run["training"]]["kind"] in CERTIFIED:
            covers = [run["subset"]] if _is_cover(config, run["subset"]) else _covers(config)
            certified += [run | {"cover": cover} for cover in covers]
    return certified


def bounded_runs(config):
    """Every run on a label-wise cover with an adversary, over whose training the bound is traced, if the study asks."""
    return [run for run in runs(config) if snapshots(config, run["subset"], run["training"])]


def transfer_runs(config):
    """Groups of models that share all but their training set, if the study attacks each by what breaks the others."""
    if config["evaluation"]["transfer"] is None:
        return []
    keys = ("dataset", "training", "model", "seed")
    sizes = Counter(tuple(run[key] for key in keys) for run in runs(config))
    return [dict(zip(keys, group, strict=True)) for group, size in sizes.items() if size > 1]


def snapshots(config, subset, training):
    """How many states of a training are kept for its bound."""
    adversarial = "norm" in config["trainings"][training]
    return config["certificates"]["snapshots"] if adversarial and _is_cover(config, subset) else 0


def _covers(config):
    return [subset for subset in subsets(config) if _is_cover(config, subset)]


def _is_cover(config, subset):
    return bool(config["methods"][split_subset(subset)[0]].get("label_wise"))


def training_settings(config, dataset, training):
    """Settings of a training: enlarged (whether against eps + r_c), weights (None, or whether w_c weigh the "loss" or
    the "sampling"), adversary (eps as a number), augmentation, noise, optimisation."""
    settings, adversary = config["trainings"][training], None
    if "norm" in settings:
        adversary = {key: settings.get(key) for key in (*ADVERSARIAL_KEYS, "beta", "kappa")}
        adversary["eps"] = fraction(config["datasets"][dataset]["eps"][settings["norm"]]["train"])
    return {
        "enlarged": settings["kind"] in ENLARGED,
        "weights": WEIGHTS.get(settings["kind"]),
        "adversary": adversary,
        "augmentation": config["datasets"][dataset]["augmentation"] if settings.get("augmentation") else "",
        "noise": settings.get("sigma", 0.0),
        "optimisation": config["optimisation"],
    }


def threat_model(config, dataset):
    """Sizes of the perturbations that a dataset's models are attacked with: {norm: [fractions]}."""
    return {norm: sizes["test"] for norm, sizes in _evaluated(config, dataset).items()}


def _evaluated(config, dataset):
    """Sizes of perturbations in the norms of the evaluation."""
    sizes = sorted(config["datasets"][dataset]["eps"].items())
    return {norm: found for norm, found in sizes if norm in config["evaluation"]["norms"]}


def attacks(config):
    """Attacks by name from weak to strong: those of kind pgd by all their steps, then autoattack, then minimal-norm.

    The order of a map says nothing: what an overlay changes comes before what it leaves alone.
    """

    def strength(item):
        _, settings = item
        steps = settings["steps"] * settings["restarts"] if settings["kind"] == "pgd" else 0
        return list(ATTACK_KEYS).index(settings["kind"]), steps

    return dict(sorted(config["evaluation"]["attacks"].items(), key=strength))


def verdict(config, dataset):
    """On how many images, in which norms and sizes, the attacks from libraries run: {"examples", "threat"}."""
    settings, sizes = config["evaluation"]["verdict"], config["datasets"][dataset]["eps"]
    threat = threat_model(config, dataset)
    if settings["sizes"] == "train":
        threat = {norm: [sizes[norm]["train"]] for norm in threat}
    return {"examples": settings["examples"], "threat": threat}


def headline(config):
    """The size of perturbation per dataset and norm that tables and figures show first: that of training."""
    return {
        dataset: {norm: sizes["train"] for norm, sizes in _evaluated(config, dataset).items()}
        for dataset in config["run"]["datasets"]
    }


def source_settings(config, dataset):
    """Where a dataset comes from, and nothing else: its perturbations must not make it come again."""
    settings = config["datasets"][dataset]
    found = {key: settings[key] for key in ("source", "name", "path", "size", "test_share") if key in settings}
    if "{mirror}" in found.get("path", ""):
        mirror = config["data"]["mirror"]
        _require(mirror, f"datasets.{dataset}.path: names {{mirror}}, but data.mirror is not set")
        found["path"] = found["path"].replace("{mirror}", mirror)
    return found


def method_settings(config, dataset, subset):
    """Settings of the method that makes a training set, with the budget or the radius that it is given."""
    method, ipc = split_subset(subset)
    settings = dict(config["methods"][method])
    if settings.get("given") == "radius":
        settings["radius"] = config["datasets"][dataset]["radius"][settings["norm"]]
    return settings if ipc is None else settings | {"ipc": ipc}


def frontier_settings(config, dataset):
    """What the frontier of a data set asks for: norm, number of spaced radii, budgets, radii."""
    settings = dict(config["frontier"])
    if settings["budgets"] is None:
        settings["budgets"] = config["run"]["budgets"]
    if settings["radii"] is None:
        radius = config["datasets"][dataset].get("radius", {}).get(settings["norm"])
        settings["radii"] = [] if radius is None else [radius]
    return settings


def traces_frontier(config, dataset):
    """Whether a frontier asks for anything beyond what the study's covers learn."""
    asked = frontier_settings(config, dataset)
    return bool(asked["points"] or asked["budgets"] or asked["radii"])


# --- cross-checks ---


def _one_line(error):
    where = ".".join(str(part) for part in error.absolute_path) or "the configuration"
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(error.instance) - set(known))
        return f"{where}: unknown key {unknown[0]!r}; allowed: {', '.join(known)}"
    if error.validator == "enum":
        return f"{where}: {error.instance!r} is not one of {', '.join(map(str, error.validator_value))}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{where}: name {error.instance!r} must be lower-case letters, digits and single hyphens"
    return f"{where}: {error.message}"


def _within(where, check, *arguments):
    try:
        return check(*arguments)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from error


def _require(condition, message):
    if not condition:
        raise ConfigurationError(message)


def _check_dataset(name, settings):
    where = f"datasets.{name}"
    needed = {"digits": (), "torchvision": ("name",), "npz": ("path",), "folder": ("path",)}[settings["source"]]
    allowed = {"folder": ("path", "size", "test_share")}.get(settings["source"], needed)
    for key in needed:
        _require(key in settings, f"{where}: source {settings['source']} needs {key}")
    for key in ("name", "path", "size", "test_share"):
        _require(
            key not in settings or key in allowed, f"{where}.{key}: not used by source {settings['source']}; remove it"
        )
    for norm, sizes in settings["eps"].items():
        for key, values in (("train", [sizes["train"]]), ("test", sizes["test"])):
            for text in values:
                value = _within(f"{where}.eps.{norm}.{key}", fraction, text)
                _require(
                    value <= 1 or norm != "linf", f"{where}.eps.{norm}.{key}: {text} exceeds 1, the range of a pixel"
                )
        _require(
            sizes["train"] in sizes["test"],
            f"{where}.eps.{norm}.test: must contain the size of training, {sizes['train']}, written alike",
        )
        _require(
            len({Fraction(text) for text in sizes["test"]}) == len(sizes["test"]),
            f"{where}.eps.{norm}.test: a size occurs twice in {', '.join(sizes['test'])}",
        )


def _check_method(name, settings, config):
    where, family = f"methods.{name}", settings["family"]
    _require(not BUDGET.fullmatch(name), f"{where}: a method's name must not end in -ipc and a number")
    algorithm = settings.get("algorithm")
    if family in ALGORITHMS:
        known = ALGORITHMS[family]
        _require(algorithm is not None, f"{where}: family {family} needs algorithm")
        _require(algorithm in known, f"{where}.algorithm: {algorithm!r} is not one of {', '.join(known)}")
    needed = FAMILY_KEYS[family] + ALGORITHMS.get(family, {}).get(algorithm, ())
    allowed = {"family", *needed, *{"imported": ("normalisation",), "cover": RELAXED}.get(family, ())}
    for key in needed:
        _require(key in settings, f"{where}: family {family} needs {key}")
    for key in settings:
        _require(key in allowed, f"{where}.{key}: not used by family {family}; allowed: {', '.join(sorted(allowed))}")
    if family == "condensation":
        _check_known(f"{where}.model", settings["model"], config["models"])
    for key in set(RELAXED) & set(settings):
        _require(settings["given"] == "budget", f"{where}.{key}: only covers that are given a budget; remove it")
    _require(
        "uncovered" not in settings or "density" not in settings or settings["density"] < 1,
        f"{where}.uncovered: with density 1 no centre is chosen by covering; remove one of them",
    )
    if settings.get("space", PRINCIPAL_COMPONENTS) != PRINCIPAL_COMPONENTS:
        _check_known(f"{where}.space", settings["space"], config["models"])
        _require("standard" in config["trainings"], f"{where}.space: needs a training that is named standard")
        _require("full" in config["methods"], f"{where}.space: needs a method that is named full")
    if algorithm == "mtt":
        last, epochs = settings["latest_start"] - 1 + settings["expert_epochs"], config["experts"]["epochs"]
        _require(last <= epochs, f"{where}: latest_start and expert_epochs reach epoch {last}; experts have {epochs}")


def _check_training(name, settings):
    where, kind = f"trainings.{name}", settings["kind"]
    needed = TRAINING_KEYS[kind]
    for key in sorted(set().union(*TRAINING_KEYS.values())):
        _require(key in needed or key not in settings, f"{where}.{key}: not used by kind {kind}; remove it")
        _require(key not in needed or key in settings, f"{where}: kind {kind} needs {key}")
    _require(
        kind not in ENLARGED or not settings.get("augmentation"),
        f"{where}.augmentation: the bound of generalised training is on the images as they are; remove it",
    )


def _check_attack(name, settings):
    where, kind = f"evaluation.attacks.{name}", settings["kind"]
    for key in sorted(set().union(*ATTACK_KEYS.values())):
        needed = key in ATTACK_KEYS[kind]
        _require(needed or key not in settings, f"{where}.{key}: not used by kind {kind}; remove it")
        _require(not needed or key in settings, f"{where}: kind {kind} needs {key}")
    known = ", ".join(OWN_ATTACKS) or "there is none in scripts/finitecover/own_attacks.py"
    _require(
        kind != "own" or settings["function"] in OWN_ATTACKS,
        f"{where}.function: no function {settings.get('function')!r} of your own; choose from: {known}",
    )


def _check_known(where, name, table):
    _require(name in table, f"{where}: {name!r} is not defined; choose from {', '.join(sorted(table))}")


def _check_depths(dataset, settings, config):
    side = image_side(settings)
    condensing = [config["methods"][method].get("model") for method in config["run"]["methods"]]
    for name in dict.fromkeys([*config["run"]["models"], *filter(None, condensing)]):
        model = config["models"][name]
        _require(
            side is None or model["architecture"] != "convnet" or model["depth"] <= deepest_convnet(side),
            f"models.{name}.depth: {model['depth']} is too deep for the {side}x{side} images of {dataset}; "
            f"at most {deepest_convnet(side or 0)}",
        )


def _check_run(config):
    run = config["run"]
    for plural in ("datasets", "methods", "trainings", "models"):
        for name in run[plural]:
            _check_known(f"run.{plural}", name, config[plural])
    _require(
        runs(config),
        "run: no model to train; generalised training needs a label-wise cover, interval bounds a network without norm",
    )
    for training in run["trainings"]:
        norm = config["trainings"][training].get("norm")
        _require(
            norm is None or norm in config["evaluation"]["norms"],
            f"evaluation.norms: training {training} perturbs in {norm}, which is not among them",
        )
    kinds = {config["trainings"][training]["kind"] for training in run["trainings"]}
    _require(
        not config["optimisation"]["validation"] or not kinds & set(WEIGHTS),
        "optimisation.validation: generalised training needs the whole cover; set it to 0",
    )
    for dataset in run["datasets"]:
        settings = config["datasets"][dataset]
        for method in run["methods"]:
            path = config["methods"][method].get("path", "").replace("{dataset}", dataset)
            _require(not path or Path(path).is_file(), f"methods.{method}.path: there is no file {path}")
            norm = config["methods"][method].get("norm")
            _require(
                config["methods"][method].get("given") != "radius" or norm in settings.get("radius", {}),
                f"datasets.{dataset}.radius: method {method} covers in {norm}, for which there is no radius",
            )
        for training in run["trainings"]:
            norm = config["trainings"][training].get("norm")
            _require(
                norm is None or norm in settings["eps"],
                f"datasets.{dataset}.eps: training {training} perturbs in {norm}, for which there are no sizes",
            )
        _require(
            _evaluated(config, dataset),
            f"datasets.{dataset}.eps: no sizes in any of evaluation.norms, {', '.join(config['evaluation']['norms'])}",
        )
        _check_depths(dataset, settings, config)
        largest = smallest_class(source_settings(config, dataset))
        for k in config["frontier"]["budgets"] or []:
            _require(
                largest is None or k <= largest,
                f"frontier.budgets: {k} centres exceed the smallest class of {dataset}, which has {largest}",
            )
        used = config["frontier"]["budgets"] is None or any(takes_budget(config["methods"][m]) for m in run["methods"])
        for ipc in run["budgets"] if used else []:
            _require(
                largest is None or ipc <= largest,
                f"run.budgets: {ipc} images per class exceed the smallest class of {dataset}, which has {largest}",
            )


# --- what every key means ---


def describe(schema):
    """The keys of a schema as a Markdown table: key (`<name>` for names of your choice), what is allowed, meaning."""
    lines = ["| key | allowed | meaning |", "|---|---|---|"]
    lines += [f"| `{key}` | {allowed} | {meaning} |" for key, allowed, meaning in _keys(schema, schema, "")]
    return "\n".join(lines)


def _keys(node, schema, path):
    for key, value in node.get("properties", {}).items():
        reference = schema["$defs"][value["$ref"].rsplit("/", 1)[-1]] if "$ref" in value else {}
        value = reference | value
        here = f"{path}{key}"
        meaning = " ".join(value.get("description", "").split()).replace("|", r"\|").replace("<", "&lt;")
        yield here, _allowed(value), meaning
        yield from _keys(value, schema, f"{here}.")
    if isinstance(node.get("additionalProperties"), dict):
        yield from _keys(node["additionalProperties"], schema, f"{path}<name>.")


def _allowed(value):
    if "enum" in value:
        return ", ".join(value["enum"])
    kinds = value.get("type", "text")
    text = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    names = {"string": "text", "object": "map", "array": "list"}
    text = " or ".join(names.get(word, word) for word in text.split(" or "))
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return " ".join([text, *(f"{sign} {value[key]}" for key, sign in bounds.items() if key in value)])
