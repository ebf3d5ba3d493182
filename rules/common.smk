"""Checks of the config, constraints of the wildcards, and the functions that rules use."""

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from finitecover import claims, configuration, estimates, locks
from finitecover.provenance import library_digest

try:
    configuration.check(config, Path(workflow.basedir) / "config" / "schema.yaml")
    CLAIMS = claims.read_claims((Path(workflow.basedir) / "config" / "claims.yaml").read_text())
except configuration.ConfigurationError as error:
    raise WorkflowError(f"Configuration refused: {error}") from None

if workflow.is_main_process and locks.break_stale_lock():
    logger.warning("The run that had locked this folder was killed; going on where it was.")


def note_this_run():
    """Leave a note of this run, unless its jobs may outlive it on a cluster."""
    if workflow.local_exec:
        locks.note_run()


def remark_on_cores():
    """Say what it does to ask for more cores than this machine has."""
    here = os.cpu_count()
    if workflow.local_exec and workflow.cores > here:
        logger.warning(
            f"--cores {workflow.cores}, but this machine has {here}: jobs will share them, and the core-hours measured "
            f"will be more than those used. --cores {here} gives each its own."
        )


def lift_limit_on_jobs_per_second():
    """Have Snakemake look at the jobs that are ready when one has ended, and not every second besides.

    Under its limit, which nobody but a cluster needs, it does that once a second for every job that has ended so far: in
    a study of a thousand jobs it takes a core.
    """
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


def print_estimate():
    """Say what the jobs to be run will take, by the figures kept of other runs."""
    jobs = [estimates.job_of(job.benchmark) for job in workflow.dag.needrun_jobs() if job.benchmark]
    results = Path(workflow.basedir) / "docs" / "results"
    found = estimates.estimate(jobs, config, results)
    if jobs and found:
        hours, known, kept, same = found
        settings = "the same" if same else "OTHER"
        logger.info(
            f"Estimate: {hours:.2f} core-hours for {known} of {len(jobs)} jobs that cost time, from what such jobs took "
            f"in docs/results/{kept} ({estimates.processor(results / kept)}), with {settings} settings."
        )


def print_cost():
    """Say what all jobs of the study took, where its table of costs was made."""
    costs = Path("results/tables/costs.csv")
    if costs.is_file():
        logger.info(
            f"Measured: {estimates.core_hours(costs):.2f} core-hours for all jobs in {costs}."
        )


def declared_threads():
    """{rule: cores that its jobs ask for}."""
    return {rule.name: rule.resources["_cores"].value for rule in workflow.rules}


def names_of(table):
    """Regular expression of the names of one of the config's maps, the longest first."""
    return "|".join(
        re.escape(name) for name in sorted(config[table], key=lambda name: (-len(name), name))
    )


wildcard_constraints:
    dataset=names_of("datasets"),
    subset=rf"({names_of('methods')})(-ipc[1-9][0-9]*)?",
    training=names_of("trainings"),
    model=names_of("models"),
    space=f"{configuration.PRINCIPAL_COMPONENTS}|{names_of('models')}",
    cover=rf"({names_of('methods')})(-ipc[1-9][0-9]*)?",
    seed=r"[0-9]+",
    expert=r"[0-9]+",
    claim="|".join(CLAIMS),


def code(script):
    """Digest of the modules that a script imports; a parameter of every rule, since Snakemake follows no imports."""
    return library_digest(Path(workflow.basedir) / "scripts" / f"{script}.py")


def training_set(wildcards):
    """The training set of a model."""
    return training_set_path(**{key: wildcards[key] for key in ("dataset", "subset", "seed")})


def training_sets():
    """The training set of every model of the study, in the study's order."""
    keys = ("dataset", "subset", "seed")
    return [training_set_path(*(run[key] for key in keys)) for run in configuration.runs(config)]


def training_set_path(dataset, subset, seed):
    """Where each family of training sets lives; the full set and covers do not depend on the seed."""
    method, _ = configuration.split_subset(subset)
    return {
        "full": "results/{dataset}/data/train.npy",
        "cover": "results/{dataset}/covers/{subset}/train.npy",
        "coreset": "results/{dataset}/coresets/{subset}/seed{seed}/train.npy",
        "condensation": "results/{dataset}/condensed/{subset}/seed{seed}/train.npy",
        "imported": "results/{dataset}/imported/{subset}/train.npy",
    }[config["methods"][method]["family"]].format(dataset=dataset, subset=subset, seed=seed)


def source_settings(wildcards):
    """Where a data set comes from."""
    return configuration.source_settings(config, wildcards.dataset)


def normalisation(wildcards):
    """Mean and standard deviation given for a data set; None where they are measured."""
    return config["datasets"][wildcards.dataset].get("normalisation")


def subset_settings(wildcards):
    """Settings of the method that makes a training set."""
    return configuration.method_settings(config, wildcards.dataset, wildcards.subset)


def cover_features(wildcards):
    """The features that a cover is chosen in, if it is."""
    space = subset_settings(wildcards).get("space")
    return {"features": f"results/{wildcards.dataset}/features/{space}.npy"} if space else {}


def embedding_model(wildcards):
    """The network whose features a space consists of, if it does: trained on all images, with the first seed."""
    if wildcards.space == configuration.PRINCIPAL_COMPONENTS:
        return {}
    seed = config["run"]["seeds"][0]
    path = "results/{dataset}/models/full/standard/{space}/seed{seed}/model.pt"
    return {"model": path.format(**wildcards, seed=seed)}


def frontier_settings(wildcards):
    """What the frontier of a data set asks for."""
    return configuration.frontier_settings(config, wildcards.dataset)


def experts(wildcards):
    """The trajectories that a condensation follows, if it does."""
    settings = subset_settings(wildcards)
    if settings["algorithm"] != "mtt":
        return []
    return expert_paths(wildcards.dataset, settings["model"])


def expert_paths(dataset, model):
    """Trajectories of the experts of a data set and a network."""
    pattern = f"results/{dataset}/experts/{model}/expert{{}}.npy"
    return [pattern.format(number) for number in range(config["experts"]["count"])]


def condensed_elsewhere(wildcards):
    """The file of an imported set."""
    return subset_settings(wildcards)["path"].replace("{dataset}", wildcards.dataset)


def condensation_model(wildcards):
    """Settings of the network whose features a condensation matches."""
    return config["models"][subset_settings(wildcards)["model"]]


def augmentation(wildcards):
    """Operations that a condensation may apply to a data set's images."""
    return config["datasets"][wildcards.dataset]["augmentation"]


def model_settings(wildcards):
    """Settings of a network."""
    return config["models"][wildcards.model]


def training_kind(wildcards):
    """The kind of a training."""
    return config["trainings"][wildcards.training]["kind"]


def training_settings(wildcards):
    """Settings of a training: adversary, augmentation, noise, optimisation."""
    return configuration.training_settings(config, wildcards.dataset, wildcards.training)


def threat_model(wildcards):
    """Norms and sizes of the perturbations that a model is attacked with."""
    return configuration.threat_model(config, wildcards.dataset)


def training_sizes(wildcards):
    """The size of perturbation per norm that a data set's models are trained against."""
    return configuration.headline(config)[wildcards.dataset]


def verdict(wildcards):
    """Where the attacks from libraries run."""
    return configuration.verdict(config, wildcards.dataset)


def kept_snapshots(wildcards):
    """How many states of a training are kept for its bound."""
    return configuration.snapshots(config, wildcards.subset, wildcards.training)


def strongest_name():
    """Name of the strongest attack of kind pgd."""
    attacks = configuration.attacks(config).items()
    return [name for name, settings in attacks if settings["kind"] == "pgd"][-1]


def strongest_descent():
    """Its settings."""
    return config["evaluation"]["attacks"][strongest_name()]


def every_run(pattern):
    """`pattern` filled in for every trained model of the study, in the study's order."""
    return [pattern.format(**run) for run in configuration.runs(config)]


def cover_subsets():
    """Names of the study's training sets that are covers."""
    family = {name: settings["family"] for name, settings in config["methods"].items()}
    return [
        name
        for name in configuration.subsets(config)
        if family[configuration.split_subset(name)[0]] == "cover"
    ]


def accuracy_figures():
    """Figures of accuracies that the study has something to show in."""
    run, trainings = config["run"], training_kinds().values()
    adversarial = [kind for kind, norm in trainings if norm in config["evaluation"]["norms"]]
    shown = {
        "tradeoff": True,
        "budgets": len(run["budgets"]) > 1 and len(adversarial) > 0,
        "sizes": "pgd" in adversarial or ["standard", None] in trainings,
        "costs": "pgd" in adversarial,
        "architectures": len(run["models"]) > 1 and len(adversarial) > 0,
    }
    return [f"results/figures/{figure}.png" for figure, wanted in shown.items() if wanted]


def frontier_figure():
    """The figure of size against radius, where the study knows something of it."""
    return ["results/figures/frontier.png"] if frontier_tables() else []


def frontier_tables():
    """Tables of size against radius: what label-wise covers in its norm learned, and what was asked for beside them."""
    methods, tables = config["methods"], []
    for dataset in config["run"]["datasets"]:
        for subset in cover_subsets():
            settings = methods[configuration.split_subset(subset)[0]]
            if settings["label_wise"] and settings["norm"] == config["frontier"]["norm"]:
                tables.append(f"results/{dataset}/covers/{subset}/steps.csv")
        if cover_subsets() and configuration.traces_frontier(config, dataset):
            tables.append(f"results/{dataset}/frontier.csv")
    return tables


def explored_covers():
    """What the report's explorer shows: of every data set each kind of cover, at the largest budget."""
    largest = {configuration.split_subset(subset)[0]: subset for subset in cover_subsets()}
    pattern = "results/{dataset}/covers/{subset}/explorer.json"
    return expand(pattern, dataset=config["run"]["datasets"], subset=largest.values())


def image_figures():
    """A figure of chosen and synthetic images per data set, where the study has any."""
    if not shown_subsets():
        return []
    return expand("results/figures/images_{dataset}.png", dataset=config["run"]["datasets"])


def shown_sets(wildcards):
    """Training sets shown as images: every method but the full set at its smallest budget, with the first seed."""
    seed = config["run"]["seeds"][0]
    return [training_set_path(wildcards.dataset, subset, seed) for subset in shown_subsets()]


def shown_subsets():
    """Names of the training sets that `shown_sets` lists."""
    smallest = min(config["run"]["budgets"])
    pairs = [(name, *configuration.split_subset(name)) for name in configuration.subsets(config)]
    return [
        name
        for name, method, ipc in pairs
        if ipc in (None, smallest) and config["methods"][method]["family"] != "full"
    ]


def condensed_outputs(name, made_elsewhere=True):
    """Files of this name beside every condensed set of the study: of its own, and of imported ones."""
    families = {"condensation", "imported"} if made_elsewhere else {"condensation"}
    paths = []
    for run in configuration.runs(config):
        method, _ = configuration.split_subset(run["subset"])
        if config["methods"][method]["family"] in families:
            path = training_set_path(*(run[key] for key in ("dataset", "subset", "seed")))
            paths.append(str(Path(path).with_name(name)))
    return list(dict.fromkeys(paths))


def condensed_table():
    """The table of condensed sets, where the study has any."""
    return ["results/tables/condensed.csv"] if condensed_outputs("summary.json") else []


def condensation_figures():
    """A figure per data set, where the study condenses."""
    if not condensed_outputs("history.csv", made_elsewhere=False):
        return []
    return expand("results/figures/condensation_{dataset}.png", dataset=config["run"]["datasets"])


def condensation_histories(wildcards):
    """Histories of all condensations of a data set."""
    paths = condensed_outputs("history.csv", made_elsewhere=False)
    return [path for path in paths if path.startswith(f"results/{wildcards.dataset}/")]


def condensation_snapshots(wildcards):
    """Snapshots of every condensation of a data set at the smallest budget, with the first seed."""
    smallest, seed = min(config["run"]["budgets"]), config["run"]["seeds"][0]
    paths = condensed_outputs("snapshots.npy", made_elsewhere=False)
    pattern = rf"results/{wildcards.dataset}/condensed/\S+-ipc{smallest}/seed{seed}/snapshots.npy"
    return [path for path in paths if re.fullmatch(pattern, path)]


def joined_runs(table):
    """What identifies the jobs behind a table that `collect_tables` joins: dicts of columns, none where it is not asked
    for."""
    return {
        "certificates": configuration.certified_runs,
        "bounds": configuration.bounded_runs,
        "transfer": configuration.transfer_runs,
    }[table](config)


def joined_parts(wildcards):
    """The table of each of these jobs."""
    pattern = {
        "certificates": "results/{dataset}/certificates/{subset}/{training}/{model}/seed{seed}/{cover}/certificates.csv",
        "bounds": "results/{dataset}/bounds/{subset}/{training}/{model}/seed{seed}.csv",
        "transfer": "results/{dataset}/transfer/{training}/{model}/seed{seed}.csv",
    }[wildcards.table]
    return [pattern.format(**run) for run in joined_runs(wildcards.table)]


def joined_outputs(pattern):
    """`pattern` filled in for each of these tables that the study asks for."""
    tables = ("transfer", "certificates", "bounds")
    return [pattern.format(table=table) for table in tables if joined_runs(table)]


def claim_accuracies(wildcards):
    """Accuracies of the models that a claim compares."""
    pattern = "results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/accuracies.csv"
    return [pattern.format(**run) for run in claim_runs(wildcards)]


def claim_runs(wildcards):
    """These models."""
    return claims.compared_runs(config, CLAIMS[wildcards.claim])


def claim_bounds(wildcards):
    """Bounds over the trainings that a claim is about."""
    pattern = "results/{dataset}/bounds/{subset}/{training}/{model}/seed{seed}.csv"
    return [pattern.format(**run) for run in claim_trainings(wildcards)]


def claim_trainings(wildcards):
    """These trainings."""
    return claims.traced_runs(config, CLAIMS[wildcards.claim])


def training_kinds():
    """{training: [kind, norm]} of the study's trainings; norm None where there is no adversary."""
    trainings = {name: config["trainings"][name] for name in config["run"]["trainings"]}
    return {name: [settings["kind"], settings.get("norm")] for name, settings in trainings.items()}


def transfer_models(wildcards):
    """Models that share all but their training set."""
    pattern = "results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/model.pt"
    return [pattern.format(subset=subset, **wildcards) for subset in transfer_subsets(wildcards)]


def transfer_subsets(wildcards):
    """Their training sets."""
    shared = {key: wildcards[key] for key in ("dataset", "training", "model")}
    shared["seed"] = int(wildcards.seed)
    return [run["subset"] for run in configuration.runs(config) if shared.items() <= run.items()]


def network_counts(wildcards):
    """Files that say how often jobs went through networks."""
    made = condensed_outputs("summary.json", made_elsewhere=False)
    made += [str(Path(path).with_suffix(".json")) for path in every_expert()]
    for kind in ("models", "attacks"):
        made += every_run(
            f"results/{{dataset}}/{kind}/{{subset}}/{{training}}/{{model}}/seed{{seed}}/cost.json"
        )
    pattern = (
        "results/{dataset}/certificates/{subset}/{training}/{model}/seed{seed}/{cover}/cost.json"
    )
    return made + [pattern.format(**run) for run in configuration.certified_runs(config)]


def every_expert():
    """Trajectories of all experts that the study's condensations follow."""
    paths = []
    for run in configuration.runs(config):
        method, _ = configuration.split_subset(run["subset"])
        if config["methods"][method].get("algorithm") == "mtt":
            paths += expert_paths(run["dataset"], config["methods"][method]["model"])
    return list(dict.fromkeys(paths))


def benchmarks(wildcards):
    """Benchmark files of every job that costs time."""
    patterns = [
        "results/benchmarks/download_dataset/{dataset}.tsv",
        "results/benchmarks/prepare_dataset/{dataset}.tsv",
        "results/benchmarks/train_model/{dataset}/{subset}/{training}/{model}/seed{seed}.tsv",
        "results/benchmarks/attack_model/{dataset}/{subset}/{training}/{model}/seed{seed}.tsv",
    ]
    of_family = {
        "cover": [
            "results/benchmarks/solve_cover/{dataset}/{subset}.tsv",
            "results/benchmarks/verify_cover/{dataset}/{subset}.tsv",
        ],
        "coreset": ["results/benchmarks/select_coreset/{dataset}/{subset}/seed{seed}.tsv"],
        "condensation": ["results/benchmarks/condense_dataset/{dataset}/{subset}/seed{seed}.tsv"],
    }
    files = []
    for run in configuration.runs(config):
        method, _ = configuration.split_subset(run["subset"])
        chosen = patterns + of_family.get(config["methods"][method]["family"], [])
        files += [pattern.format(**run) for pattern in chosen]
    files += [
        "results/benchmarks/trace_frontier/{}.tsv".format(Path(path).parts[1])
        for path in frontier_tables()
        if Path(path).name == "frontier.csv"
    ]
    files += [
        f"results/benchmarks/embed_dataset/{dataset}/{config['methods'][method]['space']}.tsv"
        for dataset in config["run"]["datasets"]
        for method in config["run"]["methods"]
        if "space" in config["methods"][method]
    ]
    for path in every_expert():
        dataset, _, model, expert = Path(path).with_suffix(".tsv").parts[1:]
        files.append(f"results/benchmarks/train_expert/{dataset}/{model}/{expert}")
    pattern = "results/benchmarks/certify_model/{dataset}/{subset}/{training}/{model}/seed{seed}/{cover}.tsv"
    files += [pattern.format(**run) for run in configuration.certified_runs(config)]
    pattern = "results/benchmarks/trace_bound/{dataset}/{subset}/{training}/{model}/seed{seed}.tsv"
    files += [pattern.format(**run) for run in configuration.bounded_runs(config)]
    pattern = "results/benchmarks/transfer_attacks/{dataset}/{training}/{model}/seed{seed}.tsv"
    files += [pattern.format(**run) for run in configuration.transfer_runs(config)]
    return sorted(set(files))
