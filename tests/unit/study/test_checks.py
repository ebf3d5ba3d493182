"""What a study may say: the shipped ones are accepted, mistakes are refused in one line that says what is right."""

import jsonschema
import numpy as np
import pytest
import yaml
from PIL import Image

from finitecover.study import checks, figures, kinds, runs, settings
from finitecover.study.catalogue import image_side, smallest_class
from finitecover.study.claims import read_claims
from finitecover.study.settings import ConfigurationError
from running import ROOT
from studies import SCHEMA, study


def changed(path, value):
    """The smoke study, with covers for a radius, and one value replaced; `path` as in "run.budgets"."""
    config = study("smoke")
    config["run"]["methods"].append("free-eta")
    *parents, last = path.split("/", 1) if "/" in path else path.split(".")
    place = config
    for key in parents:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return config


SHIPPED = sorted(path.stem for path in (ROOT / "config").glob("*.yaml"))
SHIPPED = [name for name in SHIPPED if name not in ("config", "schema", "claims")]


@pytest.mark.parametrize("names", [(), *((name,) for name in SHIPPED)])
def test_the_shipped_studies_are_accepted(names, tmp_path):
    config = study(*names)
    config["data"]["mirror"] = str(tmp_path)
    for name in ("cifar10-subset.npz", "cifar10-train.npz"):  # whatever is in them, it is not read yet
        np.savez(tmp_path / name, x_train=np.zeros((600, 32, 32, 3), np.uint8), y_train=np.arange(600) % 10)
    checks.check(config, SCHEMA)


def test_the_claims_are_about_what_there_is():
    claims = read_claims((ROOT / "config/claims.yaml").read_text())
    checks.check_claims(claims, study())
    checks.check_claims(claims, study("smoke"))


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ({"methods": ["mcf"], "kind": "pgd"}, "claims.mine.higher.methods: 'mcf' is not defined; choose from dc, dm"),
        ({"methods": ["mfc"], "kind": "pdg"}, "claims.mine.higher.kind: 'pdg' is not one of standard, gaussian, pgd"),
    ],
)
def test_a_claim_about_what_there_is_not_is_refused(side, message):
    claim = {"higher": side, "lower": {"methods": "same", "kind": "standard"}}
    with pytest.raises(ConfigurationError, match=message):
        checks.check_claims({"mine": claim}, study())


@pytest.mark.parametrize(
    ("constant", "name", "module"),
    [
        ("OWN_SELECTIONS", "random", "selections"),
        ("OWN_CONDENSATIONS", "dm", "condensations"),
        ("OWN_MODELS", "mlp", "models"),
    ],
)
def test_what_is_ones_own_may_not_be_called_like_what_is_built_in(constant, name, module, monkeypatch):
    monkeypatch.setattr(kinds, constant, ["mine", name])
    message = f"scripts/finitecover/own/{module}.py: {name} is built in; choose another name"
    with pytest.raises(ConfigurationError, match=message):
        checks.check(study("smoke"), SCHEMA)


def test_the_schema_lists_the_kinds_that_there_are():
    properties = yaml.safe_load(SCHEMA.read_text())["properties"]
    attacks = properties["evaluation"]["properties"]["attacks"]
    listed = {
        "source": (properties["datasets"], kinds.SOURCES),
        "family": (properties["methods"], kinds.FAMILIES),
        "kind": (properties["trainings"], kinds.TRAININGS),
    }
    for key, (section, table) in listed.items():
        assert set(section["additionalProperties"]["properties"][key]["enum"]) == set(table)
    assert set(attacks["additionalProperties"]["properties"]["kind"]["enum"]) == set(kinds.ATTACKS)
    keys = properties["methods"]["additionalProperties"]["properties"]
    algorithms = [algorithm for table in kinds.ALGORITHMS.values() for algorithm in table.values()]
    formats = kinds.FORMATS.values()
    used = {key for one in (*kinds.FAMILIES.values(), *algorithms, *formats) for key in (*one.keys, *one.optional)}
    assert set(keys) == used | {"family", "like"}
    assert set(keys["format"]["enum"]) == set(kinds.FORMATS)
    condensing = kinds.ALGORITHMS["condensation"].values()
    by_budget = {
        *kinds.FAMILIES["condensation"].keys,
        *(key for one in condensing for key in (*one.keys, *one.optional)),
    }
    listed = yaml.safe_load(SCHEMA.read_text())["$defs"]["condensation"]["properties"]
    assert set(listed) == by_budget - set(kinds.WHATEVER_THE_BUDGET)


def test_the_schema_is_one_and_describes_every_key():
    schema = yaml.safe_load(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)

    def undescribed(node, path=""):
        for key, value in node.get("properties", {}).items():
            here = f"{path}.{key}"
            if "description" not in value:
                yield here
            yield from undescribed(value, here)
            assert value.get("type") != "object" or "additionalProperties" in value, here
        if isinstance(node.get("additionalProperties"), dict):
            yield from undescribed(node["additionalProperties"], path)

    assert list(undescribed(schema)) == []


REFUSALS = [
    ("run.datasets", ["mnits"], "run.datasets: 'mnits' is not defined; choose from cifar10, cifar10-50k, cifar10-5k"),
    ("run.methods", ["mfc", "mcf"], "run.methods: 'mcf' is not defined; choose from dc, dm, dm-adversarial, dm-long"),
    ("run.trainings", ["pgd"], "run.trainings: 'pgd' is not defined; choose from gaussian, generalised-ibp-linf"),
    ("run.models", ["resnet"], "run.models: 'resnet' is not defined; choose from convnet"),
    ("run.methods", [], "run.methods: [] should be non-empty"),
    ("run.seeds", [0, 0], "run.seeds: [0, 0] has non-unique elements"),
    ("run.seeds", [-1], "run.seeds.0: -1 is less than the minimum of 0"),
    ("run.budgets", [0], "run.budgets.0: 0 is less than the minimum of 1"),
    ("run.budgets", [10, 140], "run.budgets: 140 images per class exceed the smallest class of digits, which has 139"),
    ("run.budget", [10], "run: unknown key 'budget'; allowed: budgets, datasets"),
    ("run.budgets", [2.0], "run.budgets.0: 2.0 is not of type 'integer'"),
    ("run.seeds", [int("9" * 20)], "run.seeds.0: 99999999999999999999 is greater than the maximum of 4294967295"),
    ("methods", {"x" * 61: {}}, f"methods: name '{'x' * 61}' is longer than 60 letters"),
    ("datasets.digits.eps.linf.train", "1e400000", "'1e400000' is not a fraction of at least 0, such as '8/255'"),
    ("run.seeds", [True], "run.seeds.0: True is not of type 'integer'"),
    ("optimisation.learning_rate", float("nan"), "optimisation.learning_rate: nan is not a finite number"),
    ("datasets.digits.radius", {"l2": float("inf")}, "datasets.digits.radius.l2: inf is not a finite number"),
    ("methods", {2024: {"family": "full"}}, "methods: name 2024 must be text; put it between quotes"),
    ("models", {False: {}}, "models: name False must be text; put it between quotes"),
    ("run", ..., "the configuration: 'run' is a required property"),
    ("datasets.digits.eps.linf.train", "8/0", "datasets.digits.eps.linf.train: '8/0' is not a fraction"),
    ("datasets.digits.eps.linf.test", ["0.1", "x"], "datasets.digits.eps.linf.test: 'x' is not a fraction"),
    ("datasets.digits.eps.linf.train", "-0.1", "'-0.1' is not a fraction of at least 0, such as '8/255'"),
    ("datasets.digits.eps.linf.train", 0.1, "datasets.digits.eps.linf.train: 0.1 is not of type 'string'"),
    ("datasets.digits.eps.linf.test", ["0.1", "3/2"], "3/2 exceeds 1, the range of a pixel"),
    ("datasets.digits.eps.linf.test", ["0.2"], "must contain the size of training, 0.1"),
    ("datasets.digits.eps.linf.test", ["0.1", "1/10"], "a size occurs twice in 0.1, 1/10"),
    ("datasets.digits.eps", {"l2": {"train": "1", "test": ["1"]}}, "training pgd-linf perturbs in linf, for which"),
    (
        "datasets.digits.radius",
        {"l1": 3},
        "datasets.digits.radius: method free-eta covers in l2, for which there is no",
    ),
    ("datasets.digits.radius", {"l2": -1}, "datasets.digits.radius.l2: -1 is less than the minimum of 0"),
    ("datasets.digits.source", "sklearn", "datasets.digits.source: 'sklearn' is not one of digits, torchvision"),
    ("datasets.digits.source", "npz", "datasets.digits: source npz needs path"),
    ("datasets.digits.path", "x.npz", "datasets.digits.path: not used by source digits; remove it"),
    ("datasets.mnist.name", "Mnist", "datasets.mnist.name: 'Mnist' is not one of MNIST, FashionMNIST"),
    ("datasets.digits.augmentation", "blur", "datasets.digits.augmentation: 'blur' does not match"),
    ("datasets/../../out", {}, "name '../../out' must be lower-case letters, digits and single hyphens"),
    ("methods//etc", {}, "name '/etc' must be lower-case letters, digits and single hyphens"),
    ("datasets/My Data", {}, "name 'My Data' must be lower-case letters, digits and single hyphens"),
    ("methods/mfc-ipc10", {"family": "full"}, "must not end in -ipc and a number"),
    ("methods.mfc.family", "covers", "methods.mfc.family: 'covers' is not one of full, cover, coreset, condensation"),
    ("methods.mfc.norm", "l3", "methods.mfc.norm: 'l3' is not one of l1, l2, linf"),
    ("methods.mfc.given", ..., "methods.mfc: family cover needs given"),
    (
        "methods.mfc.iterations",
        3,
        "methods.mfc.iterations: not used by family cover; allowed: centres, density, family, given, label_wise",
    ),
    ("trainings.pgd-linf-teacher.teacher", ..., "trainings.pgd-linf-teacher: labels: teacher needs teacher, the name"),
    ("trainings.pgd-linf-teacher.teacher", "x", "trainings.pgd-linf-teacher.teacher: 'x' is not defined; choose from"),
    (
        "trainings.pgd-linf-teacher.teacher",
        "pgd-linf-teacher",
        "pgd-linf-teacher has a teacher itself; choose one with",
    ),
    (
        "trainings.pgd-linf-teacher.teacher_model",
        "vgg",
        "trainings.pgd-linf-teacher.teacher_model: 'vgg' is not defined",
    ),
    ("trainings.pgd-linf-teacher.temperature", 0, "temperature: 0 is less than or equal to the minimum of 0"),
    (
        "trainings.pgd-linf-teacher.hard_share",
        2,
        "trainings.pgd-linf-teacher.hard_share: 2 is greater than the maximum",
    ),
    ("trainings.pgd-linf.labels", "soft", "trainings.pgd-linf.labels: 'soft' is not one of hard, teacher"),
    ("trainings.pgd-linf.temperature", 2, "trainings.pgd-linf.temperature: only with labels: teacher; remove it"),
    ("trainings.ibp-linf.labels", "teacher", "trainings.ibp-linf.labels: interval bounds are those of one class"),
    ("run.trainings", ["pgd-linf-teacher"], "the study trains no convnet on all images by pgd-linf; add full to"),
    ("methods.mfc.uncovered", 1, "methods.mfc.uncovered: 1 is greater than or equal to the maximum of 1"),
    ("methods.mfc.slack", 0, "methods.mfc.slack: 0 is less than or equal to the minimum of 0"),
    ("methods.mfc.density", 2, "methods.mfc.density: 2 is greater than the maximum of 1"),
    ("methods.mfc.space", "vgg", "methods.mfc.space: 'vgg' is not defined; choose from convnet"),
    ("methods.free.power", 0.5, "methods.free.power: 0.5 is less than the minimum of 1"),
    ("methods.free.power", 65, "methods.free.power: 65 is greater than the maximum of 64"),
    ("methods.noise", {"family": "full"}, "methods.noise: condensations may start from noise; choose another name"),
    ("methods.free.power", float("inf"), "methods.free.power: inf is not a finite number; write the word inf"),
    ("methods.free.power", "big", "methods.free.power: 'big' does not match"),
    ("methods.free.norm", "linf", "methods.free.power: no free centres of power 2 in linf; choose l2, or power 1 in"),
    ("methods.free.label_wise", False, "methods.free.label_wise: free centres have the label of their class; set it"),
    ("methods.free.slack", 0.5, "methods.free.slack: not used by covers with free centres; remove it"),
    ("methods.free-eta.power", 2, "methods.free-eta.power: inf alone, where a radius is given"),
    ("methods.mfc.power", 2, "methods.mfc.power: only covers with centres: free; remove it"),
    ("methods.mfc.centres", "free", "methods.mfc: centres: free needs power"),
    ("methods.mfc.cover", "l2", "methods.mfc.cover: not used by family cover"),
    ("methods.dm.start", "fre", "methods.dm.start: 'fre' is not defined; choose from"),
    ("methods.dm.start", "dc", "methods.dm.start: dc is no coreset and no label-wise cover that is given a budget"),
    ("methods.dm.start", "mfc-eta", "methods.dm.start: mfc-eta is no coreset and no label-wise cover that is given"),
    ("methods.dm.by_budget", {"10": {"start": "full"}}, "methods.dm.start: full is no coreset and no label-wise"),
    ("methods.mfc-eta.slack", 0.5, "methods.mfc-eta.slack: only covers that are given a budget; remove it"),
    ("methods.medoids.uncovered", 0.1, "methods.medoids.uncovered: with density 1 no centre is chosen by covering"),
    ("methods.mfc.time_limit", 0, "methods.mfc.time_limit: 0 is less than or equal to the minimum of 0"),
    ("methods.kmeans.algorithm", "kmean", "methods.kmeans.algorithm: 'kmean' is not one of random, kcenter"),
    ("methods.easycore.model", ..., "methods.easycore: family coreset needs model"),
    ("methods.easycore.model", "resnet", "methods.easycore.model: 'resnet' is not defined; choose from convnet"),
    ("methods.random.model", "convnet", "methods.random.model: not used by family coreset; allowed: algorithm, family"),
    ("methods.dm-adversarial.teacher", ..., "methods.dm-adversarial: family condensation needs teacher"),
    ("methods.dm-adversarial.teacher", "pgd", "methods.dm-adversarial.teacher: 'pgd' is not defined; choose from"),
    (
        "methods.dm-adversarial.teacher",
        "standard",
        "methods.dm-adversarial.teacher: standard is of kind standard; choose one of kind pgd or trades",
    ),
    (
        "methods.dm-adversarial.teacher",
        "generalised-l2",
        "methods.dm-adversarial.teacher: generalised-l2 is of kind generalised; choose one of kind pgd or trades",
    ),
    (
        "methods.dm-adversarial.teacher",
        "pgd-linf-teacher",
        "methods.dm-adversarial.teacher: pgd-linf-teacher has a teacher itself; choose one with hard labels",
    ),
    ("methods.dm.teacher", "pgd-linf", "methods.dm.teacher: not used by family condensation; allowed: algorithm"),
    (
        "run.methods",
        ["full", "dm-adversarial"],
        "methods.dm-adversarial.teacher: the study trains no convnet on all images by pgd-linf-long; add full to "
        "run.methods, pgd-linf-long to run.trainings, convnet to run.models",
    ),
    ("methods.mtt.latest_start", 9, "methods.mtt: latest_start and expert_epochs reach epoch 9; experts have 3"),
    ("methods.dm.by_budget", {}, "methods.dm.by_budget: {} should be non-empty"),
    ("methods.dm.by_budget", {10: {}}, "methods.dm.by_budget.10: {} should be non-empty"),
    (
        "methods.dm.by_budget",
        {0: {"learning_rate": 1}},
        "methods.dm.by_budget: 0 is no number of images per class; write one of at least 1, such as 100",
    ),
    ("methods.dm.by_budget", {"ten": {"learning_rate": 1}}, "methods.dm.by_budget: 'ten' is no number of images per"),
    ("methods.dm.by_budget", {1.5: {"learning_rate": 1}}, "methods.dm.by_budget: 1.5 is no number of images per class"),
    ("methods.dm.by_budget", {"1.5": {"learning_rate": 1}}, "methods.dm.by_budget: '1.5' is no number of images per"),
    (
        "methods.dm.by_budget",
        {10: {"model": "mlp"}},
        "methods.dm.by_budget.10: unknown key 'model'; allowed: batch_real",
    ),
    (
        "methods.dm.by_budget",
        {10: {"learning_rate": 0}},
        "methods.dm.by_budget.10.learning_rate: 0 is less than or equal",
    ),
    (
        "methods.dm.by_budget",
        {10: {"latest_start": 2}},
        "methods.dm.by_budget.10.latest_start: not used by algorithm dm; allowed: batch_real, iterations, "
        "learning_rate, momentum, start",
    ),
    (
        "methods.mtt.by_budget",
        {1: {"latest_start": 2}, "50": {"latest_start": 9}},
        "methods.mtt.by_budget.50: latest_start and expert_epochs reach epoch 9; experts have 3",
    ),
    ("methods.random.by_budget", {10: {"start": "real"}}, "methods.random.by_budget: not used by family coreset"),
    ("methods.dc.outer_loops", ..., "methods.dc: family condensation needs outer_loops"),
    ("methods.dm.algorithm", "mtt2", "methods.dm.algorithm: 'mtt2' is not one of dc, dsa, dm, dm-adversarial, mtt"),
    ("methods.dm.model", "resnet", "methods.dm.model: 'resnet' is not defined; choose from convnet"),
    ("methods.dm.momentum", 1, "methods.dm.momentum: 1 is greater than or equal to the maximum of 1"),
    ("trainings.standard.norm", "linf", "trainings.standard.norm: not used by kind standard; remove it"),
    ("trainings.pgd-linf.updates", 0, "trainings.pgd-linf.updates: 0 is less than or equal to the minimum of 0"),
    ("trainings.pgd-linf.methods", ["mcf"], "trainings.pgd-linf.methods: 'mcf' is not defined; choose from dc, dm"),
    ("evaluation.norms", [], "evaluation.norms: [] should be non-empty"),
    ("evaluation.norms", ["l2"], "evaluation.norms: training pgd-linf perturbs in linf, which is not among them"),
    ("evaluation.norms", ["l1"], "evaluation.norms.0: 'l1' is not one of linf, l2"),
    ("trainings.weighted-linf.sigma", 1, "trainings.weighted-linf.sigma: not used by kind weighted; remove it"),
    ("trainings.pgd-linf.beta", 6, "trainings.pgd-linf.beta: not used by kind pgd; remove it"),
    ("trainings.trades-linf.beta", ..., "trainings.trades-linf: kind trades needs beta"),
    ("trainings.ibp-linf.kappa", ..., "trainings.ibp-linf: kind ibp needs kappa"),
    ("trainings.ibp-linf.steps", 7, "trainings.ibp-linf.steps: not used by kind ibp; remove it"),
    ("trainings.ibp-linf.kappa", 2, "trainings.ibp-linf.kappa: 2 is greater than the maximum of 1"),
    ("trainings.gaussian.sigma", 0, "trainings.gaussian.sigma: 0 is less than or equal to the minimum of 0"),
    ("trainings.pgd-linf.sigma", 1, "trainings.pgd-linf.sigma: not used by kind pgd; remove it"),
    ("models.mlp.norm", "none", "models.mlp.norm: not used by architecture mlp; remove it"),
    ("models.convnet.norm", "batch", "models.convnet.norm: 'batch' is not one of instance, none"),
    ("run.trainings", ["ibp-linf"], "interval bounds a network without norm"),
    (
        "optimisation.validation",
        0.2,
        "optimisation.validation: generalised training needs the whole cover",
    ),
    ("evaluation.attacks", {"aa": {"kind": "autoattack", "components": ["square"]}}, "one of kind pgd is needed"),
    ("evaluation.attacks.pgd.kind", ..., "evaluation.attacks.pgd: 'kind' is a required property"),
    ("evaluation.attacks.pgd.kind", "autoattack", "evaluation.attacks.pgd: kind autoattack needs components"),
    ("evaluation.attacks.pgd.algorithm", "cw", "evaluation.attacks.pgd.algorithm: not used by kind pgd; remove it"),
    ("evaluation.attacks.deepfool.algorithm", "fmn", "algorithm: 'fmn' is not one of deepfool, cw"),
    ("evaluation.attacks.autoattack.components", ["apgd"], "'apgd' is not one of apgd-ce, apgd-t, fab-t, square"),
    ("evaluation.library_attacks.sizes", "some", "evaluation.library_attacks.sizes: 'some' is not one of train, all"),
    ("evaluation.library_attacks.examples", 5, "evaluation.library_attacks.examples: 5 is less than the minimum of 10"),
    ("evaluation.transfer", 5, "evaluation.transfer: 5 is less than the minimum of 10"),
    ("certificates.snapshots", 50, "certificates.snapshots: 50 is greater than the maximum of 20"),
    ("certificates.smoothing.alpha", 1, "certificates.smoothing.alpha: 1 is greater than or equal to the maximum of 1"),
    ("trainings.pgd-linf.steps", ..., "trainings.pgd-linf: kind pgd needs steps"),
    ("trainings.pgd-linf.norm", "l1", "trainings.pgd-linf.norm: 'l1' is not one of linf, l2"),
    ("models.convnet.depth", 3, "models.convnet.depth: 3 is too deep for the 8x8 images of digits; at most 2"),
    ("models.convnet.architecture", "vgg", "models.convnet.architecture: 'vgg' is not one of convnet, mlp, resnet"),
    ("evaluation.attacks", {"mine": {"kind": "own", "function": "noise"}}, "no function 'noise' of your own"),
    ("optimisation.precision", "float16", "optimisation.precision: 'float16' is not one of auto, float32, bfloat16"),
    ("optimisation.epochs", 3, "optimisation: unknown key 'epochs'; allowed: batch_size, learning_rate"),
    ("optimisation.steps", 1.5, "optimisation.steps: 1.5 is not of type 'integer'"),
    ("evaluation.attacks", {}, "evaluation.attacks: {} should be non-empty"),
    (
        "evaluation.attacks",
        {"worst": {"kind": "autoattack", "components": ["square"]}},
        "evaluation.attacks.worst: rows of results are called worst; choose another name",
    ),
    ("evaluation.attacks.pgd.restarts", 0, "evaluation.attacks.pgd.restarts: 0 is less than the minimum of 1"),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSALS, ids=[f"{r[0]}={r[1]}"[:60] for r in REFUSALS])
def test_mistakes_are_refused_in_one_line(path, value, message):
    with pytest.raises(ConfigurationError) as refusal:
        checks.check(changed(path, value), SCHEMA)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_generalised_training_alone_needs_a_cover():
    config = study("smoke")
    config["run"] |= {"methods": ["random"], "trainings": ["generalised-l2"]}
    with pytest.raises(ConfigurationError, match="generalised training needs a label-wise cover"):
        checks.check(config, SCHEMA)


def test_the_frontier_asks_for_the_budgets_and_the_radius_of_the_study():
    config = study("smoke")
    asked = settings.frontier_settings(config, "digits")
    assert (asked["budgets"], asked["radii"]) == ([10], [config["datasets"]["digits"]["radius"]["l2"]])
    config["frontier"] |= {"budgets": [3, 4], "radii": []}
    asked = settings.frontier_settings(config, "digits")
    assert (asked["budgets"], asked["radii"]) == ([3, 4], [])
    config["frontier"]["budgets"] = [10**6]
    with pytest.raises(
        ConfigurationError, match=r"frontier.budgets: 1000000 centres exceed the smallest class of digits"
    ):
        checks.check(config, SCHEMA)


def test_a_path_may_lead_into_the_mirror(tmp_path):
    config = study("cifar10-50k")
    with pytest.raises(ConfigurationError, match=r"datasets.cifar10-50k.path: names \{mirror\}, but data.mirror"):
        checks.check(config, SCHEMA)
    config["data"]["mirror"] = str(tmp_path)
    with pytest.raises(ConfigurationError, match=r"datasets.cifar10-50k.path: there is no file .*cifar10-train.npz"):
        checks.check(config, SCHEMA)
    (tmp_path / "cifar10-train.npz").touch()
    checks.check(config, SCHEMA)
    found = settings.source_settings(config, "cifar10-50k")
    assert found == {"source": "npz", "path": f"{tmp_path}/cifar10-train.npz"}


def test_a_folder_must_be_there_before_any_work_is_done(tmp_path):
    config = study("smoke")
    config["run"]["datasets"] = ["mine"]
    config["datasets"]["mine"] = config["datasets"]["digits"] | {"source": "folder", "path": str(tmp_path / "none")}
    with pytest.raises(ConfigurationError, match=r"datasets.mine.path: there is no folder .*none"):
        checks.check(config, SCHEMA)


def test_an_imported_set_must_exist_for_every_data_set(tmp_path):
    config = study("smoke")
    config["methods"]["theirs"] = {
        "family": "imported",
        "format": "dc",
        "path": str(tmp_path / "{dataset}.pt"),
        "experiment": 0,
    }
    config["run"]["methods"] = ["theirs"]
    with pytest.raises(ConfigurationError, match=r"methods.theirs.path: there is no file .*digits.pt"):
        checks.check(config, SCHEMA)
    (tmp_path / "digits.pt").touch()
    checks.check(config, SCHEMA)
    assert [made["training_set"] for made in runs.training_sets(config, "digits")] == ["theirs"]


def test_what_each_format_of_an_imported_set_needs_is_told(tmp_path):
    (tmp_path / "theirs").touch()
    config = study("smoke")
    theirs = {"family": "imported", "path": str(tmp_path / "theirs")}
    config["methods"]["theirs"], config["run"]["methods"] = theirs, ["theirs"]
    config["run"]["trainings"] = ["pgd-linf"]
    for more, told in (
        ({}, "needs format"),
        ({"format": "dc"}, "format dc needs experiment"),
        ({"format": "indices", "experiment": 0}, "format indices needs training_set"),
        ({"format": "npz", "experiment": 0}, "experiment: not used by format npz"),
        ({"format": "npz", "normalisation": {"mean": [0], "std": [1]}}, "normalisation: not used by format npz"),
        ({"format": "npz", "path": "results/tables/indices.csv"}, "every study writes results/tables/indices.csv anew"),
    ):
        config["methods"]["theirs"] = theirs | more
        with pytest.raises(ConfigurationError, match=rf"methods\.theirs.*{told}"):
            checks.check(config, SCHEMA)
    for more in ({"format": "npz"}, {"format": "indices", "training_set": "mfc-ipc1", "experiment": 0}):
        config["methods"]["theirs"] = theirs | more
        checks.check(config, SCHEMA)


def test_a_data_set_may_have_budgets_of_its_own():
    config = study("smoke")
    config["datasets"]["mine"] = config["datasets"]["digits"] | {"budgets": [3, 5]}
    config["run"]["datasets"] = ["digits", "mine"]
    checks.check(config, SCHEMA)
    asked = {name: {run["ipc"] for run in runs.runs(config) if run["dataset"] == name} for name in ("digits", "mine")}
    assert asked == {"digits": {None, 10}, "mine": {None, 3, 5}}
    covered = {(run["dataset"], run["ipc"]) for run in runs.all_covers(config)}
    assert covered == {("digits", 10), ("mine", 3), ("mine", 5)}
    assert {made["ipc"] for made in figures.shown_sets(config, "mine")} == {5}
    config["datasets"]["mine"]["budgets"] = [140]
    with pytest.raises(ConfigurationError, match=r"datasets.mine.budgets: 140 images per class exceed .* mine, .* 139"):
        checks.check(config, SCHEMA)


def test_an_imported_set_is_a_cover_where_its_images_per_class_are_told(tmp_path):
    (tmp_path / "theirs.pt").touch()
    config = study("smoke")
    theirs = {"family": "imported", "format": "dc", "path": str(tmp_path / "theirs.pt"), "experiment": 0, "cover": "l2"}
    config["methods"]["theirs"], config["run"]["methods"] = theirs, ["theirs"]
    config["run"]["trainings"] = ["generalised-l2"]
    del config["trainings"]["generalised-l2"]["methods"]
    with pytest.raises(ConfigurationError, match=r"methods.theirs: cover and ipc, the images per class in the file"):
        checks.check(config, SCHEMA)
    theirs["ipc"] = 10
    checks.check(config, SCHEMA)
    assert {made["training_set"] for made in runs.covers(config, "digits")} == {"theirs"}
    assert settings.cover_settings(config, "digits", "theirs") == {
        "given": "budget",
        "label_wise": True,
        "centres": "free",
        "norm": "l2",
        "ipc": 10,
    }
    assert {run["training_set"] for run in runs.bounded_runs(config)} == {"theirs"}


def test_own_data_is_counted_before_anything_runs(tmp_path):
    np.savez(tmp_path / "mine.npz", y_train=np.array([0, 0, 0, 1, 1]))
    config = study("smoke")
    config["datasets"]["mine"] = {
        "source": "npz",
        "path": str(tmp_path / "mine.npz"),
        "eps": config["datasets"]["digits"]["eps"],
        "radius": {"l2": 1},
        "augmentation": "",
    }
    config["run"]["datasets"] = ["mine"]
    with pytest.raises(ConfigurationError, match="10 images per class exceed the smallest class of mine, which has 2"):
        checks.check(config, SCHEMA)


@pytest.mark.parametrize(("shape", "side"), [((4, 9, 8), 8), ((4, 9, 8, 3), 8), ((4, 3, 9, 8), 8), ((4, 8), None)])
def test_the_side_of_own_images_is_known_from_the_head_of_their_file(shape, side, tmp_path):
    np.savez_compressed(tmp_path / "mine.npz", x_train=np.zeros(shape))
    assert image_side({"source": "npz", "path": str(tmp_path / "mine.npz")}) == side


def test_a_network_too_deep_for_the_images_that_it_is_to_embed_is_refused():
    config = study("smoke")
    config["models"]["deep"] = config["models"]["convnet"] | {"depth": 3}
    config["methods"]["mfc-features"]["space"] = "deep"
    checks.check(config, SCHEMA)
    config["run"]["methods"].append("mfc-features")
    with pytest.raises(ConfigurationError, match=r"models\.deep\.depth: 3 is too deep for the 8x8 images"):
        checks.check(config, SCHEMA)
    config["methods"]["mfc-features"]["space"] = "pca"
    checks.check(config, SCHEMA)


def test_a_training_that_no_set_is_for_has_no_figures():
    config = study("smoke")
    config["run"] |= {"methods": ["random", "mfc"], "trainings": ["generalised-linf", "pgd-linf-long"]}
    assert settings.training_kinds(config) == {"generalised-linf": ["generalised", "linf"]}
    assert not {"sizes", "costs"} & {figure["name"] for figure in figures.of_study(config)}


def test_a_network_too_deep_for_own_images_is_refused_before_anything_runs(tmp_path):
    config = study("smoke")
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(40):
            Image.new("L", (8, 12)).save(tmp_path / f"photos/{name}/{number}.png")
    np.savez(tmp_path / "mine.npz", x_train=np.zeros((9, 8, 8)), y_train=np.arange(9) // 5)
    config["run"] |= {"datasets": ["mine"], "budgets": [1]}
    config["models"]["convnet"]["depth"] = 4
    for source, path in (("npz", "mine.npz"), ("folder", "photos")):
        mine = config["datasets"]["digits"] | {"source": source, "path": str(tmp_path / path)}
        config["datasets"]["mine"] = mine | ({"test_share": 0.2} if source == "folder" else {})
        message = "models.convnet.depth: 4 is too deep for the 8x8 images of mine; at most 2"
        with pytest.raises(ConfigurationError, match=message):
            checks.check(config, SCHEMA)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--cores 2", False),
        ("--configfile a.yaml b.yaml", False),
        ("--configfile a.yaml --configfile b.yaml", True),
        ("--configfile=a.yaml -n --configfiles b.yaml", True),
    ],
)
def test_overlays_that_snakemake_forgets_are_told(arguments, told):
    line = checks.forgotten_overlays(["snakemake", *arguments.split()])
    assert (line or "").startswith("Snakemake uses only the last of several --configfile") == told


def test_a_data_set_needs_sizes_in_one_of_the_norms_of_the_evaluation():
    config = study("smoke")
    config["run"]["trainings"] = ["standard"]
    del config["datasets"]["digits"]["eps"]["l2"]
    checks.check(config, SCHEMA)
    config["evaluation"]["norms"] = ["l2"]
    with pytest.raises(ConfigurationError, match=r"datasets.digits.eps: no sizes in any of evaluation.norms, l2"):
        checks.check(config, SCHEMA)


def test_a_label_that_is_no_class_needs_no_memory_to_be_counted(tmp_path):
    np.savez(tmp_path / "mine.npz", y_train=np.array([0, 0, 1, 1, 2 * 10**9]))
    assert smallest_class({"source": "npz", "path": str(tmp_path / "mine.npz")}) == 1


def test_trainings_that_run_on_no_set_of_the_study_are_told():
    config = study()
    assert checks.idle_trainings(config) is None
    config["run"]["methods"] = ["full", "kmeans"]
    line = checks.idle_trainings(config)
    assert line.startswith("generalised-linf (for mfc), pgd-linf-teacher (for random, free, dm): no set of this study")
