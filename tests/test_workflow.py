"""The workflow as a whole: its shape, its plans, and small runs of it from end to end."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_digits

from finitecover.integrity import seal
from finitecover.provenance import imported_modules

ROOT = Path(__file__).parent.parent
SMOKE = "config/smoke.yaml"

QUICK = yaml.safe_load((ROOT / "tests/quick.yaml").read_text())


def rules():
    """(rule, its text) of every rule with a script."""
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for text in re.split(r"\n(?=rule )", path.read_text())[1:]:
            yield text.split()[1].rstrip(":"), text


@pytest.fixture(scope="module")
def finished(make_workflow):
    """The quick study, run on two cores in a folder of its own."""
    workflow = make_workflow()
    (workflow.folder / "quick.yaml").write_text(yaml.safe_dump(QUICK))
    workflow.overlays = (SMOKE, "quick.yaml")
    workflow.run(config=workflow.overlays)
    return workflow


# --- shape ---


@pytest.mark.parametrize(("name", "text"), list(rules()))
def test_a_rule_has_a_script_a_log_an_environment_and_a_digest_of_its_own_name(name, text):
    assert f'"../scripts/{name}.py"' in text
    assert re.search(rf'"results/logs/{name}[/.]', text)
    assert "benchmark:" not in text or f'"results/benchmarks/{name}/' in text
    assert f'code=code("{name}")' in text
    assert "conda:" in text
    assert text.split("\n")[1].strip().startswith('"""')


def test_every_script_is_the_script_of_a_rule():
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} == {name for name, _ in rules()}


def test_every_caption_is_used():
    text = (ROOT / "Snakefile").read_text() + (ROOT / "rules" / "reporting.smk").read_text()
    assert {path.name for path in (ROOT / "rules" / "captions").glob("*.rst")} == set(
        re.findall(r"captions/(\w+\.rst)", text)
    )


# --- plans ---


def test_job_counts_of_the_shipped_studies(make_workflow):
    workflow = make_workflow()
    shared = {name: 1 for name in ("all", "collect_runs", "summarise_runs", "collect_costs", "collect_covers")}
    shared |= {"collect_provenance": 1}
    shared |= {"collect_condensed": 1, "check_claim": 16, "collect_claims": 1}
    shared |= {name: 1 for name in ("plot_frontier", "record_environment", "render_report")}

    def expected(datasets, models, covers, coresets, condensed, accuracies):
        each = ("download_dataset", "prepare_dataset", "trace_frontier", "plot_images", "plot_condensation")
        counts = shared | dict.fromkeys(each, datasets) | {"train_model": models, "attack_model": models}
        counts |= {"solve_cover": covers, "verify_cover": covers, "explore_cover": datasets}
        counts |= {"select_coreset": coresets, "condense_dataset": condensed, "plot_accuracies": accuracies}
        return counts | {"total": sum(counts.values())}

    # smoke: 10 sets x 2 trainings x 2 seeds + generalised training on 2 covers x 2 seeds
    smoke = expected(1, 10 * 2 * 2 + 2 * 2, 2, 4 * 2, 3 * 2, 3)
    # models of 3 trainings and 2 seeds attack each other; 2 adversarial trainings on 2 covers, 2 seeds, have a bound
    more = {"train_expert": 2, "transfer_attacks": 3 * 2, "trace_bound": 2 * 2 * 2, "collect_tables": 2}
    more |= {"plot_transfer": 1, "plot_bounds": 1}
    more |= {"explore_cover": 2}  # one was counted
    smoke |= more | {"total": smoke["total"] + sum(more.values()) - 1}
    assert workflow.planned(config=[SMOKE]) == smoke
    # default: 3 data sets; full and 8 methods x 2 budgets; 2 trainings + 3 on mfc, 4 of them with a bound; 3 seeds
    default = expected(3, 3 * 3 * ((1 + 8 * 2) * 2 + 2 * 3), 3 * 2, 3 * 4 * 2 * 3, 3 * 3 * 2 * 3, 4)
    bounds = {"trace_bound": 3 * 2 * 4 * 3, "collect_tables": 1, "plot_bounds": 1}
    default |= bounds | {"total": default["total"] + sum(bounds.values())}
    default["total"] -= default.pop("trace_frontier")  # its covers learn enough on their way
    assert workflow.planned() == default
    # paper: 4 data sets; full, mfc-eta and 9 methods x 5 budgets; 4 trainings + 4 on 6 covers, 7 of them with a bound;
    # 3 models; 5 seeds
    paper = expected(4, 4 * 3 * 5 * ((2 + 9 * 5) * 4 + 6 * 4), 4 * 6, 4 * 4 * 5 * 5, 4 * 4 * 5 * 5, 5)
    bounds["trace_bound"] = 4 * 6 * 7 * 3 * 5
    paper |= bounds | {"train_expert": 4 * 100, "explore_cover": 4 * 2}
    paper["total"] += sum(bounds.values()) + 4 * 100 + 4
    assert workflow.planned(config=["config/paper.yaml"]) == paper
    # condensation: 2 data sets; 4 methods; 1 training; 5 seeds; no covers
    without = dict.fromkeys(("solve_cover", "verify_cover", "explore_cover", "trace_frontier", "plot_frontier"), 0)
    condensation = expected(2, 2 * 4 * 5, 0, 2 * 5, 2 * 3 * 5, 2) | without
    condensation["total"] -= 5  # two frontiers, two explorers, a figure
    assert workflow.planned(config=["config/condensation.yaml"]) | without == condensation


def test_a_mistake_in_the_config_is_one_line_before_any_work(make_workflow):
    workflow = make_workflow()
    (workflow.folder / "mistake.yaml").write_text("run: {budgets: [500]}")
    process = workflow.run(config=[SMOKE, "mistake.yaml"], check=False)
    assert process.returncode != 0
    message = "run.budgets: 500 images per class exceed the smallest class of digits, which has 139"
    assert process.stdout.count(message) == 1
    assert "Traceback" not in process.stdout
    assert not (workflow.folder / "results").exists()


# --- runs ---


def test_the_study_ends_in_tables_figures_and_a_report(finished):
    results = finished.folder / "results"
    runs = pd.read_csv(results / "tables" / "runs.csv", dtype={"eps": str})
    cell = ["dataset", "subset", "method", "ipc", "training", "model", "seed", "attack", "norm", "eps"]
    assert runs.columns.tolist() == [*cell, "accuracy", "n", "median_distance"]
    models = 10 * 2 + 2
    # clean; two attacks and the worst case at five sizes, at one of each norm the verdict's two as well
    assert len(runs) == models * (1 + 3 * (3 + 2) + 2 * 2)
    assert runs["accuracy"].between(0, 1).all()
    assert set(runs["n"][runs["attack"] == "clean"]) == {364}  # every test image
    assert set(runs["n"][runs["attack"].isin(["fgsm", "pgd"])]) == {40}

    assert set(runs["n"][runs["attack"].isin(["autoattack", "deepfool"])]) == {20}
    assert set(runs["n"][runs["attack"] == "worst"]) == {20, 40}
    summary = pd.read_csv(results / "tables" / "summary.csv")
    assert {"mean", "std", "low", "high", "seeds"} <= set(summary.columns)
    assert r"\toprule" in (results / "tables" / "summary.tex").read_text()
    gates = pd.read_csv(results / "tables" / "gates.csv")
    assert gates[gates["gate"].str.contains("eps = 0|stays in the ball")]["passed"].all()
    # held or not, it is asked of every standard model in every norm, and asked of no other
    broken = gates[gates["gate"].str.startswith("a standard model is broken by")]
    assert set(broken["training"]) == {"standard"}
    assert sorted(broken["gate"].str.split(" by ").str[1]) == sorted(["linf 0.2", "l2 1"] * 10)
    for name in (
        "tradeoff",
        "sizes",
        "costs",
        "frontier",
        "images_digits",
        "condensation_digits",
        "transfer",
        "bounds",
    ):
        for suffix in ("pdf", "png"):
            assert (results / "figures" / f"{name}.{suffix}").stat().st_size > 2000
    environment = json.loads((results / "report" / "environment.json").read_text())
    assert environment["packages"]["torch"] == "2.10.0"


def test_the_report_is_one_page_that_needs_no_other_file(finished):
    page = (finished.folder / "results" / "report" / "report.html").read_text()
    assert page.count("<img ") == page.count('src="data:image/png;base64,') == 8
    assert not re.search(r"(src|href)=(?![\"']data:)", page)
    for text in ("mfc-eta", "dm-ipc10", "What it cost", "2.10.0", "generalised-l2"):
        assert text in page


def test_rows_lie_where_the_path_says_one_per_image_and_attack(finished):
    folder = finished.folder / "results/digits/attacks/mfc-ipc10/generalised-l2/convnet/seed0"
    rows = pd.read_parquet(folder / "examples.parquet")
    assert rows.columns.tolist() == ["example", "label", "attack", "norm", "eps", "prediction", "correct", "distance"]
    assert len(rows) == 364 + 40 * 2 * 5 + 40 * 3 + 20 * 3 * 2
    sizes = rows["eps"].astype(str).astype(float)
    nearest = rows["attack"].isin(["deepfool", "worst"])  # says how far the nearest misclassified image is
    assert (rows["distance"] <= sizes + 1e-6)[~nearest].all()
    assert (rows["distance"] > sizes)[rows["attack"].eq("deepfool") & rows["correct"]].all()
    assert (rows["correct"] == (rows["prediction"] == rows["label"])).all()
    test = np.load(finished.folder / "results/digits/data/test.npy")
    clean = rows[rows["attack"] == "clean"]
    assert (test["label"][clean["example"]] == clean["label"]).all()


def test_every_training_set_has_one_format_and_real_images_are_real(finished):
    results = finished.folder / "results" / "digits"
    full = np.load(results / "data" / "train.npy")
    sets = [*results.glob("covers/*/train.npy"), *results.glob("co*/*/seed0/train.npy")]
    assert len(sets) == 9
    for path in sets:
        records = np.load(path)
        assert records.dtype.names == full.dtype.names
        if "condensed" in path.parts:
            assert (records["index"] == -1).all()
            assert 0 <= records["image"].min() <= records["image"].max() <= 1
        else:
            assert (records["image"] == full["image"][records["index"]]).all()
            assert (records["label"] == full["label"][records["index"]]).all()
        if "mfc-eta" not in path.parts:
            assert np.bincount(records["label"]).tolist() == [10] * 10
        if "covers" in path.parts:
            assert records["weight"].sum() == len(full)
            assert records["radius_l2"].max() > 0


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.run(config=finished.overlays).stdout


def test_the_same_seed_gives_the_same_bytes_on_one_core(finished, make_workflow):
    again = make_workflow()
    (again.folder / "quick.yaml").write_text(yaml.safe_dump(QUICK))
    targets = [
        "results/digits/attacks/mfc-ipc10/generalised-l2/convnet/seed0/examples.parquet",
        "results/digits/attacks/dm-ipc10/pgd-linf/convnet/seed0/examples.parquet",
        "results/digits/coresets/kmeans-ipc10/seed0/train.npy",
        "results/figures/frontier.pdf",
    ]
    again.run(*targets, cores=1, config=finished.overlays)
    made = [path for path in (again.folder / "results").rglob("*") if path.is_file()]
    made = [path.relative_to(again.folder) for path in made if not {"logs", "benchmarks"} & set(path.parts)]
    assert len(made) > 15
    different = [str(p) for p in made if (again.folder / p).read_bytes() != (finished.folder / p).read_bytes()]
    assert different == []


def test_relaxed_covers_say_what_they_guarantee(make_workflow):
    workflow = make_workflow()
    quick = {"run": {"methods": ["mfc", "mfc-partial", "mfc-pca", "mfc-features"], "budgets": [3]}}
    (workflow.folder / "quick.yaml").write_text(yaml.safe_dump(QUICK | quick))
    workflow.run("results/tables/covers.csv", config=[SMOKE, "quick.yaml"])
    covers = pd.read_csv(workflow.folder / "results/tables/covers.csv")
    assert covers["verified"].all()
    assert set(covers["size"]) == {3}
    radius = covers.pivot(index="label", columns="subset", values="radius")
    assert (radius["mfc-partial-ipc3"] < radius["mfc-ipc3"]).all()
    assert (radius["mfc-ipc3"] <= radius[["mfc-pca-ipc3", "mfc-features-ipc3"]].min(axis=1) + 1e-9).all()
    partial = covers[covers["subset"] == "mfc-partial-ipc3"]
    assert (partial["covered"] == np.ceil(partial["points"] / 2)).all()
    assert covers["gap"].isna().equals(covers["subset"] != "mfc-ipc3")
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
    assert re.search(r"Error: a ball of radius \S+ holds prices of \S+, more than 1", process.stdout)
    assert not (folder / "verified.csv").exists()


def test_experts_serve_every_budget_and_seed(finished):
    targets = [f"results/digits/condensed/mtt-ipc{ipc}/seed{seed}/train.npy" for ipc in (1, 2) for seed in (0, 1)]
    assert finished.planned(*targets, config=finished.overlays) == {"condense_dataset": 4, "total": 4}
    counts = {path.read_text() for path in (finished.folder / "results/digits/experts/convnet").glob("*.json")}
    assert [json.loads(text)["images_seen"] for text in counts] == [3 * 1433]
    assert not list((finished.folder / "results").rglob("state.pt"))


def stopped_and_rerun(workflow, target, overlays, log, how):
    """Stop Snakemake and its job once the job keeps a state, and say the same again; the log of the second run."""
    folder = (workflow.folder / target).parent
    process = workflow.start(target, config=overlays)
    deadline = time.monotonic() + 120
    while not (folder / "state.pt").exists():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, how)
    output, _ = process.communicate()
    assert process.returncode != 0
    assert "Traceback" not in output
    assert not (workflow.folder / target).exists()
    again = workflow.run(target, config=overlays).stdout
    assert ("The run that had locked this folder was killed" in again) == (how == signal.SIGKILL)
    return (workflow.folder / log).read_text()


@pytest.mark.parametrize(
    ("how", "longer", "folder", "log", "names"),
    [
        (
            signal.SIGKILL,
            {"methods": {"dc": {"iterations": 60, "outer_loops": 4, "inner_loops": 2}}},
            "results/digits/condensed/dc-ipc2/seed0",
            "results/logs/condense_dataset/digits/dc-ipc2/seed0.log",
            ("summary.json", "train.npy", "history.csv", "snapshots.npy"),
        ),
        *(
            (
                how,
                {"optimisation": {"steps": 1500}},
                "results/digits/models/random-ipc2/pgd-linf/convnet/seed0",
                "results/logs/train_model/digits/random-ipc2/pgd-linf/convnet/seed0.log",
                ("model.pt", "history.csv", "snapshots.pt", "cost.json"),
            )
            for how in (signal.SIGKILL, signal.SIGINT)
        ),
    ],
    ids=["condense_dataset, kill -9", "train_model, kill -9", "train_model, Ctrl-C"],
)
def test_a_long_job_that_is_stopped_goes_on_to_the_same_bytes(finished, how, longer, folder, log, names):
    (finished.folder / "longer.yaml").write_text(yaml.safe_dump(longer))
    overlays = [*finished.overlays, "longer.yaml"]
    target = f"{folder}/{names[0]}"
    for name in names:
        (finished.folder / folder / name).unlink(missing_ok=True)
    assert "going on from" in stopped_and_rerun(finished, target, overlays, log, how)
    stopped = [(finished.folder / folder / name).read_bytes() for name in names]
    finished.run("--force", target, config=overlays)
    assert "going on from" not in (finished.folder / log).read_text()
    assert stopped == [(finished.folder / folder / name).read_bytes() for name in names]


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


def test_a_damaged_file_is_told_set_aside_and_made_anew_by_the_same_command(finished):
    folder = finished.folder / "results/digits"
    target = "results/digits/coresets/random-ipc3/seed0/train.npy"
    finished.run(target, config=finished.overlays)
    chosen, made = (finished.folder / target).read_bytes(), (folder / "data/train.npy").read_bytes()
    (finished.folder / target).unlink()
    (folder / "data/train.npy").write_bytes(made[:-7])
    process = finished.run(target, config=finished.overlays, check=False)
    assert process.returncode != 0
    message = "Error: results/digits/data/train.npy: no longer what was written (truncated or altered); set aside as"
    assert process.stdout.count(message) == 1
    finished.run(target, config=finished.overlays)
    assert (folder / "data/train.npy").read_bytes() == made
    assert (finished.folder / target).read_bytes() == chosen
    (folder / "data/train.npy.damaged").unlink()


def test_costs_of_condensed_sets_stand_beside_those_of_covers(finished):
    tables = finished.folder / "results/tables"
    costs = pd.read_csv(tables / "costs.csv").set_index(["rule", "job"])
    made = costs.loc["condense_dataset", "digits/dm-ipc10/seed0"]
    # 3 iterations, 10 classes, 8 real and 10 synthetic images each
    assert (made["images_seen"], made["gradient_evaluations"]) == (3 * 10 * 18, 3 * 10 * 10)
    cover = costs.loc["solve_cover", "digits/mfc-ipc10"]
    assert (cover["images_seen"], cover["gradient_evaluations"]) == (0, 0)
    trained = costs.loc["train_model", "digits/random-ipc10/pgd-linf/convnet/seed0"]
    # 8 updates of all 100 images, each after 7 steps of descent
    assert (trained["images_seen"], trained["gradient_evaluations"]) == (8 * 100 * 8, 8 * 100 * 8)
    assert costs.loc["attack_model"]["gradient_evaluations"].gt(0).all()
    assert (costs["seconds"] > 0).all()
    expert = costs.loc["train_expert", "digits/convnet/expert1"]
    assert (expert["images_seen"], expert["gradient_evaluations"]) == (3 * 1433, 3 * 1433)
    condensed = pd.read_csv(tables / "condensed.csv").set_index(["dataset", "subset", "seed"])
    assert condensed.index.tolist() == [("digits", f"{method}-ipc10", 0) for method in ("dc", "dm", "mtt")]
    assert condensed["clamped_share"].between(0, 1).all()
    assert (condensed["loss_last"] > 0).all()
    assert condensed["step_size"].notna().tolist() == [False, False, True]
    page = (finished.folder / "results" / "report" / "report.html").read_text()
    assert re.search(r"<td>dm-ipc10</td>\s*<td>1</td>", page)


def test_a_study_without_condensation_has_no_tables_or_figures_of_it(finished):
    (finished.folder / "chosen.yaml").write_text("run: {methods: [random, mfc]}")
    plan = finished.planned(config=[*finished.overlays, "chosen.yaml"])
    assert "render_report" in plan
    assert not {"condense_dataset", "collect_condensed", "plot_condensation"} & set(plan)


def test_the_full_set_alone_is_a_study(finished):
    (finished.folder / "alone.yaml").write_text("run: {methods: [full]}")
    finished.run(config=[*finished.overlays, "alone.yaml"])
    page = (finished.folder / "results/report/report.html").read_text()
    assert page.count("<img ") == 3
    assert "<h2>Condensed sets" not in page
    finished.run(config=finished.overlays)  # as the tests that follow expect it


def test_a_condensed_set_is_exported_and_imported_again(finished):
    exported = "results/digits/condensed/dm-ipc10/seed0/exported/condensed.pt"
    finished.run(exported, config=finished.overlays)
    (finished.folder / "theirs.yaml").write_text(
        "methods: {theirs: {family: imported, format: dc, experiment: 0,"
        " path: 'results/{dataset}/condensed/dm-ipc10/seed0/exported/condensed.pt'}}\n"
        "run: {methods: [theirs]}"
    )
    target = "results/digits/imported/theirs/train.npy"
    finished.run(target, config=[*finished.overlays, "theirs.yaml"])
    ours, again = (
        np.load(finished.folder / path) for path in ("results/digits/condensed/dm-ipc10/seed0/train.npy", target)
    )
    assert again["image"] == pytest.approx(ours["image"], abs=1e-6)
    assert (again["label"] == ours["label"]).all()
    wanted = "results/digits/attacks/theirs/pgd-linf/convnet/seed0/accuracies.csv"
    plan = finished.planned(wanted, config=[*finished.overlays, "theirs.yaml"])
    assert plan == {"train_model": 1, "attack_model": 1, "total": 2}


# --- what is rerun ---

COLLECTING = {"all", "collect_runs", "summarise_runs", "collect_costs", "plot_accuracies", "record_environment"}
COLLECTING |= {"check_claim", "collect_claims", "collect_provenance", "render_report", "total"}
CONDENSED = {"collect_condensed": 1, "plot_condensation": 1}


def test_changed_settings_of_a_method_rerun_its_jobs_only(finished):
    overlays = (*finished.overlays, "changed.yaml")
    changed = finished.folder / "changed.yaml"
    changed.write_text("methods: {dm: {iterations: 4}}")
    plan = finished.planned(config=overlays)
    jobs = CONDENSED | {"condense_dataset": 1, "train_model": 2, "attack_model": 2, "plot_images": 1}
    jobs |= {"transfer_attacks": 2, "collect_tables": 1, "plot_transfer": 1}
    assert {name: count for name, count in plan.items() if name not in COLLECTING} == jobs
    changed.write_text("methods: {mfc: {norm: l1}}")
    plan = finished.planned(config=overlays)
    jobs = {"solve_cover": 1, "verify_cover": 1, "explore_cover": 1, "collect_covers": 1, "plot_frontier": 1}
    jobs |= {"train_model": 3, "attack_model": 3, "plot_images": 1}
    joined = {"transfer_attacks": 3, "collect_tables": 2, "plot_transfer": 1, "plot_bounds": 1}
    jobs |= joined | {"trace_bound": 2}
    assert {name: count for name, count in plan.items() if name not in COLLECTING} == jobs
    changed.write_text("run: {seeds: [0, 1]}")
    plan = finished.planned(config=overlays)
    jobs = CONDENSED | {"select_coreset": 4, "condense_dataset": 3, "train_model": 22, "attack_model": 22}
    jobs |= joined | {"trace_bound": 4}
    assert {name: count for name, count in plan.items() if name not in COLLECTING} == jobs


def downstream(workflow, names):
    """The rules of `names` that the study runs and all that use their outputs, from Snakemake's own graph of rules."""
    dot = workflow.run("--rulegraph", config=workflow.overlays).stdout
    label = dict(re.findall(r'(\d+)\[label = "(\w+)"', dot))
    edges = [(label[a], label[b]) for a, b in re.findall(r"(\d+) -> (\d+)", dot)]
    reached = set(names) & set(label.values())
    while more := {b for a, b in edges if a in reached} - reached:
        reached |= more
    return reached


COVERS_ONLY = {"trace_bound", "plot_bounds"}  # downstream of training as rules, but not of the training on other sets


@pytest.mark.parametrize(
    ("module", "untouched"),
    [("condensation", COVERS_ONLY), ("distances", set()), ("statistics", set()), ("shapes", set())],
)
def test_a_changed_module_reruns_the_jobs_whose_scripts_import_it_and_no_others(finished, module, untouched):
    importing = {name for name, _ in rules() if module in imported_modules(ROOT / "scripts" / f"{name}.py")}
    path = finished.folder / "scripts" / "finitecover" / f"{module}.py"
    source = path.read_text()
    path.write_text(source + "\n# changed\n")
    plan = finished.planned(config=finished.overlays)
    path.write_text(source)
    assert set(plan) - {"total"} == downstream(finished, importing) - untouched
    assert "Nothing to be done" in finished.run("--dry-run", config=finished.overlays).stdout


def test_bad_data_ends_in_one_line_and_leaves_no_output(make_workflow):
    workflow = make_workflow()
    np.savez(workflow.folder / "mine.npz", x_train=np.full((4, 5, 5), np.nan), y_train=[0, 0, 1, 1], x_test=0, y_test=0)
    (workflow.folder / "mine.yaml").write_text(
        """
        run: {datasets: [mine], budgets: [1], methods: [random], trainings: [standard]}
        datasets:
          mine: {source: npz, path: mine.npz, augmentation: "", eps: {linf: {train: "0.1", test: ["0.1"]}}}
        """
    )
    process = workflow.run("results/mine/data/train.npy", config=[SMOKE, "mine.yaml"], check=False)
    assert process.returncode != 0
    assert "Error: mine: x_train: holds NaN or infinite values (100 of 100)" in process.stdout
    files = {path.name for path in (workflow.folder / "results" / "mine").rglob("*") if path.is_file()}
    assert files == {"raw.npz", ".raw.npz.sha256"}


WITHOUT_NETWORK = ["unshare", "--map-root-user", "--net"]


@pytest.mark.parametrize("methods", [["random"], pytest.param(None, marks=pytest.mark.offline)])
def test_the_default_study_needs_no_network_where_there_is_a_mirror(methods, make_workflow, mirror):
    if not shutil.which("unshare") or subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here (unshare)")
    workflow = make_workflow()
    less = yaml.safe_load((ROOT / "tests/quick.yaml").read_text())
    less["run"] |= {"budgets": [10], "trainings": ["pgd-linf"]}
    del less["evaluation"]["attacks"]["deepfool"], less["frontier"]  # the smoke study's
    less["methods"] |= {"mfc": {"time_limit": 1}, "dc": {"iterations": 1, "outer_loops": 1, "inner_loops": 1}}
    less["methods"]["dsa"] = less["methods"]["dc"]
    less["run"] |= {"methods": methods} if methods else {}
    less["data"] = {"mirror": str(mirror.resolve())}
    (workflow.folder / "less.yaml").write_text(yaml.safe_dump(less))
    process = workflow.run(config=["config/cifar10-5k.yaml", "less.yaml"], prefix=WITHOUT_NETWORK)
    assert "steps (100%) done" in process.stdout
    runs = pd.read_csv(workflow.folder / "results/tables/runs.csv")
    assert set(runs["dataset"]) == {"mnist", "fashion-mnist", "cifar10-5k"}
    assert len(runs["method"].unique()) == (len(methods) if methods else 9)
    (workflow.folder / "less.yaml").write_text("data: {mirror: null}")
    target = "results/cifar10/data/train.npy"
    process = workflow.run(target, config=["less.yaml"], prefix=WITHOUT_NETWORK, check=False)
    assert "Error: cifar10: cifar-10-python.tar.gz (data.mirror is not set) could not be downloaded" in process.stdout


def test_own_folder_of_images_runs_like_any_data_set(make_workflow, rng):
    from PIL import Image

    workflow = make_workflow()
    for name in ("ants", "bees"):
        (workflow.folder / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(workflow.folder / "photos" / name / f"{number}.png")
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
    workflow.run(target, config=[SMOKE, "quick.yaml", "mine.yaml"])
    accuracies = pd.read_csv(workflow.folder / target)
    assert accuracies["attack"].tolist() == ["clean", "fgsm", "pgd", "autoattack", "deepfool", "worst"]
    assert accuracies["n"].tolist() == [4] * 6
    records = np.load(workflow.folder / "results/photos/covers/mfc-ipc2/train.npy")
    assert records["image"].shape == (4, 3, 8, 8)
    assert records["image"].dtype == np.uint8
    assert records["weight"].sum() == 8


def test_the_page_on_your_own_data_method_attack_and_network_runs_as_it_stands(make_workflow):
    workflow = make_workflow()
    page = (ROOT / "docs/extending.md").read_text()
    files = re.findall(r"`([\w/]+\.(?:py|yaml))`[^`]*(?:`[^`]*`[^`]*)?\n\n```\w+\n(.*?)```", page, re.S)
    assert [name for name, _ in files] == [
        *(f"scripts/finitecover/own_{kind}.py" for kind in ("selections", "attacks", "models")), "own.yaml"
    ]  # fmt: skip
    for name, content in files:
        (workflow.folder / name).write_text(content)
    (workflow.folder / "quick.yaml").write_text(yaml.safe_dump({**QUICK, "run": {"seeds": [0]}}))
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8) / 16).astype(np.float32)
    parts = {"x_train": images[:500], "y_train": labels[:500], "x_test": images[500:600], "y_test": labels[500:600]}
    np.savez(workflow.folder / "mine.npz", **parts)
    workflow.run(config=[SMOKE, "quick.yaml", "own.yaml"])
    runs = pd.read_csv(workflow.folder / "results/tables/runs.csv", dtype={"eps": str})
    assert set(runs["method"]) == {"random", "near-mean", "mfc"}
    assert set(runs["model"]) == {"patches"}
    noise = runs[runs["attack"] == "noise"]
    assert set(noise["eps"]) == {"0.05", "0.1"}
    gates = pd.read_csv(workflow.folder / "results/tables/gates.csv")
    assert gates["passed"][gates["gate"].str.startswith("noise")].tolist() == [True] * len(noise)
    chosen = np.load(workflow.folder / "results/mine/coresets/near-mean-ipc5/seed0/train.npy")
    assert np.bincount(chosen["label"]).tolist() == [5] * 10


CERTIFIED = {
    "run": {"methods": ["full", "mfc"], "models": ["mlp"]},
    "certificates": {"smoothing": {"guesses": 10, "samples": 100}},
}
CERTIFIED["run"]["trainings"] = ["gaussian", "generalised-ibp-linf"]


def test_certificates_and_bounds_end_in_tables_figures_and_the_report(finished):
    (finished.folder / "certified.yaml").write_text(yaml.safe_dump(CERTIFIED))
    finished.run(config=[*finished.overlays, "certified.yaml"])
    results = finished.folder / "results"
    table = pd.read_csv(results / "tables/certificates.csv", dtype={"eps": str})
    runs = table[["subset", "training", "cover"]].drop_duplicates().itertuples(index=False, name=None)
    assert sorted(runs) == [
        ("full", "gaussian", "mfc-ipc10"),
        ("mfc-ipc10", "gaussian", "mfc-ipc10"),
        ("mfc-ipc10", "generalised-ibp-linf", "mfc-ipc10"),
    ]
    assert set(table["norm"][table["training"] == "gaussian"]) == {"l2"}
    assert (table["points"] == 1433).all()
    assert (table["centres"] == 100).all()
    smoothed = table[table["training"] == "gaussian"]
    assert (smoothed["passes_centres"] == 100 * 110).all()
    assert (smoothed["passes_all"] == 1433 * 110).all()
    for _, rows in table.groupby(["subset", "training", "cover"]):
        for column in ("certified_centres", "transferred", "drawn_direct"):
            assert rows[column].is_monotonic_decreasing
    folder = results / "digits/certificates/mfc-ipc10/generalised-ibp-linf/mlp/seed0/mfc-ipc10"
    points = pd.read_parquet(folder / "points.parquet")
    assert points["centre"].sum() == 100
    assert points["direct"].notna().sum() == 30
    both = points[points["direct"].notna() & points["centre"]]
    assert (both["transferred"] >= both["direct"] - 1e-9)[both["direct"] >= 0].all()
    bounds = pd.read_csv(results / "tables/bounds.csv")
    assert set(bounds["training"]) == {"generalised-ibp-linf"}
    assert (bounds["violations"] == 0).all()
    assert (bounds["all_attack"] <= bounds["all_certified"]).all()
    assert (bounds["all_certified"] <= bounds["cover_certified"]).all()
    page = (results / "report" / "report.html").read_text()
    assert "What follows from the centres of a cover" in page
    for name in ("certificates", "bounds"):
        assert (results / "figures" / f"{name}.pdf").stat().st_size > 2000
