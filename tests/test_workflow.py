"""The workflow as a whole: its shape, and one small study from end to end, stopped, damaged and changed."""

import json
import os
import re
import shutil
import signal
import time

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from finitecover.jobs.files import load_json
from finitecover.jobs.provenance import imported_modules, library_digest, module_path
from finitecover.jobs.tables import load_csv
from finitecover.reporting.columns import TABLES
from running import QUICK, ROOT, SMOKE
from studies import SMOKE_FIGURES
from unit.reporting.test_columns import misfits


def rules():
    """(rule, its text) of every rule with a script."""
    for path in sorted((ROOT / "rules").glob("*.smk")):
        parts = re.split(r"\n(?=(?:use )?rule )", path.read_text())[1:]
        yield from ((text.split()[1].rstrip(":"), text) for text in parts if text.startswith("rule "))


@pytest.fixture(scope="module")
def finished(make_workflow):
    """The quick study, run on two cores in a folder of its own."""
    workflow = make_workflow()
    (workflow.folder / "quick.yaml").write_text(yaml.safe_dump(QUICK))
    workflow.overlays = (SMOKE, "quick.yaml")
    workflow.printed = workflow.run(config=workflow.overlays).stdout.splitlines()
    return workflow


# --- shape ---


@pytest.mark.parametrize(("name", "text"), list(rules()))
def test_a_rule_has_a_script_a_log_an_environment_and_a_digest_of_its_own_name(name, text):
    assert f'"../scripts/{name}.py"' in text
    assert f'paths.log("{name}")' in text
    assert "benchmark:" not in text or f'paths.benchmark("{name}")' in text
    assert f'code=code("{name}")' in text
    assert "conda:" in text
    assert ("localrule: True" in text) != ("mem_mb=memory(" in text)  # what runs on a cluster says what it takes
    assert text.split("\n")[1].strip().startswith('"""')


def test_every_script_is_the_script_of_a_rule():
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} == {name for name, _ in rules()}


def test_every_caption_is_used():
    text = (ROOT / "Snakefile").read_text() + (ROOT / "rules" / "reporting.smk").read_text()
    assert {path.name for path in (ROOT / "rules" / "captions").glob("*.rst")} == set(
        re.findall(r"captions/(\w+\.rst)", text)
    )


# --- runs ---


def test_jobs_use_the_package_of_the_workflow_whatever_else_is_on_the_path(make_workflow, tmp_path):
    workflow = make_workflow()
    (tmp_path / "finitecover").mkdir()
    (tmp_path / "finitecover" / "__init__.py").write_text("raise SystemExit('another package')")
    raw = "results/digits/data/raw.npz"
    workflow.run(raw, config=[SMOKE], prefix=["env", f"PYTHONPATH={tmp_path}"])
    assert (workflow.folder / raw).is_file()


def test_the_study_ends_in_tables_figures_and_a_report(finished):
    results = finished.folder / "results"
    runs = pd.read_csv(results / "tables" / "runs.csv", dtype={"eps": str})
    cell = ["dataset", "training_set", "method", "ipc", "training", "model", "seed", "attack", "norm", "eps"]
    assert runs.columns.tolist() == [*cell, "eps_value", "accuracy", "n_images", "median_distance"]
    models = 7 * 2 + 3 + 1 + 2  # in two ways, generalised on covers, four times as long on all images, by a teacher
    # clean; two attacks and the worst case at five sizes, at one of each norm the two library attacks as well
    assert len(runs) == models * (1 + 3 * (3 + 2) + 2 * 2)
    assert runs["accuracy"].between(0, 1).all()
    assert set(runs["n_images"][runs["attack"] == "clean"]) == {364}  # every test image
    assert set(runs["n_images"][runs["attack"].isin(["fgsm", "pgd"])]) == {40}

    assert set(runs["n_images"][runs["attack"].isin(["autoattack", "deepfool"])]) == {20}
    assert set(runs["n_images"][runs["attack"] == "worst"]) == {20, 40}
    summary = pd.read_csv(results / "tables" / "summary.csv")
    assert {"mean", "std", "low", "high", "n_seeds", "n_images", "eps_value"} <= set(summary.columns)
    assert r"\toprule" in (results / "tables" / "summary.tex").read_text()
    gates = pd.read_csv(results / "tables" / "gates.csv")
    assert gates[gates["gate"].str.contains("eps = 0|stays in the ball")]["passed"].all()
    # held or not, it is asked of every standard model in every norm, and asked of no other
    broken = gates[gates["gate"].str.startswith("a standard model is broken by")]
    assert set(broken["training"]) == {"standard"}
    assert sorted(broken["gate"].str.split(" by ").str[1]) == sorted(["linf 0.2", "l2 1"] * 7)
    for name in SMOKE_FIGURES:
        for suffix in ("pdf", "png"):
            assert (results / "figures" / f"{name}.{suffix}").stat().st_size > 2000
    environment = json.loads((results / "report" / "environment.json").read_text())
    assert environment["packages"]["torch"] == "2.10.0"


def described(results):
    """{path: (name, columns)} of the tables in a study's data package, which are as it says."""
    assert misfits(results / "datapackage.json") == []
    resources = load_json(results / "datapackage.json")["resources"]
    return {
        found["path"]: (found["name"], {field["name"] for field in found["schema"]["fields"]}) for found in resources
    }


def test_every_column_of_every_table_is_described_and_no_other(finished):
    tables = described(finished.folder / "results")
    paths = {f"tables/{path.name}" for path in (finished.folder / "results").glob("tables/*.csv")}
    assert set(tables) == paths | {"report/claims.csv"}
    for name, columns in tables.values():
        assert columns == set(TABLES[name][1]), name


def test_the_report_is_one_page_that_needs_no_other_file(finished):
    page = (finished.folder / "results" / "report" / "report.html").read_text()
    assert page.count("<img ") == page.count('src="data:image/png;base64,') == len(SMOKE_FIGURES)
    assert not re.search(r"(src|href)=(?![\"'](data:|#))", page)
    for text in ("free-eta", "free-dm-ipc10", "core-hours", "2.10.0", "generalised-l2"):
        assert text in page


def test_rows_lie_where_the_path_says_one_per_image_and_attack(finished):
    folder = finished.folder / "results/digits/attacks/mfc-ipc10/generalised-l2/convnet/seed0"
    rows = pd.read_parquet(folder / "examples.parquet")
    assert rows.columns.tolist() == ["example", "label", "attack", "norm", "eps", "prediction", "correct", "distance"]
    # clean; FGSM and PGD at five sizes; two library attacks at two, on half of the images, and from then on the worst
    assert len(rows) == 364 + 40 * 2 * 5 + 20 * 2 * 2 + 40 + 20 * 4
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
    sets = [*results.glob("covers/*/train.npy"), *results.glob("co*/*/seed0/**/train.npy")]
    assert len(sets) == 8
    for path in sets:
        records = np.load(path)
        assert records.dtype.names == full.dtype.names
        if "condensed" in path.parts or ("covers" in path.parts and path.parent.name.startswith("free")):
            assert (records["index"] == -1).all()
            assert 0 <= records["image"].min() <= records["image"].max() <= 1
        else:
            assert (records["image"] == full["image"][records["index"]]).all()
            assert (records["label"] == full["label"][records["index"]]).all()
        if "free-eta" not in path.parts:
            assert np.bincount(records["label"]).tolist() == [10] * 10
        if "covers" in path.parts or "cover" in path.parts:
            assert records["weight"].sum() == len(full)
            assert records["radius_l2"].max() > 0


def test_a_run_prints_how_far_it_is_and_what_came_of_it_and_its_log_has_the_rest(finished):
    (log,) = re.findall(
        r"^All output: (\.snakemake/log/\S+); FINITECOVER_OUTPUT=all prints it\.$", told(finished), re.M
    )
    lines = [line for line in finished.printed if re.match(r"[ \d]{3} %: \d+ of \d+ jobs, ", line)]
    assert len(lines) == 20
    assert re.fullmatch(r"100 %: (\d+) of \1 jobs, in .*", lines[-1])
    assert all(re.search(r", about (\d+ s|\d+ min|\d+ h \d\d min) left$", line) for line in lines[:-1])
    assert len(finished.printed) <= len(lines) + 10
    claims, gates, cost, report = finished.printed[-4:]
    assert re.fullmatch(r"Claims: \d+ of \d+ tested; comparisons: (\d+ [a-z ]+(, )?)+\.", claims)
    assert re.fullmatch(r"Sanity checks: \d+ of [\d,]+ failed\.", gates)
    assert re.fullmatch(r"Cost: \S+ core-minutes measured, no estimate\.", cost)  # the copy has no kept results
    assert report == f"Report: {finished.folder / 'results/report/report.html'}"
    rest = (finished.folder / log).read_text()
    assert "rule train_model:" in rest
    assert set(finished.printed[-24:]) <= set(rest.splitlines())


def told(workflow):
    """All that the run of the quick study printed."""
    return "\n".join(workflow.printed)


def test_a_second_run_has_nothing_to_do_and_says_again_what_came_of_the_study(finished):
    printed = finished.run(config=finished.overlays).stdout.splitlines()
    assert printed[-5].startswith("Nothing to be done")
    assert printed[-4:] == finished.printed[-4:]


@pytest.mark.parametrize("how", ["environment", "argument", "profile"])
def test_everything_is_printed_where_it_is_asked_for(how, make_workflow):
    workflow = make_workflow()
    if how == "profile":
        path = workflow.folder / "profiles/default/profile.yaml"
        path.write_text(path.read_text().replace("# printshellcmds: true", "printshellcmds: true"))
    arguments = ["--printshellcmds"] if how == "argument" else []
    options = {"config": [SMOKE], "everything": how == "environment"}
    output = workflow.run("results/digits/data/raw.npz", *arguments, **options).stdout
    assert "rule download_dataset:" in output
    assert "1 of 1 steps (100%) done" in output


def test_a_dry_run_prints_the_table_of_jobs_and_the_estimate(make_workflow):
    workflow = make_workflow()
    shutil.copytree(ROOT / "docs/results", workflow.folder / "docs/results")
    output = workflow.run("--dry-run", config=[SMOKE]).stdout
    assert output.count("Job stats:") == output.count("FINITECOVER_OUTPUT=all lists every job.") == 1
    (minutes,) = re.findall(r"^Estimate: ([\d.]+) core-minutes for \d+ of \d+ jobs that cost time, from ", output, re.M)
    assert 1 < float(minutes) < 120
    assert "rule train_model:" not in output
    assert "rule train_model:" in workflow.run("--dry-run", config=[SMOKE], everything=True).stdout


def test_more_cores_than_the_machine_has_are_remarked_on(make_workflow):
    workflow, here = make_workflow(), os.cpu_count()
    for cores, remarked in ((here + 1, True), (here, False)):
        output = workflow.run("results/digits/data/raw.npz", "--force", cores=cores, config=[SMOKE]).stdout
        assert (f"--cores {here + 1}, but this machine has {here}" in output) == remarked


def test_ready_jobs_are_looked_at_when_one_has_ended_and_not_besides(make_workflow):
    targets = [f"results/digits/coresets/kmeans-ipc{ipc}/seed0/train.npy" for ipc in (1, 2, 3)]
    output = make_workflow().run(*targets, "--verbose", cores=1, config=[SMOKE]).stdout
    assert re.findall(r"Ready jobs: (\d+)", output) == ["1", "1", "3", "2", "1"]  # raw data, prepared data, coresets


def test_the_same_seed_gives_the_same_bytes_on_one_core(finished, make_workflow):
    again = make_workflow()
    (again.folder / "quick.yaml").write_text(yaml.safe_dump(QUICK))
    targets = [
        "results/digits/attacks/mfc-ipc10/generalised-l2/convnet/seed0/examples.parquet",
        "results/digits/attacks/free-dm-ipc10/pgd-linf/convnet/seed0/examples.parquet",
        "results/digits/coresets/kmeans-ipc10/seed0/train.npy",
        "results/figures/frontier.pdf",
    ]
    again.run(*targets, cores=1, config=finished.overlays)
    made = [path for path in (again.folder / "results").rglob("*") if path.is_file()]
    made = [path.relative_to(again.folder) for path in made if not {"logs", "benchmarks"} & set(path.parts)]
    assert len(made) > 15
    different = [str(p) for p in made if (again.folder / p).read_bytes() != (finished.folder / p).read_bytes()]
    assert different == []


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
    killed = how == signal.SIGKILL
    assert process.returncode == (-how if killed else 128 + how)
    assert output.count(f"Ended by {how.name}; what was finished counts") == (not killed)
    assert "Traceback" not in output
    assert not (workflow.folder / target).exists()
    again = workflow.run(target, config=overlays).stdout
    assert ("The run that had locked this folder was killed" in again) == killed
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
            for how in (signal.SIGKILL, signal.SIGTERM)
        ),
    ],
    ids=["condense_dataset, kill -9", "train_model, kill -9", "train_model, SIGTERM"],
)
def test_a_long_job_that_is_stopped_goes_on_to_the_same_bytes(finished, how, longer, folder, log, names):
    (finished.folder / "longer.yaml").write_text(yaml.safe_dump(longer))
    overlays = [*finished.overlays, "longer.yaml"]
    target = f"{folder}/{names[0]}"
    for name in names:
        (finished.folder / folder / name).unlink(missing_ok=True)
    assert "resuming from" in stopped_and_rerun(finished, target, overlays, log, how)
    stopped = [(finished.folder / folder / name).read_bytes() for name in names]
    finished.run("--force", target, config=overlays)
    assert "resuming from" not in (finished.folder / log).read_text()
    assert stopped == [(finished.folder / folder / name).read_bytes() for name in names]


def test_costs_of_condensed_sets_stand_beside_those_of_covers(finished):
    tables = finished.folder / "results/tables"
    costs = load_csv(tables / "costs.csv")

    def cost(rule, **identity):
        chosen = costs[costs["rule"] == rule]
        for key, value in identity.items():
            chosen = chosen[chosen[key] == value]
        (found,) = chosen.to_dict("records")
        return found

    made = cost("condense_dataset", training_set="free-dm-ipc10")
    # 3 iterations, 10 classes, 8 real and 10 synthetic images each
    assert (made["images_seen"], made["gradient_evaluations"]) == (3 * 10 * 18, 3 * 10 * 10)
    cover = cost("solve_cover", training_set="mfc-ipc10")
    assert (cover["images_seen"], cover["gradient_evaluations"]) == (0, 0)
    trained = cost("train_model", training_set="random-ipc10", training="pgd-linf")
    # 8 updates of all 100 images, each after 7 steps of PGD
    assert (trained["images_seen"], trained["gradient_evaluations"]) == (8 * 100 * 8, 8 * 100 * 8)
    assert costs[costs["rule"] == "attack_model"]["gradient_evaluations"].gt(0).all()
    assert (costs["seconds"] > 0).all()
    expert = cost("train_expert", model="convnet", expert=1)
    assert (expert["images_seen"], expert["gradient_evaluations"]) == (3 * 1433, 3 * 1433)
    condensed = pd.read_csv(tables / "condensed.csv").set_index(["dataset", "training_set", "seed"])
    assert condensed.index.tolist() == [("digits", f"{method}-ipc10", 0) for method in ("free-dm", "mtt")]
    assert condensed["clamped_share"].between(0, 1).all()
    assert (condensed["loss_last"] > 0).all()
    assert condensed["step_size"].notna().tolist() == [False, True]
    page = (finished.folder / "results" / "report" / "report.html").read_text()
    assert re.search(r"<td[^>]*>free-dm-ipc10</td>\s*<td[^>]*>1</td>", page)


def test_a_study_without_condensation_has_no_tables_or_figures_of_it(finished):
    (finished.folder / "chosen.yaml").write_text("run: {methods: [full, random, mfc]}")
    plan = finished.planned(config=[*finished.overlays, "chosen.yaml"])
    assert "render_report" in plan
    assert not {"condense_dataset", "collect_condensed", "plot_condensation"} & set(plan)


def importing(finished, name, **settings):
    """Export a condensed set; overlays of a study whose one method, of this name, imports it again."""
    exported = "results/{dataset}/condensed/free-dm-ipc10/seed0/exported/condensed.pt"
    finished.run(exported.format(dataset="digits"), config=finished.overlays)
    method = {"family": "imported", "format": "dc", "experiment": 0, "path": exported, **settings}
    overlay = {"methods": {name: method}, "run": {"methods": [name]}}
    (finished.folder / f"{name}.yaml").write_text(yaml.safe_dump(overlay))
    return [*finished.overlays, f"{name}.yaml"]


def test_a_condensed_set_is_exported_and_imported_again(finished):
    overlays = importing(finished, "theirs")
    target = "results/digits/imported/theirs/train.npy"
    finished.run(target, config=overlays)
    ours, again = (
        np.load(finished.folder / path) for path in ("results/digits/condensed/free-dm-ipc10/seed0/train.npy", target)
    )
    assert again["image"] == pytest.approx(ours["image"], abs=1e-6)
    assert (again["label"] == ours["label"]).all()
    wanted = "results/digits/attacks/theirs/pgd-linf/convnet/seed0/accuracies.csv"
    plan = finished.planned(wanted, config=overlays)
    assert plan == {"train_model": 1, "attack_model": 1, "total": 2}


def test_an_imported_set_is_taken_as_a_cover(finished):
    overlays = importing(finished, "covering", cover="l2", ipc=10)
    folder = "results/digits/imported/covering/cover"
    finished.run(f"{folder}/verified.csv", f"{folder}/explorer.json", config=overlays)
    ours, again = (
        np.load(finished.folder / place / "train.npy")
        for place in ("results/digits/condensed/free-dm-ipc10/seed0/cover", folder)
    )
    assert again["radius_l2"] == pytest.approx(ours["radius_l2"], abs=1e-5)
    assert again["weight"].sum() == ours["weight"].sum()
    planned = finished.planned(config=overlays)
    assert {"trace_bound", "collect_covers"} <= set(planned)
    assert not {"cover_imported", "verify_imported_cover", "explore_imported_cover"} & set(planned)


def test_published_sets_are_imported_as_they_were(finished):
    """Chosen images by their places, the centres of a free cover by their pixels."""
    shutil.copyfile(finished.folder / "results/tables/indices.csv", finished.folder / "theirs.csv")
    shutil.copyfile(finished.folder / "results/centres/digits/free-ipc10.npz", finished.folder / "theirs.npz")
    chosen = {"format": "indices", "path": "theirs.csv", "training_set": "random-ipc10", "experiment": 0}
    centres = {"format": "npz", "path": "theirs.npz", "cover": "l2", "ipc": 10}
    methods = {name: {"family": "imported"} | method for name, method in (("chosen", chosen), ("centres", centres))}
    overlay = {"methods": methods, "run": {"methods": list(methods)}}
    (finished.folder / "published.yaml").write_text(yaml.safe_dump(overlay))
    targets = ["results/digits/imported/chosen/train.npy", "results/digits/imported/centres/cover/verified.csv"]
    finished.run(*targets, config=[*finished.overlays, "published.yaml"])
    read = [
        np.load(finished.folder / path) for path in (targets[0], "results/digits/coresets/random-ipc10/seed0/train.npy")
    ]
    assert all((read[0][name] == read[1][name]).all() for name in read[0].dtype.names)
    covers = [finished.folder / "results/digits" / name for name in ("imported/centres/cover", "covers/free-ipc10")]
    again, ours = (np.load(folder / "train.npy") for folder in covers)
    assert (again["image"] == ours["image"]).all()
    assert again["radius_l2"] == pytest.approx(ours["radius_l2"], abs=1e-6)


def test_adversarial_features_are_those_of_the_studys_model_of_all_images(finished):
    (finished.folder / "features.yaml").write_text("run: {methods: [full, dm-adversarial]}")
    overlays = [*finished.overlays, "features.yaml"]
    target = "results/digits/condensed/dm-adversarial-ipc10/seed0/train.npy"
    assert finished.planned(target, config=overlays) == {"condense_dataset": 1, "total": 1}
    finished.run(target, config=overlays)
    start, images = (
        np.load(finished.folder / path)["image"] for path in (target.replace("dm-adversarial", "free-dm"), target)
    )
    assert images.shape == start.shape
    assert 0 <= images.min() < images.max() <= 1


def test_a_teachers_labels_are_stored_with_the_set_and_exported(finished):
    folder = "results/digits/labelled/free-dm-ipc10/pgd-linf-teacher/convnet/seed0"
    finished.run(f"{folder}/exported/condensed.pt", config=finished.overlays)
    labelled = np.load(finished.folder / folder / "train.npy")
    plain = np.load(finished.folder / "results/digits/condensed/free-dm-ipc10/seed0/cover/train.npy")
    assert all((labelled[name] == plain[name]).all() for name in plain.dtype.names)
    assert labelled["soft_label"].dtype == np.float32
    assert labelled["soft_label"].sum(axis=1) == pytest.approx(1)
    written = torch.load(finished.folder / folder / "exported/condensed.pt", weights_only=True)
    assert (written["data"][0][1].numpy() == labelled["soft_label"]).all()
    bounds = pd.read_csv(finished.folder / "results/tables/bounds.csv").query("training == 'pgd-linf-teacher'")
    assert (bounds["attack_violations"] == 0).all()
    assert len(bounds)


# --- what is rerun ---

COLLECTING = {"all", "collect_runs", "summarise_runs", "collect_costs", "plot_figure", "record_environment"}
COLLECTING |= {
    "check_claim",
    "collect_claims",
    "collect_provenance",
    "describe_tables",
    "render_report",
    "collect_sets",
    "total",
}
CONDENSED = {"collect_condensed": 1, "plot_condensation": 1}


def test_changed_settings_of_a_method_rerun_its_jobs_only(finished):
    overlays = (*finished.overlays, "changed.yaml")
    changed = finished.folder / "changed.yaml"
    changed.write_text("methods: {dm: {iterations: 4}}")
    plan = finished.planned(config=overlays)
    taken = {"cover_condensed": 1, "verify_condensed_cover": 1, "collect_covers": 1}
    jobs = CONDENSED | taken | {"condense_dataset": 1, "train_model": 4, "attack_model": 4, "plot_images": 1}
    jobs |= {"transfer_attacks": 4, "collect_tables": 2, "trace_bound": 3}
    jobs |= {"label_set": 1, "explore_condensed_cover": 1}
    assert {name: count for name, count in plan.items() if name not in COLLECTING} == jobs
    changed.write_text("methods: {mfc: {norm: l1}}")
    plan = finished.planned(config=overlays)
    jobs = {"solve_cover": 1, "verify_cover": 1, "explore_cover": 1, "collect_covers": 1, "plot_frontier": 1}
    jobs |= {"train_model": 3, "attack_model": 3, "plot_images": 1, "plot_adversarial": 1}
    jobs |= {"transfer_attacks": 3, "collect_tables": 2, "trace_bound": 2}
    assert {name: count for name, count in plan.items() if name not in COLLECTING} == jobs
    changed.write_text("run: {seeds: [0, 1]}")
    plan = finished.planned(config=overlays)
    jobs = CONDENSED | taken | {"select_coreset": 2, "condense_dataset": 2, "train_model": 20, "attack_model": 20}
    jobs |= {"transfer_attacks": 4, "collect_tables": 2, "trace_bound": 7, "label_set": 2}
    assert {name: count for name, count in plan.items() if name not in COLLECTING} == jobs
    changed.write_text("trainings: {pgd-linf-long: {step_size: 0.3}}")
    plan = finished.planned(config=overlays)
    jobs = {"label_set": 2, "train_model": 3, "attack_model": 3}  # the teacher, and whom it teaches
    jobs |= {"transfer_attacks": 1, "collect_tables": 2, "trace_bound": 1}
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


@pytest.mark.parametrize("module", ["condensation.loop", "covers.distances", "reporting.statistics", "study.shapes"])
def test_a_changed_module_reruns_the_jobs_whose_scripts_import_it_and_no_others(finished, module):
    importing = {name for name, _ in rules() if module in imported_modules(ROOT / "scripts" / f"{name}.py")}
    path = module_path(module, finished.folder / "scripts/finitecover")
    source = path.read_text()
    path.write_text(source + "\n# changed\n")
    plan = finished.planned(config=finished.overlays)
    path.write_text(source)
    assert set(plan) - {"total"} == downstream(finished, importing)
    assert "Nothing to be done" in finished.run("--dry-run", config=finished.overlays).stdout


def digests(folder):
    """{rule: its `code`} of a copy of the workflow."""
    scripts = folder / "scripts"
    return {name: library_digest(scripts / f"{name}.py", scripts / "finitecover") for name, _ in rules()}


MODELS = {"train_model", "attack_model", "transfer_attacks", "certify_model", "trace_bound"}
COVERS = {"solve_cover", "verify_cover", "trace_frontier"}
SETS = {"condense_dataset", "train_expert", "select_coreset", "import_set"}
OWN = "\n\ndef mine(*arguments):\n    pass\n"


@pytest.mark.parametrize(
    ("module", "changed"),
    [
        ("own.selections", {"select_coreset"}),
        ("own.attacks", {"attack_model"}),
        ("own.condensations", {"condense_dataset"}),
        ("coresets.selection", {"select_coreset"}),
        ("covers.resources", {"solve_cover", "trace_frontier"}),
        ("covers.verification", {"solve_cover", "verify_cover", "cover_condensed"}),
        ("evaluation.gates", {"attack_model"}),
        ("training.objectives", {"train_model"}),
        ("certificates.smoothing", {"certify_model"}),
    ],
)
def test_an_edit_changes_the_digest_of_the_rules_that_it_concerns_and_of_no_other(make_workflow, module, changed):
    folder = make_workflow().folder
    before = digests(folder)
    with open(module_path(module, folder / "scripts/finitecover"), "a") as file:
        file.write(OWN)
    after = digests(folder)
    assert {name for name in after if after[name] != before[name]} == changed


@pytest.mark.parametrize(
    "module", ["jobs.tables", "reporting.figures.style", "study.kinds", "study.paths", "study.checks"]
)
def test_no_edit_of_a_table_a_figure_or_the_study_reruns_a_training_an_attack_or_a_cover(make_workflow, module):
    folder = make_workflow().folder
    before = digests(folder)
    with open(module_path(module, folder / "scripts/finitecover"), "a") as file:
        file.write(OWN)
    after = digests(folder)
    rerun = {name for name in after if after[name] != before[name]}
    assert not rerun & (MODELS | COVERS | SETS)
    assert rerun or module.startswith("study.")


def test_an_own_coreset_is_chosen_anew_with_what_comes_after_it_and_nothing_else(finished):
    path = finished.folder / "scripts/finitecover/own/selections.py"
    source = path.read_text()
    path.write_text(source + OWN)
    plan = finished.planned(config=finished.overlays)
    path.write_text(source)
    jobs = {"select_coreset": 2, "train_model": 5, "attack_model": 5, "transfer_attacks": 3, "collect_tables": 1}
    jobs |= {"label_set": 1, "plot_images": 1, "plot_adversarial": 1}
    assert {name: count for name, count in plan.items() if name not in COLLECTING} == jobs


# --- other studies in the same folder, after the tests that expect the quick one's tables ---


def test_the_full_set_alone_is_a_study(finished):
    (finished.folder / "alone.yaml").write_text("run: {methods: [full]}")
    finished.run(config=[*finished.overlays, "alone.yaml"])
    page = (finished.folder / "results/report/report.html").read_text()
    assert page.count("<img ") == 4
    assert 'id="condensed"' not in page


CERTIFIED = {
    "run": {"methods": ["full", "mfc", "free-dm"], "models": ["mlp"]},
    "certificates": {"smoothing": {"guesses": 10, "samples": 100}},
}
CERTIFIED["run"]["trainings"] = ["gaussian", "generalised-ibp-linf"]


def test_certificates_and_bounds_end_in_tables_figures_and_the_report(finished):
    (finished.folder / "certified.yaml").write_text(yaml.safe_dump(CERTIFIED))
    finished.run(config=[*finished.overlays, "certified.yaml"])
    results = finished.folder / "results"
    table = pd.read_csv(results / "tables/certificates.csv", dtype={"eps": str})
    runs = table[["training_set", "training", "cover"]].drop_duplicates().itertuples(index=False, name=None)
    assert sorted(runs) == [
        ("free-dm-ipc10", "gaussian", "free-dm-ipc10"),
        ("free-dm-ipc10", "generalised-ibp-linf", "free-dm-ipc10"),
        ("full", "gaussian", "free-dm-ipc10"),
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
    for _, rows in table.groupby(["training_set", "training", "cover"]):
        for column in ("certified_centres", "transferred", "drawn_direct"):
            assert rows[column].is_monotonic_decreasing
    folder = results / "digits/certificates/mfc-ipc10/generalised-ibp-linf/mlp/seed0/mfc-ipc10"
    points = pd.read_parquet(folder / "points.parquet")
    assert points["centre"].sum() == 100
    free = pd.read_parquet(str(folder).replace("mfc-ipc10", "free-dm-ipc10") + "/points.parquet")
    assert free["centre"].sum() == 0  # no image is a centre
    assert points["direct"].notna().sum() == 30
    both = points[points["direct"].notna() & points["centre"]]
    assert (both["transferred"] >= both["direct"] - 1e-9)[both["direct"] >= 0].all()
    bounds = pd.read_csv(results / "tables/bounds.csv")
    assert set(bounds["training"]) == {"generalised-ibp-linf"}
    assert (bounds["violations"] == 0).all()
    assert (bounds["all_attack"] <= bounds["all_certified"]).all()
    assert (bounds["all_certified"] <= bounds["cover_certified"]).all()
    assert described(results)["tables/certificates.csv"] == ("certificates", set(TABLES["certificates"][1]))
    page = (results / "report" / "report.html").read_text()
    assert 'id="certificates"' in page
    for name in ("certificates", "bounds"):
        assert (results / "figures" / f"{name}.pdf").stat().st_size > 2000


# --- a damaged data set: last, for all that is made of it counts as old afterwards ---


def test_a_damaged_file_is_told_set_aside_and_made_anew_by_the_same_command(finished):
    folder = finished.folder / "results/digits"
    target = "results/digits/coresets/random-ipc3/seed0/train.npy"
    finished.run(target, config=finished.overlays)
    chosen, made = (finished.folder / target).read_bytes(), (folder / "data/train.npy").read_bytes()
    (finished.folder / target).unlink()
    (folder / "data/train.npy").write_bytes(made[:-7])
    process = finished.run(target, config=finished.overlays, check=False)
    assert process.returncode != 0
    message = "Error: results/digits/data/train.npy: checksum mismatch (truncated or altered since it was written)"
    assert process.stdout.count(message) == 1
    finished.run(target, config=finished.overlays)
    assert (folder / "data/train.npy").read_bytes() == made
    assert (finished.folder / target).read_bytes() == chosen
    (folder / "data/train.npy.damaged").unlink()
