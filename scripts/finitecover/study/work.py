"""How much work a job with networks is by its settings, which scales what it took with other settings.

In nominal core-milliseconds: how many images go through a network forward and backward, times what one takes there.
Both are rough (early stopping, warm-up and augmentation are left out), and count only beside those of another job of
the same rule.
"""

from functools import cache

from finitecover.study.catalogue import image_side, smallest_class
from finitecover.study.kinds import ATTACKS
from finitecover.study.runs import at_budget, split_name
from finitecover.study.settings import evaluated_sizes, library_attacks, source_settings, training_settings

CLASSES, SIDE, COLOUR = 10, 32, ("CIFAR10", "SVHN")  # of data sets of which no more is known; those in three channels
FORWARD = 1 / 3  # of forward and backward
# Milliseconds of a core per value of a feature map, and per multiplication, forward and backward. Measured on a CPU
# with ConvNets of width 16 to 128, an MLP and a ResNet-18, which they give within a factor of 1.5.
PER_VALUE, PER_PRODUCT = 9e-6, 3e-8
SECOND_ORDER = 3  # passes, where a gradient goes through a gradient
APGD_STEPS = 100  # of the authors' AutoAttack, as of FAB


def of_job(job, config):
    """Work of a job, a dict of rule and identity as in a table of costs; None of rules whose work settings do not tell.

    Raises `KeyError` where the config lacks a setting, as those kept by older versions do.
    """
    measure = _RULES.get(job["rule"])
    return measure(job, config) if measure else None


def network(model, source):
    """Milliseconds of a core that an image takes through a network; source: settings of where the images come from."""
    side = _side(*(source.get(key) for key in ("source", "name", "path", "size")))
    channels = 3 if source.get("name") in COLOUR or side == SIDE else 1
    side = SIDE if side == 28 else side  # padded
    layers = _LAYERS.get(model["architecture"], _convnet)(model, side, channels)
    return sum(PER_VALUE * values + PER_PRODUCT * products for values, products in layers)


@cache
def _side(source, name, path, size):
    known = {"source": source, "name": name, "path": path, "size": size}
    return image_side({key: value for key, value in known.items() if value is not None}) or SIDE


def _convnet(model, side, channels):
    """(values, products) of each layer."""
    for _ in range(model["depth"]):
        values = model["width"] * side**2
        yield values, 9 * channels * values
        channels, side = model["width"], side // 2


def _mlp(model, side, channels):
    before = channels * side**2
    for _ in range(model["depth"]):
        yield model["width"], before * model["width"]
        before = model["width"]


def _resnet(model, side, channels):
    width = model["width"]
    yield width * side**2, 9 * channels * width * side**2
    before = width
    for stage in range(4):
        side = side // 2 if stage else side
        for _ in range(model["depth"]):
            values = width * side**2
            yield values, 9 * before * values
            yield values, 9 * width * values
            before = width
        width *= 2


_LAYERS = {"convnet": _convnet, "mlp": _mlp, "resnet": _resnet}


def _per_image(job, config, model):
    return network(config["models"][model], config["datasets"][job["dataset"]])


def _train(job, config):
    asked = training_settings(config, job["dataset"], job["training"])
    steps = 1 + (asked["adversary"] or {}).get("steps", 0)
    updates = asked["optimisation"]["steps"] * asked["optimisation"]["batch_size"]
    return updates * steps * _per_image(job, config, job["model"])


def _attack(job, config):
    dataset, evaluation = job["dataset"], config["evaluation"]
    sizes = sum(len(tested["test"]) for tested in evaluated_sizes(config, dataset).values())
    of_library = library_attacks(config, dataset)
    at = sum(len(tested) for tested in of_library["threat"].values())
    passes = 0
    for settings in evaluation["attacks"].values():
        if settings["kind"] == "pgd":
            passes += evaluation["examples"] * sizes * settings["steps"] * settings["restarts"]
        elif settings["kind"] == "autoattack":
            passes += of_library["examples"] * at * sum(_component(name, settings) for name in settings["components"])
        elif "steps" in ATTACKS[settings["kind"]].keys:
            passes += of_library["examples"] * CLASSES * settings["steps"]
    return passes * _per_image(job, config, job["model"])


def _component(name, settings):
    """Passes per image of one of AutoAttack's attacks; older settings leave out what is its default."""
    if name == "square":
        return settings.get("queries", 5000) * FORWARD
    return APGD_STEPS * (1 if name == "apgd-ce" else settings.get("targets", 9))


def _condense(job, config):
    method, ipc = split_name(job["training_set"])
    settings = at_budget(config["methods"][method], ipc)
    return settings["iterations"] * _iteration(settings, ipc) * _per_image(job, config, settings["model"])


def _iteration(settings, ipc):
    """Passes of an iteration."""
    if "synthetic_steps" in settings:
        return settings["synthetic_steps"] * SECOND_ORDER * (settings["batch_train"] or CLASSES * ipc)
    if "outer_loops" not in settings:  # of distribution matching
        return CLASSES * (settings["batch_real"] * FORWARD + ipc)
    outer = settings["outer_loops"] or min(ipc, 50)  # the references' numbers, nearly
    inner = settings["inner_loops"] or (500 // outer if outer > 1 else 1)
    return outer * CLASSES * (settings["batch_real"] + SECOND_ORDER * ipc) + outer * inner * CLASSES * ipc


def _expert(job, config):
    images = CLASSES * (smallest_class(source_settings(config, job["dataset"])) or 1000)
    return config["experts"]["epochs"] * images * _per_image(job, config, job["model"])


def _certify(job, config):
    smoothing = config["certificates"]["smoothing"]
    images = config["certificates"]["points"] * smoothing["samples"] * FORWARD
    return images * _per_image(job, config, job["model"])


def _trace(job, config):
    images = config["certificates"]["points"] * config["certificates"]["snapshots"]
    return images * _per_image(job, config, job["model"])


_RULES = {
    "train_model": _train,
    "attack_model": _attack,
    "condense_dataset": _condense,
    "train_expert": _expert,
    "certify_model": _certify,
    "trace_bound": _trace,
}
