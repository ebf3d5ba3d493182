"""What rules collect, and what the figures of a study are."""

from finitecover.study import figures, outputs, settings
from finitecover.study.figures import FIGURES
from studies import SMOKE_FIGURES, study


def changed(**lists):
    config = study("smoke")
    config["run"] |= lists
    return config


def test_every_job_that_costs_time_is_listed_once_with_its_files():
    jobs = outputs.costly_jobs(study("smoke"))
    count = {}
    for job in jobs:
        count[job["rule"]] = count.get(job["rule"], 0) + 1
    assert count == {
        "attack_model": 24,
        "condense_dataset": 6,
        "cover_condensed": 3,
        "download_dataset": 1,
        "prepare_dataset": 1,
        "select_coreset": 3,
        "solve_cover": 2,  # one that condensation starts from
        "trace_bound": 9,
        "trace_frontier": 1,
        "train_expert": 2,
        "label_set": 3,
        "train_model": 24,
        "transfer_attacks": 3,
        "verify_condensed_cover": 3,
        "verify_cover": 2,
    }
    assert len(set(outputs.benchmarks(jobs))) == len(jobs)
    assert len(outputs.counts(jobs)) == 24 + 24 + 6 + 2
    (expert, *_) = [job for job in jobs if job["rule"] == "train_expert"]
    assert {key: value for key, value in expert.items() if value is not None} == {
        "rule": "train_expert",
        "dataset": "digits",
        "model": "convnet",
        "expert": 0,
        "counted": True,
        "network": True,
    }
    assert outputs.benchmarks([expert]) == ["results/benchmarks/train_expert/digits/convnet/expert0.tsv"]
    assert outputs.counts([expert]) == ["results/digits/experts/convnet/expert0.json"]
    assert {job["rule"] for job in jobs if not job["network"]} >= {"solve_cover", "select_coreset", "verify_cover"}


def test_spaces_of_covers_are_embedded_once_per_data_set():
    config = changed(methods=["mfc", "mfc-pca", "mfc-features"])
    jobs = [job for job in outputs.costly_jobs(config) if job["rule"] == "embed_dataset"]
    assert [job["space"] for job in jobs] == ["pca", "convnet"]


def test_a_network_whose_features_covers_are_chosen_in_is_trained_once_and_costs_time():
    standard = {"rule": "train_model", "training_set": "full", "training": "standard", "model": "convnet", "seed": 0}
    for methods, trainings in ((["mfc-features"], ["pgd-l2"]), (["full", "mfc-features"], ["standard", "pgd-l2"])):
        jobs = outputs.costly_jobs(changed(methods=methods, trainings=trainings, models=["convnet"]))
        assert sum(standard.items() <= job.items() for job in jobs) == 1


def test_condensed_sets_are_those_of_the_study_with_their_histories():
    runs = outputs.condensed_runs(study("smoke"))
    assert [(run["training_set"], run["seed"]) for run in runs] == [
        (f"{method}-ipc10", seed) for method in ("free-dm", "mtt") for seed in (0, 1, 2)
    ]
    assert outputs.condensed_histories(study("smoke"))[0] == "results/digits/condensed/free-dm-ipc10/seed0/history.csv"
    assert len(outputs.condensed_summaries(study("smoke"))) == len(runs)
    config = changed(methods=["theirs"])
    config["methods"]["theirs"] = {"family": "imported", "format": "dc", "path": "x.pt", "experiment": 0}
    (imported,) = outputs.condensed_runs(config)
    assert (imported["seed"], outputs.condensed_histories(config)) == (None, [])
    assert outputs.condensed_summaries(config) == ["results/digits/imported/theirs/summary.json"]
    config["methods"]["theirs"]["format"] = "indices"  # training images, whoever chose them
    assert outputs.condensed_runs(config) == outputs.condensed_summaries(config) == []


def test_what_no_model_is_trained_on_is_not_made():
    config = changed(methods=["random", "mfc"], trainings=["generalised-l2"])
    assert not any(job["rule"] == "select_coreset" for job in outputs.costly_jobs(config))


def test_the_frontier_joins_what_covers_learn_with_what_is_asked_for():
    parts = outputs.frontier_parts(study("smoke"))
    names = [part["path"].removeprefix("results/digits/") for part in parts]
    assert names == ["covers/mfc-ipc10/steps.csv", "frontier.csv"]  # free centres are another question
    assert outputs.frontier_parts(study()) == []  # what covers learn on their way would be an empty panel
    assert outputs.frontier_parts(changed(methods=["random"])) == []
    assert len(outputs.frontier_parts(changed(methods=["mfc", "mfc-blind"]))) == 2  # a label-blind cover has no classes


def test_images_are_shown_at_the_budget_nearest_to_ten_with_the_first_seed():
    config = changed(methods=["full", "random", "mfc-eta", "dm"], budgets=[50, 5], seeds=[3, 4])
    assert outputs.shown_set_names(config, "digits") == ["random-ipc5", "mfc-eta", "dm-ipc5"]
    assert outputs.shown_set_paths(config, "digits") == [
        "results/digits/coresets/random-ipc5/seed3/train.npy",
        "results/digits/covers/mfc-eta/train.npy",
        "results/digits/condensed/dm-ipc5/seed3/train.npy",
    ]
    shown = outputs.shown_condensations(config, "digits")
    assert [(run["ipc"], run["seed"]) for run in shown if run["pictured"]] == [(5, 3)]
    assert len(outputs.histories(config, "digits")) == 4
    assert outputs.snapshots(config, "digits") == ["results/digits/condensed/dm-ipc5/seed3/snapshots.npy"]


def test_adversarial_images_are_shown_of_a_model_of_each_family_beside_standard_training():
    config = changed(methods=["full", "dm", "kmeans", "free", "mfc", "mtt", "random", "herding"], budgets=[1, 10])
    config["trainings"]["standard"] = {"kind": "standard"}
    sets = ["full", "random-ipc10", "herding-ipc10", "mfc-ipc10", "dm-ipc10", "free-ipc10"]
    assert outputs.picture_names(config, "digits") == [
        ["full", "standard"],
        *([name, "pgd-linf"] for name in sets),
    ]
    assert outputs.picture_paths(config, "digits")[1] == (
        "results/digits/attacks/full/pgd-linf/convnet/seed0/pictures.npy"
    )
    assert figures.pictured_threat(config, "digits") == ("linf", "0.1")
    config["run"]["trainings"] = ["standard"]
    assert outputs.picture_names(config, "digits") == [[name, "standard"] for name in sets]
    assert figures.pictured_threat(config, "digits") == ("l2", "0.5")


def test_the_explorer_shows_each_kind_of_cover_at_its_largest_budget():
    shown = outputs.explored_covers(changed(methods=["mfc", "mfc-eta", "random", "free-dm"], budgets=[10, 5]))
    covers = [f"results/digits/covers/{name}/explorer.json" for name in ("mfc-ipc10", "mfc-eta", "free-ipc10")]
    assert shown == [*covers, "results/digits/condensed/free-dm-ipc10/seed0/cover/explorer.json"]


def test_a_condensation_starts_from_the_set_that_it_names_at_its_own_budget_and_seed():
    config = changed(methods=["dm", "free-dm"], budgets=[5, 10])
    assert outputs.start_of(config, "digits", "dm-ipc5", "2") == {}
    assert outputs.start_of(config, "digits", "free-dm-ipc5", "2") == {
        "start": "results/digits/covers/free-ipc5/train.npy"
    }
    config["methods"]["free-dm"]["start"] = "kmeans"
    start = outputs.start_of(config, "digits", "free-dm-ipc5", "2")
    assert start == {"start": "results/digits/coresets/kmeans-ipc5/seed2/train.npy"}
    made = {(job["rule"], job["training_set"]) for job in outputs.costly_jobs(config)}
    assert ("select_coreset", "kmeans-ipc10") in made


def test_condensed_sets_that_are_covers_stand_among_the_covers_with_their_seeds():
    config = changed(methods=["mfc", "free-dm", "dm"], seeds=[0, 1])
    named = [(cover["run"]["training_set"], cover["run"]["seed"]) for cover in outputs.covers(config)]
    assert named == [("mfc-ipc10", None), ("free-ipc10", None), ("free-dm-ipc10", 0), ("free-dm-ipc10", 1)]
    assert outputs.covers(config)[-1]["classes"] == "results/digits/condensed/free-dm-ipc10/seed1/cover/classes.csv"


def test_joined_tables_name_their_jobs_in_columns():
    config = study("smoke")
    assert outputs.joined_tables(config) == ["transfer", "bounds"]
    assert outputs.joined_runs(config, "transfer")[0] == {
        "dataset": "digits",
        "training": "pgd-linf",
        "model": "convnet",
        "seed": 0,
    }
    group = ("digits", "pgd-linf", "convnet", "1")
    assert outputs.sets_of_group(config, *group) == ["full", "random-ipc10", "mfc-ipc10", "free-dm-ipc10", "mtt-ipc10"]
    assert outputs.models_of_group(config, *group)[4].endswith("models/mtt-ipc10/pgd-linf/convnet/seed1/model.pt")
    assert outputs.report_tables(config)[-3:] == ["condensed", "transfer", "bounds"]
    config["evaluation"]["transfer"] = None
    assert outputs.joined_tables(config) == ["bounds"]


def test_a_study_has_the_figures_that_it_has_something_to_show_in():
    def names(config):
        return [figure["name"] for figure in figures.of_study(config)]

    assert names(study("smoke")) == SMOKE_FIGURES
    alone = changed(methods=["mtt"], trainings=["standard"])
    alone["evaluation"]["transfer"] = None
    assert names(alone) == [
        *("methods", "claims", "sizes", "images_digits", "adversarial_digits", "condensation_digits")
    ]
    more = changed(methods=["random"], budgets=[1, 10], models=["convnet", "mlp"], trainings=["pgd-linf"])
    assert names(more) == [
        *("methods", "claims", "sizes", "costs", "architectures", "images_digits", "adversarial_digits", "transfer")
    ]


def test_figures_say_what_they_show_and_what_they_are_drawn_from():
    (images,) = [figure for figure in figures.of_study(study("smoke")) if figure["name"] == "images_digits"]
    assert images["title"] == images["alt"] == "Chosen and synthetic images: digits"
    (pictures,) = [figure for figure in figures.of_study(study("smoke")) if figure["name"] == "adversarial_digits"]
    assert pictures["alt"].startswith("Adversarial images: digits. A column per test image, a row per model")
    assert figures.tables_of(study(), "costs") == [
        f"results/tables/{name}.csv" for name in ("summary", "gates", "costs")
    ]
    assert figures.caption_of(study(), "sizes").startswith("Accuracy against the size of perturbations. Under the")
    assert figures.drawn_with(study("smoke"))["attack"] == "pgd"
    assert all(figure.title for figure in FIGURES.values())


def test_images_are_scored_once_per_network_of_a_coreset_by_experts_that_condensations_share():
    config = changed(methods=["random", "easycore", "mtt"], budgets=[5, 10])
    jobs = [job for job in outputs.costly_jobs(config) if job["rule"] in ("train_expert", "score_images")]
    assert [(job["rule"], job["model"], job["expert"]) for job in jobs] == [
        ("score_images", "convnet", None),
        ("train_expert", "convnet", 0),
        ("train_expert", "convnet", 1),
    ]
    assert outputs.benchmarks(jobs[:1]) == ["results/benchmarks/score_images/digits/convnet.tsv"]
    assert outputs.counts(jobs[:1]) == ["results/digits/scores/convnet.json"]
    config["methods"]["easycore"]["model"] = "mlp"
    names = [job["model"] for job in outputs.costly_jobs(config) if job["rule"] == "train_expert"]
    assert sorted(names) == ["convnet", "convnet", "mlp", "mlp"]
    assert outputs.scores_of(config, "digits", "easycore-ipc5") == {"scores": "results/digits/scores/mlp.npy"}
    assert outputs.scores_of(config, "digits", "random-ipc5") == {}


def test_a_condensation_that_starts_from_a_scored_coreset_needs_its_scores():
    config = changed(methods=["dm"])
    config["methods"]["dm"]["start"] = "easycore"
    assert {job["rule"] for job in outputs.costly_jobs(config)} >= {"train_expert", "score_images", "select_coreset"}


def test_a_condensation_on_adversarial_examples_has_the_model_of_all_images_of_its_seed_and_its_adversary():
    config = changed(methods=["full", "dm", "dm-adversarial"], trainings=["pgd-linf", "pgd-linf-long"])
    trained = "results/digits/models/full/pgd-linf-long/convnet/seed2/model.pt"
    assert outputs.teacher_of_set(config, "digits", "dm-adversarial-ipc10", "2") == {"teacher": trained}
    assert outputs.teacher_of_set(config, "digits", "dm-ipc10", "2") == {}
    adversary = settings.method_settings(config, "digits", "dm-adversarial-ipc10")["adversary"]
    assert adversary == {"norm": "linf", "steps": 7, "step_size": 0.25, "warmup": 0.2, "eps": 0.1}
    assert "adversary" not in settings.method_settings(config, "digits", "dm-ipc10")
    jobs = {(job["rule"], job["training_set"], job["training"]) for job in outputs.costly_jobs(config)}
    assert ("train_model", "full", "pgd-linf-long") in jobs
    assert ("condense_dataset", "dm-adversarial-ipc10", None) in jobs


def test_a_job_is_given_the_features_the_network_and_the_experts_that_it_needs():
    config = study("smoke")
    assert outputs.features_of(config, "digits", "mfc-ipc10") == {}
    assert outputs.features_of(config, "digits", "mfc-pca-ipc3") == {"features": "results/digits/features/pca.npy"}
    assert outputs.model_of(config, "digits", "pca") == {}
    trained = "results/digits/models/full/standard/mlp/seed0/model.pt"
    assert outputs.model_of(config, "digits", "mlp") == {"model": trained}
    assert outputs.experts_of(config, "digits", "dm-ipc1") == []
    followed = [f"results/digits/experts/convnet/expert{number}.npy" for number in (0, 1)]
    assert outputs.experts_of(config, "digits", "mtt-ipc1") == followed
