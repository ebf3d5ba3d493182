"""What rules collect: for each, the runs that a study has for it and where their files lie, in the same order."""

from finitecover.study import claims, figures, paths, runs
from finitecover.study.kinds import FAMILIES
from finitecover.study.settings import titles

# Tables of the whole study that `collect_tables` joins from those of jobs: where these lie, and which jobs there are.
JOINED = {
    "transfer": (paths.TRANSFER, runs.transfer_runs),
    "certificates": (paths.CERTIFICATES, runs.certified_runs),
    "bounds": (paths.BOUND, runs.bounded_runs),
}
# Rules beside the makers of training sets whose jobs cost time, and the runs that they have a job for.
_COSTLY = {
    "download_dataset": runs.datasets,
    "prepare_dataset": runs.datasets,
    "embed_dataset": runs.spaces,
    "solve_cover": runs.all_covers,
    "verify_cover": runs.all_covers,
    "trace_frontier": figures.frontier_datasets,
    "cover_condensed": runs.condensed_covers,
    "verify_condensed_cover": runs.condensed_covers,
    "cover_imported": runs.imported_covers,
    "verify_imported_cover": runs.imported_covers,
    "train_expert": runs.experts,
    "score_images": runs.scores,
    "label_set": runs.labelled_runs,
    "train_model": runs.trained,
    "attack_model": runs.runs,
    "transfer_attacks": runs.transfer_runs,
    "certify_model": runs.certified_runs,
    "trace_bound": runs.bounded_runs,
}
# Where jobs with networks say how many images went through them.
_COUNTED = {
    "condense_dataset": paths.CONDENSED_SUMMARY,
    "train_expert": paths.EXPERT_COST,
    "score_images": paths.SCORES_COST,
    "train_model": paths.MODEL_COST,
    "attack_model": paths.ATTACK_COST,
    "certify_model": paths.CERTIFY_COST,
}
# Covers, and condensed and imported sets that are taken as covers: which there are, and where their tables, what was
# measured of them, and what the explorer shows lie.
_COVERS = (
    (runs.all_covers, paths.COVER_CLASSES, paths.COVER_VERIFIED, paths.COVER_EXPLORER),
    (
        runs.condensed_covers,
        paths.CONDENSED_COVER_CLASSES,
        paths.CONDENSED_COVER_VERIFIED,
        paths.CONDENSED_COVER_EXPLORER,
    ),
    (
        runs.imported_covers,
        paths.IMPORTED_COVER_CLASSES,
        paths.IMPORTED_COVER_VERIFIED,
        paths.IMPORTED_COVER_EXPLORER,
    ),
)
_WITHOUT_NETWORK = {
    "download_dataset",
    "prepare_dataset",
    "solve_cover",
    "verify_cover",
    "cover_condensed",
    "verify_condensed_cover",
    "cover_imported",
    "verify_imported_cover",
    "trace_frontier",
    "select_coreset",
}
IDENTITY = ("dataset", "training_set", "training", "model", "seed", "cover", "space", "expert")  # of a job, as columns


def features_of(config, dataset, training_set):
    """The features that a cover is chosen in: {"features": path}, or nothing where it is chosen in pixels."""
    method, _ = runs.split_name(training_set)
    space = config["methods"][method].get("space")
    return {"features": paths.fill(paths.FEATURES, {"dataset": dataset, "space": space})} if space else {}


def model_of(config, dataset, space):
    """The network whose features a space consists of: {"model": path}, trained on all images, with the first seed; or
    nothing where the space consists of principal components."""
    run = runs.network_of_space(config, dataset, space)
    return {"model": paths.fill(paths.MODEL, run)} if run else {}


def start_of(config, dataset, training_set, seed):
    """The set that a condensation starts from: {"start": path}, or nothing where it is real images or noise."""
    start = runs.start_of(config, training_set)
    return {"start": paths.training_set(config, {"dataset": dataset, "seed": seed, **start})} if start else {}


def teacher_of(config, dataset, training, model, seed):
    """The model that gives a training's labels, path; the seed may be text, as wildcards are."""
    run = {"dataset": dataset, "training": training, "model": model, "seed": seed}
    return paths.fill(paths.MODEL, runs.teacher_of(config, run))


def teacher_of_set(config, dataset, training_set, seed):
    """The model that a condensation works with: {"teacher": path}, or nothing where it names none."""
    method, _ = runs.split_name(training_set)
    teacher = runs.teacher_of_set(config, {"dataset": dataset, "method": method, "seed": seed})
    return {"teacher": paths.fill(paths.MODEL, teacher)} if teacher else {}


def experts_of(config, dataset, training_set):
    """The trajectories that a condensation follows, if it does."""
    method, _ = runs.split_name(training_set)
    settings = config["methods"][method]
    return trajectories(config, dataset, settings["model"]) if runs.algorithm(settings).experts else []


def trajectories(config, dataset, model):
    """The trajectories of all experts of a network."""
    shared = {"dataset": dataset, "model": model}
    return [paths.fill(paths.EXPERT, {**shared, "expert": number}) for number in range(config["experts"]["count"])]


def scores_of(config, dataset, training_set):
    """The scores that a coreset is chosen by: {"scores": path}, or nothing where it needs none."""
    method, _ = runs.split_name(training_set)
    settings = config["methods"][method]
    if not runs.algorithm(settings).experts:
        return {}
    return {"scores": paths.fill(paths.SCORES, {"dataset": dataset, "model": settings["model"]})}


def costly_jobs(config):
    """Every job of the study that costs time: dicts of rule, its identity (see `IDENTITY`), counted (whether it counts
    the passes through its network) and network (whether it has one)."""
    makers = {family.rule: (name,) for name, family in FAMILIES.items() if family.rule}
    of_rule = {rule: runs.made_sets(config, *families) for rule, families in makers.items()}
    of_rule |= {rule: expand(config) for rule, expand in _COSTLY.items()}
    return [
        {
            "rule": rule,
            **{key: run.get(key) for key in IDENTITY},
            "counted": rule in _COUNTED,
            "network": rule not in _WITHOUT_NETWORK,
        }
        for rule, jobs in sorted(of_rule.items())
        for run in jobs
    ]


def benchmarks(jobs):
    """Benchmark files of `costly_jobs`."""
    return [paths.fill(paths.benchmark(job["rule"]), job) for job in jobs]


def counts(jobs):
    """What those of them say that count."""
    return [paths.fill(_COUNTED[job["rule"]], job) for job in jobs if job["counted"]]


def condensed_runs(config):
    """Every condensed set of the study, its own and then imported ones: dicts of dataset, training_set, seed (None of
    an imported set)."""
    keys, sets = ("dataset", "training_set", "seed"), runs.made_sets(config, "condensation")
    return [{key: run.get(key) for key in keys} for run in sets + _imported_images(config)]


def _imported_images(config):
    """Imported sets whose images need not be training images."""
    sets = runs.made_sets(config, "imported")
    return [made for made in sets if config["methods"][made["method"]]["format"] != "indices"]


def condensed_summaries(config):
    """Summaries of `condensed_runs`."""
    own = paths.fill_all(paths.CONDENSED_SUMMARY, runs.made_sets(config, "condensation"))
    return own + paths.fill_all(paths.IMPORTED_SUMMARY, _imported_images(config))


def condensed_histories(config):
    """Histories of those of them that are the study's own, which come first."""
    return paths.fill_all(paths.CONDENSED_HISTORY, runs.made_sets(config, "condensation"))


def frontier_parts(config):
    """Tables of size against radius, as the figure shows them: dicts of dataset and path."""
    parts = []
    for asked in figures.frontier_datasets(config):
        dataset = asked["dataset"]
        learned = [run for run in figures.frontier_runs(config) if run["dataset"] == dataset]
        parts += [{"dataset": dataset, "path": paths.fill(paths.COVER_STEPS, run)} for run in learned]
        parts.append({"dataset": dataset, "path": paths.fill(paths.FRONTIER, asked)})
    return parts


def models_of_group(config, *group):
    """The models of one of the groups of `runs.transfer_runs`, paths."""
    return paths.fill_all(paths.MODEL, runs.runs_of_group(config, *group))


def sets_of_group(config, *group):
    """Names of their training sets, in the same order."""
    return [run["training_set"] for run in runs.runs_of_group(config, *group)]


def explored_covers(config):
    """What the report's explorer shows, paths: of every data set each kind of cover, at the largest budget, those of
    condensed sets with the first seed."""
    first, order = config["run"]["seeds"][0], config["run"]["datasets"]
    found = [(run, explorer) for find, _, _, explorer in _COVERS for run in find(config)]
    shown = [(run, explorer) for run, explorer in found if run.get("seed") in (None, first)]
    by_budget = sorted(shown, key=lambda one: one[0]["ipc"] or 0)
    largest = {  # in the study's order, which the first of each has; the last of each stays
        (run["dataset"], run["method"]): paths.fill(explorer, run) for run, explorer in [*shown, *by_budget]
    }
    return [largest[key] for key in sorted(largest, key=lambda key: order.index(key[0]))]


def covers(config):
    """Every cover of the study, and where what is told and what was measured of it lie: dicts of run (dataset,
    training_set, seed: None where it decides nothing), classes, verified."""
    return [
        {
            "run": {"dataset": run["dataset"], "training_set": run["training_set"], "seed": run.get("seed")},
            "classes": paths.fill(classes, run),
            "verified": paths.fill(verified, run),
        }
        for find, classes, verified, _ in _COVERS
        for run in find(config)
    ]


def shown_set_names(config, dataset):
    """Names of the training sets of a data set that are shown as images."""
    return [made["training_set"] for made in figures.shown_sets(config, dataset)]


def shown_set_paths(config, dataset):
    """Where those of a data set lie, with the first seed."""
    shared = {"dataset": dataset, "seed": config["run"]["seeds"][0]}
    return [paths.training_set(config, made | shared) for made in figures.shown_sets(config, dataset)]


def picture_paths(config, dataset):
    """Where the adversarial images lie that are shown of a data set."""
    return paths.fill_all(paths.PICTURES, figures.pictured_runs(config, dataset))


def picture_names(config, dataset):
    """Pairs of training set and training of their models."""
    return [[run["training_set"], run["training"]] for run in figures.pictured_runs(config, dataset)]


def shown_condensations(config, dataset):
    """Condensations of a data set, as the figure of them shows them: dicts of `runs.made_sets` and pictured, whether
    snapshots are shown: those of the smallest budget with the first seed."""
    pictured = (min(runs.budgets(config, dataset)), config["run"]["seeds"][0])
    return [
        run | {"pictured": (run["ipc"], run["seed"]) == pictured}
        for run in figures.condensations(config)
        if run["dataset"] == dataset
    ]


def histories(config, dataset):
    """Paths of the histories of `shown_condensations`."""
    return paths.fill_all(paths.CONDENSED_HISTORY, shown_condensations(config, dataset))


def snapshots(config, dataset):
    """Paths of the snapshots of those of them that are pictured."""
    pictured = [run for run in shown_condensations(config, dataset) if run["pictured"]]
    return paths.fill_all(paths.CONDENSED_SNAPSHOTS, pictured)


def compared_sets(config, claim):
    """The training sets of the runs that a claim compares, paths, in the order of `claims.compared_runs`."""
    return [paths.training_set(config, run) for run in claims.compared_runs(config, claim)]


def joined_paths(config, table):
    """The tables that `collect_tables` joins into one of `JOINED`."""
    template, expand = JOINED[table]
    return paths.fill_all(template, expand(config))


def joined_runs(config, table):
    """What identifies the jobs of `joined_paths`: dicts of columns."""
    _, expand = JOINED[table]
    return [{key: run[key] for key in run if key not in ("method", "ipc")} for run in expand(config)]


def joined_tables(config):
    """Names of the tables of `JOINED` that the study asks for."""
    return [name for name, (_, expand) in JOINED.items() if expand(config)]


def noted(config):
    """What the report has notes on: dicts of name and path of a summary, of every data set and imported set."""
    sets, called = runs.made_sets(config, "imported"), titles(config)
    found = [{"name": called[run["dataset"]], "path": paths.fill(paths.SUMMARY, run)} for run in runs.datasets(config)]
    return found + [
        {"name": f"{called[run['dataset']]}, {run['training_set']}", "path": paths.fill(paths.IMPORTED_SUMMARY, run)}
        for run in sets
    ]


def chosen_sets(config):
    """Every cover and coreset of the study: dicts of `runs.made_sets`, their seed None where it decides nothing."""
    found = runs.all_covers(config) + runs.made_sets(config, "coreset")
    return [{"seed": None} | made for made in found]


def free_covers(config):
    """Those of `chosen_sets` whose centres need not be training images."""
    return [made for made in chosen_sets(config) if runs.is_free(config["methods"][made["method"]])]


def images_of_indices(config, dataset, training_set):
    """What the places of an imported set's images count: {"train": path}, or nothing where the file has the images."""
    settings = config["methods"][runs.split_name(training_set)[0]]
    return {"train": paths.TRAIN.format(dataset=dataset)} if settings["format"] == "indices" else {}


def report_tables(config):
    """Names of the tables that the report shows."""
    condensed = ["condensed"] if condensed_runs(config) else []
    return ["summary", "gates", "covers", "costs", "provenance", *condensed, *joined_tables(config)]


def tables(config):
    """Every table of the study: {name: path}."""
    found = {name: paths.table(name) for name in ("runs", "indices", *report_tables(config))}
    return found | {"claims": paths.CLAIMS}
