"""Whether a study can be run as it is written: one line on the first thing that is wrong, before any work is done."""

from fractions import Fraction
from operator import itemgetter
from pathlib import Path

from finitecover.study import kinds, layout, paths
from finitecover.study.catalogue import image_side, smallest_class
from finitecover.study.kinds import ALGORITHMS, ATTACKS, FAMILIES, PRINCIPAL_COMPONENTS, RELAXATIONS, SOURCES, TRAININGS
from finitecover.study.runs import (
    BUDGET,
    at_budget,
    budgets,
    kind_of,
    labelled_runs,
    made_sets,
    runs,
    takes_budget,
    teacher_of,
    teacher_of_set,
)
from finitecover.study.schema import mistake
from finitecover.study.settings import (
    ConfigurationError,
    evaluated_sizes,
    fraction,
    imported_path,
    mirror,
    source_settings,
    titles,
    training_kinds,
)
from finitecover.study.shapes import deepest_convnet

RESERVED = ("clean", "worst")  # what rows beside those of attacks are called


def check(config, schema_path):
    """Raise `ConfigurationError` with one line on the first thing that is wrong with a study."""
    _check_own_names()
    if wrong := mistake(config, schema_path):
        raise ConfigurationError(wrong)
    for name, settings in config["datasets"].items():
        _check_dataset(name, settings)
    called = {name: title for name, title in titles(config).items() if name in config["run"]["datasets"]}
    for name, title in called.items():
        others = [other for other in called if other != name and called[other] == title]
        _require(not others, f"datasets.{name}.title: {', '.join(others)} is called {title!r}, too; give each its own")
    for name, settings in config["methods"].items():
        _check_method(name, settings, config)
    for name, settings in config["trainings"].items():
        _check_training(name, settings, config)
    for name, settings in config["models"].items():
        _check_model(name, settings)
    for name, settings in config["evaluation"]["attacks"].items():
        _check_attack(name, settings)
    _require(
        any(settings["kind"] == "pgd" for settings in config["evaluation"]["attacks"].values()),
        "evaluation.attacks: one of kind pgd is needed, with which every evaluation is checked",
    )
    _check_run(config)
    for dataset in config["run"]["datasets"]:
        _check_dataset_of_run(dataset, config)
        _check_budgets(dataset, config)


def idle_trainings(config):
    """A line on trainings of the study that run on no set of it; else None."""
    used = training_kinds(config)
    idle = [name for name in config["run"]["trainings"] if name not in used]
    asked = {name: config["trainings"][name].get("methods") for name in idle}
    told = [f"{name}" + (f" (for {', '.join(methods)})" if methods else "") for name, methods in asked.items()]
    return f"{', '.join(told)}: no set of this study is used; see run.trainings." if idle else None


def forgotten_overlays(arguments):
    """A line where overlays are named in a way in which Snakemake takes but the last; else None.

    arguments: of the command.
    """
    options = [argument.partition("=")[0] for argument in arguments]
    if sum(option in ("--configfile", "--configfiles") for option in options) < 2:
        return None
    return "Snakemake uses only the last of several --configfile; put all overlays behind one, the strongest last."


def check_claims(claims, config):
    """Raise `ConfigurationError` if a claim names a method or a kind of training that does not exist.

    claims: of `claims.read_claims`.
    """
    for name, claim in claims.items():
        for side in ("higher", "lower"):
            asked = claim.get(side)
            if asked is None:
                continue
            for method in [] if asked["methods"] == "same" else asked["methods"]:
                _check_known(f"claims.{name}.{side}.methods", method, config["methods"])
            _check_one_of(f"claims.{name}.{side}.kind", asked["kind"], TRAININGS)


def _check_own_names():
    own = {"selections": kinds.OWN_SELECTIONS, "condensations": kinds.OWN_CONDENSATIONS, "models": kinds.OWN_MODELS}
    for module, names in own.items():
        for name in names:
            taken = name in kinds.BUILT_IN[module]
            _require(not taken, f"scripts/finitecover/own/{module}.py: {name} is built in; choose another name")


def _require(condition, message):
    if not condition:
        raise ConfigurationError(message)


def _check_known(where, name, table):
    _require(name in table, f"{where}: {name!r} is not defined; choose from {', '.join(sorted(table))}")


def _check_one_of(where, name, table):
    _require(name in table, f"{where}: {name!r} is not one of {', '.join(table)}")


def _check_keys(where, what, settings, entry, others):
    """That settings have the keys that an entry of `kinds` needs, and none of the keys of other entries."""
    used = {*entry.keys, *getattr(entry, "optional", ())}
    for key in entry.keys:
        _require(key in settings, f"{where}: {what} needs {key}")
    for key in others:
        _require(key in used or key not in settings, f"{where}.{key}: not used by {what}; remove it")


def _check_dataset(name, settings):
    where, source = f"datasets.{name}", settings["source"]
    _check_keys(where, f"source {source}", settings, SOURCES[source], kinds.all_keys(SOURCES))
    for norm, sizes in settings["eps"].items():
        here = f"{where}.eps.{norm}"
        for key, values in (("train", [sizes["train"]]), ("test", sizes["test"])):
            for text in values:
                try:
                    value = fraction(text)
                except ConfigurationError as error:
                    raise ConfigurationError(f"{here}.{key}: {error}") from error
                _require(value <= 1 or norm != "linf", f"{here}.{key}: {text} exceeds 1, the range of a pixel")
        contained = sizes["train"] in sizes["test"]
        _require(contained, f"{here}.test: must contain the size of training, {sizes['train']}, written alike")
        distinct = len({Fraction(text) for text in sizes["test"]}) == len(sizes["test"])
        _require(distinct, f"{here}.test: a size occurs twice in {', '.join(sizes['test'])}")


def _check_method(name, settings, config):
    where, family = f"methods.{name}", settings["family"]
    _require(not BUDGET.fullmatch(name), f"{where}: a method's name must not end in -ipc and a number")
    _require(name not in kinds.STARTS, f"{where}: condensations may start from {name}; choose another name")
    needed, optional = FAMILIES[family].keys, FAMILIES[family].optional
    if family in ALGORITHMS:
        _require("algorithm" in settings, f"{where}: family {family} needs algorithm")
        _check_one_of(f"{where}.algorithm", settings["algorithm"], ALGORITHMS[family])
        algorithm = ALGORITHMS[family][settings["algorithm"]]
        needed, optional = needed + algorithm.keys, optional + algorithm.optional
    for key in needed:
        _require(key in settings, f"{where}: family {family} needs {key}")
    allowed = {"family", *needed, *optional}
    if family == "imported":
        allowed |= set(kinds.all_keys(kinds.FORMATS))
    for key in settings:
        _require(key in allowed, f"{where}.{key}: not used by family {family}; allowed: {', '.join(sorted(allowed))}")
    if "model" in settings:
        _check_known(f"{where}.model", settings["model"], config["models"])
    if family == "condensation":
        _check_at_budgets(where, settings, allowed - set(kinds.WHATEVER_THE_BUDGET), config)
        for number in (None, *settings.get("by_budget", ())):
            _check_start(where, at_budget(settings, number and int(number))["start"], config)
    if "teacher" in settings:
        _check_adversary_of_teacher(where, settings["teacher"], config)
    if family == "imported":
        form = settings["format"]
        _check_keys(where, f"format {form}", settings, kinds.FORMATS[form], kinds.all_keys(kinds.FORMATS))
        own = Path(settings["path"]) == Path(paths.table("indices"))
        _require(not own, f"{where}.path: every study writes {settings['path']} anew; copy it to where it stays")
        told = f"{where}: cover and ipc, the images per class in the file, go together; add or remove one"
        _require(("cover" in settings) == ("ipc" in settings), told)
    if family == "cover":
        _check_relaxations(where, settings, config)
        _check_free(where, settings)


def _check_at_budgets(where, settings, allowed, config):
    """That `by_budget` has keys that the algorithm takes, and that experts last at every budget."""
    algorithm = settings["algorithm"]
    _check_experts(where, settings, config)
    for number, entry in settings.get("by_budget", {}).items():
        here = f"{where}.by_budget.{number}"
        for key in entry:
            told = f"not used by algorithm {algorithm}; allowed: {', '.join(sorted(allowed))}"
            _require(key in allowed, f"{here}.{key}: {told}")
        _check_experts(here, at_budget(settings, int(number)), config)


def _check_experts(where, settings, config):
    if ALGORITHMS["condensation"][settings["algorithm"]].experts:
        last, epochs = settings["latest_start"] - 1 + settings["expert_epochs"], config["experts"]["epochs"]
        _require(last <= epochs, f"{where}: latest_start and expert_epochs reach epoch {last}; experts have {epochs}")


def _check_start(where, start, config):
    """That a condensation starts from real images, noise, or a set that another method makes for its budget."""
    if start in kinds.STARTS:
        return
    _check_known(f"{where}.start", start, dict.fromkeys((*kinds.STARTS, *config["methods"])))
    method = config["methods"][start]
    suits = method["family"] == "coreset" or (method["family"] == "cover" and method.get("label_wise"))
    _require(
        suits and takes_budget(method),
        f"{where}.start: {start} is no coreset and no label-wise cover that is given a budget; choose another",
    )


def _check_free(where, settings):
    """That free centres are asked for what they can be: see `covers.free`."""
    if "centres" not in settings:
        _require("power" not in settings, f"{where}.power: only covers with centres: free; remove it")
        return
    _require("power" in settings, f"{where}: centres: free needs power")
    _require(settings["label_wise"], f"{where}.label_wise: free centres have the label of their class; set it to true")
    for key in (RELAXATIONS.keys() - {"uncovered"}) & settings.keys():
        raise ConfigurationError(f"{where}.{key}: not used by covers with free centres; remove it")
    power, norm = settings["power"], settings["norm"]
    if settings["given"] == "radius":
        _require(power == kinds.INFINITE, f"{where}.power: {kinds.INFINITE} alone, where a radius is given")
    known = {"l1": [1], "linf": [kinds.INFINITE]}.get(norm)
    _require(
        known is None or power in known,
        f"{where}.power: no free centres of power {power} in {norm}; choose l2, or power 1 in l1, inf in linf",
    )


def _check_relaxations(where, settings, config):
    for key in RELAXATIONS.keys() & settings.keys():
        relaxation = RELAXATIONS[key]
        _require(settings["given"] == "budget", f"{where}.{key}: only covers that are given a budget; remove it")
        if relaxation.excludes:
            other, value = relaxation.excludes
            _require(
                settings.get(other) != value,
                f"{where}.{key}: with {other} {value} no centre is chosen by covering; remove one of them",
            )
    if settings.get("space", PRINCIPAL_COMPONENTS) != PRINCIPAL_COMPONENTS:
        _check_known(f"{where}.space", settings["space"], config["models"])
        _require("standard" in config["trainings"], f"{where}.space: needs a training that is named standard")
        _require("full" in config["methods"], f"{where}.space: needs a method that is named full")


def _check_training(name, settings, config):
    where, kind = f"trainings.{name}", TRAININGS[settings["kind"]]
    _check_keys(where, f"kind {settings['kind']}", settings, kind, kinds.all_keys(TRAININGS))
    for method in settings.get("methods", []):
        _check_known(f"{where}.methods", method, config["methods"])
    _check_teacher(where, settings, kind, config)


def _check_teacher(where, settings, kind, config):
    """That a teacher's labels come from a training that can give them, and go to one that can take them."""
    if settings.get("labels", kinds.LABELS[0]) != kinds.TEACHER:
        for key in kinds.OF_TEACHER:
            _require(key not in settings, f"{where}.{key}: only with labels: {kinds.TEACHER}; remove it")
        return
    _require(not kind.bounded, f"{where}.labels: interval bounds are those of one class; remove it")
    _require("teacher" in settings, f"{where}: labels: {kinds.TEACHER} needs teacher, the name of a training")
    _check_known_teacher(where, settings["teacher"], config)
    if "teacher_model" in settings:
        _check_known(f"{where}.teacher_model", settings["teacher_model"], config["models"])


def _check_known_teacher(where, teacher, config):
    _check_known(f"{where}.teacher", teacher, config["trainings"])
    taught = config["trainings"][teacher].get("labels", kinds.LABELS[0]) == kinds.TEACHER
    _require(not taught, f"{where}.teacher: {teacher} has a teacher itself; choose one with hard labels")


def _check_adversary_of_teacher(where, teacher, config):
    """That a condensation's teacher is trained on images that PGD perturbs, as real images are for it."""
    _check_known_teacher(where, teacher, config)
    suiting = [name for name, kind in TRAININGS.items() if "steps" in kind.keys and not kind.needs_cover]
    kind, told = config["trainings"][teacher]["kind"], " or ".join(suiting)
    _require(kind in suiting, f"{where}.teacher: {teacher} is of kind {kind}; choose one of kind {told}")


def _check_model(name, settings):
    architecture = settings["architecture"]
    _check_one_of(f"models.{name}.architecture", architecture, kinds.ARCHITECTURES)
    plain = "norm" not in settings or architecture == "convnet"
    _require(plain, f"models.{name}.norm: not used by architecture {architecture}; remove it")


def _check_attack(name, settings):
    where, kind = f"evaluation.attacks.{name}", settings["kind"]
    _require(name not in RESERVED, f"{where}: rows of results are called {name}; choose another name")
    _check_keys(where, f"kind {kind}", settings, ATTACKS[kind], kinds.all_keys(ATTACKS))
    known = ", ".join(kinds.OWN_ATTACKS) or "there is none in scripts/finitecover/own/attacks.py"
    _require(
        kind != "own" or settings["function"] in kinds.OWN_ATTACKS,
        f"{where}.function: no function {settings.get('function')!r} of your own; choose from: {known}",
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
    _check_teachers_of_run(config)
    kept = not any(kind_of(config, training).needs_cover for training in run["trainings"])
    _require(
        not config["optimisation"]["validation"] or kept,
        "optimisation.validation: generalised training needs the whole cover; set it to 0",
    )


def _check_teachers_of_run(config):
    """That the study trains every teacher that its trainings and its condensations name."""
    identity = itemgetter("dataset", "training_set", "training", "model", "seed")
    trained = set(map(identity, runs(config)))
    teachers = [(f"trainings.{run['training']}", teacher_of(config, run)) for run in labelled_runs(config)]
    taught = [made for made in made_sets(config, "condensation") if teacher_of_set(config, made)]
    teachers += [(f"methods.{made['method']}", teacher_of_set(config, made)) for made in taught]
    for where, teacher in teachers:
        _require(
            identity(teacher) in trained,
            f"{where}.teacher: the study trains no {teacher['model']} on all images by "
            f"{teacher['training']}; add full to run.methods, {teacher['training']} to run.trainings, "
            f"{teacher['model']} to run.models, or take what is taught by it out of the study",
        )


def _check_dataset_of_run(dataset, config):
    run, settings = config["run"], config["datasets"][dataset]
    if wrong := layout.wrong_source(source_settings(config, dataset), mirror(config)):
        raise ConfigurationError(f"datasets.{dataset}.{wrong}")
    for name in run["methods"]:
        method = config["methods"][name]
        path = imported_path(method, dataset) if "path" in method else None
        if path and (wrong := layout.wrong_file(path)):
            raise ConfigurationError(f"methods.{name}.path: {wrong}")
        _require(
            method.get("given") != "radius" or method["norm"] in settings.get("radius", {}),
            f"datasets.{dataset}.radius: method {name} covers in {method.get('norm')}, for which there is no radius",
        )
    for name in run["trainings"]:
        norm = config["trainings"][name].get("norm")
        _require(
            norm is None or norm in settings["eps"],
            f"datasets.{dataset}.eps: training {name} perturbs in {norm}, for which there are no sizes",
        )
    _require(
        evaluated_sizes(config, dataset),
        f"datasets.{dataset}.eps: no sizes in any of evaluation.norms, {', '.join(config['evaluation']['norms'])}",
    )
    _check_depths(dataset, config)


def _check_depths(dataset, config):
    side = image_side(source_settings(config, dataset))
    methods = [config["methods"][method] for method in config["run"]["methods"]]
    of_methods = [method[key] for method in methods for key in ("model", "space") if key in method]
    for name in dict.fromkeys([*config["run"]["models"], *of_methods]):
        if name == kinds.PRINCIPAL_COMPONENTS:
            continue
        model = config["models"][name]
        _require(
            side is None or model["architecture"] != "convnet" or model["depth"] <= deepest_convnet(side),
            f"models.{name}.depth: {model['depth']} is too deep for the {side}x{side} images of {dataset}; "
            f"at most {deepest_convnet(side or 0)}",
        )


def _check_budgets(dataset, config):
    run, largest = config["run"], smallest_class(source_settings(config, dataset))
    if largest is None:
        return
    for k in config["frontier"]["budgets"] or []:
        _require(
            k <= largest,
            f"frontier.budgets: {k} centres exceed the smallest class of {dataset}, which has {largest}",
        )
    used = config["frontier"]["budgets"] is None or any(takes_budget(config["methods"][m]) for m in run["methods"])
    where = f"datasets.{dataset}.budgets" if "budgets" in config["datasets"][dataset] else "run.budgets"
    for ipc in budgets(config, dataset) if used else []:
        _require(
            ipc <= largest,
            f"{where}: {ipc} images per class exceed the smallest class of {dataset}, which has {largest}",
        )
