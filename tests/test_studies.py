"""Plans of studies, and small ones in a folder of their own: mistakes, kinds of covers, own data, no network."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_digits

from finitecover.jobs.integrity import seal
from running import QUICK, ROOT, SMOKE


def test_job_counts_of_the_shipped_studies(make_workflow):
    workflow = make_workflow()
    shared = {name: 1 for name in ("all", "collect_runs", "summarise_runs", "collect_costs", "collect_covers")}
    shared |= {"collect_provenance": 1, "describe_tables": 1, "collect_sets": 1}
    shared |= {"collect_condensed": 1, "check_claim": 30, "collect_claims": 1}
    shared |= {name: 1 for name in ("plot_frontier", "record_environment", "render_report")}

    def expected(datasets, models, covers, coresets, condensed, accuracies):
        each = ("download_dataset", "prepare_dataset", "trace_frontier", "plot_images", "plot_condensation")
        each += ("plot_adversarial",)
        counts = shared | dict.fromkeys(each, datasets) | {"train_model": models, "attack_model": models}
        counts |= {"solve_cover": covers, "verify_cover": covers, "explore_cover": datasets}
        counts |= {"select_coreset": coresets, "condense_dataset": condensed, "plot_figure": accuracies}
        return counts | {"total": sum(counts.values())}

    # smoke: 3 seeds of 5 sets, of one under standard training too, of one generalised, of one with a teacher's
    # labels; of covers the one that a condensation starts from as well
    smoke = expected(1, 3 * (5 + 1 + 1 + 1), 2, 1 * 3, 2 * 3, 4)
    # models of one training and 3 seeds attack each other; PGD on 2 covers and generalised on one have a bound
    more = {"train_expert": 2, "transfer_attacks": 3, "trace_bound": 3 * 3, "collect_tables": 2, "label_set": 3}
    more |= {"cover_condensed": 3, "verify_condensed_cover": 3, "explore_condensed_cover": 1}
    more |= {"explore_cover": 2}  # one was counted
    smoke |= more | {"total": smoke["total"] + sum(more.values()) - 1 + 2}
    smoke["plot_figure"] += 2  # transferred attacks, bounds
    assert workflow.planned(config=[SMOKE]) == smoke
    # default: 3 data sets, 2 budgets, 3 seeds; full and 8 methods; of these 2 and full under standard training too, one
    # generalised, full for longer, 3 with its labels; of covers and condensations from them 5 models have a bound
    default = expected(3, 3 * 3 * (1 + 1 + 1 + (8 + 2 + 1 + 3) * 2), 3 * 2 * 2, 3 * 3 * 2 * 3, 3 * 3 * 2 * 3, 4)
    covered = 3 * 2 * 3
    bounds = {"trace_bound": covered * 5, "collect_tables": 1}
    more = {"label_set": covered * 3, "cover_condensed": covered, "verify_condensed_cover": covered}
    more |= {"explore_condensed_cover": 3, "explore_cover": 3 * 2}
    default |= bounds | more | {"total": default["total"] + sum([*bounds.values(), *more.values()]) - 3 + 1}
    default["plot_figure"] += 1
    default["total"] -= default.pop("trace_frontier") + default.pop("plot_frontier")
    assert workflow.planned() == default
    # paper: 4 data sets; full, mfc-eta and 9 methods x 5 budgets; 4 trainings + 4 on 6 covers, 7 of them with a bound;
    # 3 models; 5 seeds
    paper = expected(4, 4 * 3 * 5 * ((2 + 9 * 5) * 4 + 6 * 4), 4 * 6, 4 * 4 * 5 * 5, 4 * 4 * 5 * 5, 6)
    bounds["trace_bound"] = 4 * 6 * 7 * 3 * 5
    paper |= bounds | {"train_expert": 4 * 100, "explore_cover": 4 * 2}
    paper["total"] += sum(bounds.values()) + 4 * 100 + 4 + 1
    paper["plot_figure"] += 1
    assert workflow.planned(config=["config/paper.yaml"]) == paper
    # condensation: 2 data sets; 4 methods; 1 training; 5 seeds; no covers
    without = dict.fromkeys(("solve_cover", "verify_cover", "explore_cover", "trace_frontier", "plot_frontier"), 0)
    condensation = expected(2, 2 * 4 * 5, 0, 2 * 5, 2 * 3 * 5, 3) | without
    condensation["total"] -= 5  # two frontiers, two explorers, a figure
    assert workflow.planned(config=["config/condensation.yaml"]) | without == condensation
    # selections: 2 data sets; 9 methods, of which free covers have bounds; 1 training + 1 on full; 3 seeds; easycore
    # scores images by 4 experts
    selections = expected(2, 2 * 3 * (9 + 1), 2, 2 * 3 * 5, 2 * 3 * 2, 4)
    more = {"train_expert": 2 * 4, "score_images": 2, "trace_bound": 2 * 3, "collect_tables": 1}
    selections |= more | {"total": selections["total"] + sum(more.values()) + 1}
    selections["plot_figure"] += 1
    selections["total"] -= selections.pop("trace_frontier") + selections.pop("plot_frontier")  # free covers learn none
    assert workflow.planned(config=["config/selections.yaml"]) == selections


def test_a_mistake_in_the_config_is_one_line_before_any_work(make_workflow):
    workflow = make_workflow()
    (workflow.folder / "mistake.yaml").write_text("run: {budgets: [500]}")
    process = workflow.run(config=[SMOKE, "mistake.yaml"], check=False)
    assert process.returncode != 0
    message = "run.budgets: 500 images per class exceed the smallest class of digits, which has 139"
    assert process.stdout.count(message) == 1
    assert "Traceback" not in process.stdout
    assert not (workflow.folder / "results").exists()


def test_relaxed_covers_say_what_they_guarantee(make_workflow):
    workflow = make_workflow()
    asked = {"methods": ["mfc", "mfc-partial", "mfc-pca", "mfc-features"], "budgets": [3]}
    quick = QUICK | {"run": QUICK["run"] | asked | {"trainings": ["standard", "pgd-linf", "generalised-l2"]}}
    (workflow.folder / "quick.yaml").write_text(yaml.safe_dump(quick))
    workflow.run("results/tables/covers.csv", config=[SMOKE, "quick.yaml"])
    covers = pd.read_csv(workflow.folder / "results/tables/covers.csv")
    assert covers["verified"].all()
    assert set(covers["size"]) == {3}
    radius = covers.pivot(index="label", columns="training_set", values="radius")
    assert (radius["mfc-partial-ipc3"] < radius["mfc-ipc3"]).all()
    assert (radius["mfc-ipc3"] <= radius[["mfc-pca-ipc3", "mfc-features-ipc3"]].min(axis=1) + 1e-9).all()
    partial = covers[covers["training_set"] == "mfc-partial-ipc3"]
    assert (partial["covered"] == np.ceil(partial["points"] / 2)).all()
    assert covers["gap"].isna().equals(covers["training_set"] != "mfc-ipc3")
    chosen = np.load(workflow.folder / "results/digits/covers/mfc-partial-ipc3/train.npy")
    assert chosen["weight"].sum() == partial["covered"].sum()


def test_a_label_blind_cover_says_what_it_gives_up_and_a_false_proof_is_refused(make_workflow):
    workflow = make_workflow()
    folder = workflow.folder / "results" / "digits" / "covers" / "mfc-blind-ipc2"
    target = "results/digits/covers/mfc-blind-ipc2/verified.csv"
    workflow.run(target, config=[SMOKE])
    (cover,) = pd.read_csv(folder / "classes.csv").itertuples()
    assert (cover.label, cover.points, cover.size) == (0, 1433, 20)
    assert 0 < cover.other_label < 1433
    stored = dict(np.load(folder / "cover.npz"))
    np.savez(folder / "cover.npz", **stored | {"dual": 2 * stored["dual"]})
    seal(folder / "cover.npz")
    process = workflow.run(target, config=[SMOKE], check=False)
    assert process.returncode != 0
    assert re.search(r"Error: a ball of radius \S+ holds dual values of \S+, more than 1", process.stdout)
    assert not (folder / "verified.csv").exists()


def test_a_second_run_in_a_folder_says_that_there_is_a_first(make_workflow):
    workflow = make_workflow()
    (workflow.folder / "long.yaml").write_text("optimisation: {steps: 100000}")
    target = "results/digits/models/random-ipc2/standard/convnet/seed0/model.pt"
    first = workflow.start(target, config=[SMOKE, "long.yaml"])
    deadline = time.monotonic() + 60
    while not (workflow.folder / ".snakemake/run.json").exists():
        assert first.poll() is None, first.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = workflow.run(target, config=[SMOKE, "long.yaml"], check=False)
    assert first.poll() is None
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stdout
    assert f"A run in this folder is under way: process {first.pid}, since " in second.stdout
    assert f"snakemake --configfile {SMOKE} long.yaml --cores 2 {target}" in second.stdout


def test_bad_data_ends_in_one_line_and_leaves_no_output(make_workflow):
    workflow = make_workflow()
    np.savez(workflow.folder / "mine.npz", x_train=np.full((4, 8, 8), np.nan), y_train=[0, 0, 1, 1], x_test=0, y_test=0)
    (workflow.folder / "mine.yaml").write_text(
        """
        run: {datasets: [mine], budgets: [1], methods: [random], trainings: [pgd-linf]}
        datasets:
          mine: {source: npz, path: mine.npz, augmentation: "", eps: {linf: {train: "0.1", test: ["0.1"]}}}
        """
    )
    process = workflow.run("results/mine/data/train.npy", config=[SMOKE, "mine.yaml"], check=False)
    assert process.returncode != 0
    assert "Error: mine: x_train: holds NaN or infinite values (256 of 256)" in process.stdout
    files = {path.name for path in (workflow.folder / "results" / "mine").rglob("*") if path.is_file()}
    assert files == {"raw.npz", ".raw.npz.sha256", "notes.json", ".notes.json.sha256"}


def test_an_input_that_changed_under_the_same_name_is_read_again(make_workflow):
    workflow = make_workflow()
    images, labels = load_digits(return_X_y=True)
    parts = {"x_train": images[:500].reshape(-1, 8, 8) / 16, "y_train": labels[:500]}
    parts |= {"x_test": images[500:600].reshape(-1, 8, 8) / 16, "y_test": labels[500:600]}
    np.savez(workflow.folder / "mine.npz", **parts)
    (workflow.folder / "mine.yaml").write_text(
        """
        run: {datasets: [mine], budgets: [1], methods: [random], trainings: [pgd-linf]}
        datasets:
          mine: {source: npz, path: mine.npz, augmentation: "", eps: {linf: {train: "0.1", test: ["0.1"]}}}
        """
    )
    target = "results/mine/coresets/random-ipc1/seed0/train.npy"
    workflow.run(target, config=[SMOKE, "mine.yaml"])
    assert "Nothing to be done" in workflow.run(target, config=[SMOKE, "mine.yaml"]).stdout
    np.savez(workflow.folder / "mine.npz", **parts | {"y_train": (labels[:500] + 1) % 10})
    output = workflow.run(target, config=[SMOKE, "mine.yaml"], everything=True).stdout
    assert "Updated input files: mine.npz" in output
    chosen = np.load(workflow.folder / target)
    assert (chosen["label"] == (labels[:500][chosen["index"]] + 1) % 10).all()


def test_a_study_may_lie_elsewhere_than_the_workflow(make_workflow, tmp_path):
    workflow = make_workflow()
    overlay = str(workflow.folder / SMOKE)
    elsewhere = ["--snakefile", workflow.folder / "Snakefile", "--directory", tmp_path]
    assert workflow.planned(*elsewhere, config=[overlay])["render_report"] == 1
    workflow.run("results/digits/data/train.npy", *elsewhere, config=[overlay])
    assert (tmp_path / "results/digits/data/train.npy").is_file()
    assert not (workflow.folder / "results").exists()


MODULE = """
configfile: "{folder}/config/config.yaml"
module covers:
    snakefile: "{folder}/Snakefile"
    config: config
    prefix: "covers"
use rule * from covers as covers_*
"""


def test_another_workflow_may_use_this_one_as_a_module_with_a_prefix(make_workflow, tmp_path):
    workflow = make_workflow()
    (tmp_path / "Snakefile").write_text(MODULE.format(folder=workflow.folder))
    (tmp_path / "small.yaml").write_text("run: {methods: [full, mfc, random], budgets: [2]}")
    overlays = [workflow.folder / SMOKE, "small.yaml"]
    workflow.folder = tmp_path
    plan = workflow.planned("covers/results/report/report.html", config=overlays)
    assert (plan["covers_train_model"], plan["covers_render_report"]) == (15, 1)
    workflow.run("covers/results/tables/covers.csv", config=overlays)
    covers = pd.read_csv(tmp_path / "covers/results/tables/covers.csv")
    assert covers["verified"].all()
    assert {path.name for path in tmp_path.iterdir()} == {"Snakefile", "small.yaml", "covers", ".snakemake"}


WITHOUT_NETWORK = ["unshare", "--map-root-user", "--net"]


@pytest.mark.parametrize("methods", [["random"], pytest.param(None, marks=pytest.mark.offline)])
def test_the_default_study_needs_no_network_where_there_is_a_mirror(methods, make_workflow, mirror):
    if not shutil.which("unshare") or subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here (unshare)")
    workflow = make_workflow()
    less = deepcopy(QUICK)
    less["run"] = {"seeds": [0], "budgets": [10], "trainings": ["pgd-linf"]}
    del less["evaluation"]["attacks"]["deepfool"], less["frontier"]  # the smoke study's
    less["methods"] |= {"mfc": {"time_limit": 1}, "dc": {"iterations": 1, "outer_loops": 1, "inner_loops": 1}}
    less["methods"]["dsa"] = less["methods"]["dc"]
    less["run"] |= {"methods": methods} if methods else {}
    less["data"] = {"mirror": str(mirror.resolve())}
    less["datasets"] = {"cifar10-50k": {"budgets": [10]}}
    (workflow.folder / "less.yaml").write_text(yaml.safe_dump(less))
    process = workflow.run(config=["config/cifar10-50k.yaml", "less.yaml"], prefix=WITHOUT_NETWORK)
    assert "100 %: " in process.stdout
    runs = pd.read_csv(workflow.folder / "results/tables/runs.csv")
    assert set(runs["dataset"]) == {"mnist", "fashion-mnist", "cifar10-50k"}
    assert len(runs["method"].unique()) == (len(methods) if methods else 9)
    (workflow.folder / "less.yaml").write_text("data: {mirror: null}")
    target = "results/cifar10/data/train.npy"
    process = workflow.run(target, config=["less.yaml"], prefix=WITHOUT_NETWORK, check=False)
    assert "Error: cifar10: cifar-10-python.tar.gz (data.mirror is not set) could not be downloaded" in process.stdout


def test_a_mirror_that_moved_is_no_reason_to_start_again(make_workflow, mirror, tmp_path):
    workflow = make_workflow()
    target = "results/mnist/data/train.npy"
    for folder in ("before", "after"):
        (tmp_path / folder).symlink_to(mirror.resolve())
        (workflow.folder / f"{folder}.yaml").write_text(yaml.safe_dump({"data": {"mirror": str(tmp_path / folder)}}))
    workflow.run(target, config=["before.yaml"])
    assert "Nothing to be done" in workflow.run(target, config=["after.yaml"]).stdout


def test_own_folder_of_images_runs_like_any_data_set(make_workflow, rng):
    from PIL import Image

    workflow = make_workflow()
    for name in ("ants", "bees"):
        (workflow.folder / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(workflow.folder / "photos" / name / f"{number}.png")
    (workflow.folder / "photos/ants/notes.txt").write_text("mine")
    (workflow.folder / "mine.yaml").write_text(
        """
        run: {datasets: [photos], methods: [mfc], budgets: [2], trainings: [generalised-l2], seeds: [0]}
        datasets:
          photos:
            {source: folder, path: photos, size: 8, test_share: 0.3, augmentation: "",
             eps: {l2: {train: "0.5", test: ["0.5"]}}}
        """
    )
    (workflow.folder / "quick.yaml").write_text(yaml.safe_dump({**QUICK, "run": {}}))
    target = "results/photos/attacks/mfc-ipc2/generalised-l2/convnet/seed0/accuracies.csv"
    output = workflow.run(target, config=[SMOKE, "quick.yaml", "mine.yaml"]).stdout
    accuracies = pd.read_csv(workflow.folder / target)
    assert accuracies["attack"].tolist() == ["clean", "fgsm", "pgd", "autoattack", "deepfool", "worst"]
    assert accuracies["n_images"].tolist() == [4] * 6
    summary = json.loads((workflow.folder / "results/photos/data/summary.json").read_text())
    assert summary["class_names"] == ["ants", "bees"]
    assert summary["notes"] == ["photos: 1 files are no images that can be read and were skipped (.txt)"]
    assert f"Note on photos: {summary['notes'][0]}" in output
    records = np.load(workflow.folder / "results/photos/covers/mfc-ipc2/train.npy")
    assert records["image"].shape == (4, 3, 8, 8)
    assert records["image"].dtype == np.uint8
    assert records["weight"].sum() == 8


def test_the_page_on_your_own_data_method_attack_and_network_runs_as_it_stands(make_workflow):
    workflow = make_workflow()
    page = (ROOT / "docs/extending.md").read_text()
    files = re.findall(r"`([\w/]+\.(?:py|yaml))`[^`]*(?:`[^`]*`[^`]*)?\n\n```\w+\n(.*?)```", page, re.S)
    own = ("selections", "condensations", "attacks", "models")
    assert [name for name, _ in files] == [*(f"scripts/finitecover/own/{kind}.py" for kind in own), "own.yaml"]
    for name, content in files:
        (workflow.folder / name).write_text(content)
    (workflow.folder / "quick.yaml").write_text(yaml.safe_dump({**QUICK, "run": {"seeds": [0]}}))
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8) / 16).astype(np.float32)
    parts = {"x_train": images[:500], "y_train": labels[:500], "x_test": images[500:600], "y_test": labels[500:600]}
    np.savez(workflow.folder / "mine.npz", **parts)
    workflow.run(config=[SMOKE, "quick.yaml", "own.yaml"])
    runs = pd.read_csv(workflow.folder / "results/tables/runs.csv", dtype={"eps": str})
    assert set(runs["method"]) == {"random", "near-mean", "mean-pixels", "mfc"}
    assert set(runs["model"]) == {"patches"}
    noise = runs[runs["attack"] == "noise"]
    assert set(noise["eps"]) == {"0.05", "0.1"}
    gates = pd.read_csv(workflow.folder / "results/tables/gates.csv")
    assert gates["passed"][gates["gate"].str.startswith("noise")].tolist() == [True] * len(noise)
    chosen = np.load(workflow.folder / "results/mine/coresets/near-mean-ipc5/seed0/train.npy")
    assert np.bincount(chosen["label"]).tolist() == [5] * 10
    made = np.load(workflow.folder / "results/mine/condensed/mean-pixels-ipc5/seed0/train.npy")
    for label in range(10):  # clamping keeps a few pixels from their mean
        mean = images[:500][labels[:500] == label].mean(axis=0)
        assert np.abs(made["image"][made["label"] == label].mean(axis=0)[0] - mean).mean() < 0.02


def test_every_example_of_the_page_on_the_config_is_a_study(make_workflow):
    workflow = make_workflow()
    page = (ROOT / "config/README.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", page, re.S)
    assert len(examples) >= 1
    for number, text in enumerate(examples):
        (workflow.folder / f"example{number}.yaml").write_text(text)
        assert workflow.planned(config=[SMOKE, f"example{number}.yaml"])["train_model"] > 0
