"""What the documents say is what the project does."""

import importlib.util
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from finitecover.study.settings import ConfigurationError
from running import ROOT


def load(name):
    """A program of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def edges(labels, pairs):
    return {(labels[a], labels[b]) for a, b in pairs}


def test_the_picture_of_the_rules_is_up_to_date():
    dot = load("rulegraph").graph()
    svg = (ROOT / "docs/rulegraph.svg").read_text()
    labels = re.findall(r"<title>(\d+)</title>\n<path[^>]*/>\n<text[^>]*>(\w+)</text>", svg)
    drawn = edges(dict(labels), re.findall(r"<title>(\d+)&#45;&gt;(\d+)</title>", svg))
    told = edges(dict(re.findall(r'(\d+)\[label = "(\w+)"', dot)), re.findall(r"(\d+) -> (\d+)", dot))
    assert drawn == told, "run `make docs`"
    assert ("train_model", "attack_model") in drawn


def test_the_table_of_keys_is_up_to_date():
    readme = (ROOT / "config/README.md").read_text()
    assert load("keys").with_keys(readme) == readme, "run `make docs`"
    assert "| `methods.<name>.momentum` | number ≥ 0 < 1 |" in readme


def test_every_part_that_is_written_by_command_has_its_place():
    results = load("results")
    marks = [mark for page in results.DOCUMENTS for mark in re.findall("<!-- end of (.*) -->", page.read_text())]
    assert sorted(marks) == sorted(results.PARTS)


def test_what_is_said_of_kept_results_is_what_they_say():
    for path, text in load("results").pages().items():
        assert path.read_text(encoding="utf-8") == text, "run `make docs`"
    assert (ROOT / "README.md").read_text().count("results/report/claims/") >= 10
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text())
    page = (ROOT / "docs/claims.md").read_text()
    assert [f"results/report/claims/{name}.csv" in page for name in claims] == [True] * len(claims)


@pytest.mark.parametrize(("page", "most"), [("README.md", 1500), ("docs/findings.md", 800)])
def test_a_page_is_no_longer_than_a_reader_has_time_for(page, most):
    shown = re.sub("<!--.*?-->", "", (ROOT / page).read_text(), flags=re.S)
    assert len([word for word in shown.split() if any(map(str.isalnum, word))]) <= most


def test_the_readme_has_the_sections_that_a_reader_looks_for():
    shown = (ROOT / "README.md").read_text()
    headings = ["Results", "Quickstart", "Glossary", "Claims", "Studies", "Your own data", "Limits", "Cite"]
    assert re.findall("^## (.*)$", shown, flags=re.M) == headings


@pytest.fixture
def small_study():
    """Frames and settings of a study with hard labels and a teacher's, two budgets, a failed gate and chance."""
    trainings = {
        "standard": {"kind": "standard"},
        "pgd": {"kind": "pgd", "norm": "linf", "augmentation": True},
        "pgd-plain": {"kind": "pgd", "norm": "linf"},
        "pgd-long": {"kind": "pgd", "norm": "linf", "augmentation": True, "updates": 4},
        "taught": {"kind": "pgd", "norm": "linf", "augmentation": True, "labels": "teacher"},
    }
    cells = [
        ("full", "full", None, "pgd", 0.7),
        ("full", "full", None, "pgd-long", 0.8),
        ("full", "full", None, "pgd-plain", 0.9),
        ("random-ipc10", "random", 10, "pgd", 0.5),
        ("random-ipc10", "random", 10, "taught", 0.6),
        ("mfc-ipc10", "mfc", 10, "pgd", 0.1),
        ("mfc-ipc10", "mfc", 10, "standard", 0.95),
        ("mfc-eta", "mfc-eta", None, "pgd", 0.97),
        ("random-ipc1", "random", 1, "pgd", 0.98),
    ]
    names = ["training_set", "method", "ipc", "training", "mean"]
    shared = {
        "dataset": "mnist",
        "model": "convnet",
        "attack": "worst",
        "norm": "linf",
        "eps": "0.2",
        "n_seeds": 3,
        "n_images": 250,
    }
    summary = pd.DataFrame(cells, columns=names).astype({"ipc": "Int64"}).assign(**shared)
    summary["at_chance"] = summary["mean"] < 0.2
    gates = summary[["dataset", "training_set", "training", "model"]].assign(passed=summary["method"] != "full")
    config = {
        "run": {"datasets": ["mnist"], "budgets": [1, 10], "trainings": list(trainings), "models": ["convnet"]},
        "trainings": trainings,
        "datasets": {"mnist": {"eps": {"linf": {"train": "0.2", "test": ["0.2"]}}}},
        "evaluation": {"norms": ["linf"], "attacks": {"pgd": {}, "autoattack": {}}},
    }
    return {"summary": summary, "gates": gates}, config


def test_the_small_table_has_what_is_comparable_and_its_caption_the_number_of_images_and_seeds(small_study):
    table, caption = load("overview").small_table(*small_study)
    assert table.columns.tolist() == ["method", "mnist, 1", "mnist, 10"]
    assert table.to_numpy().tolist() == [
        ["full", "70.0†", "70.0†"],
        ["full, 4 times the updates", "80.0†", "80.0†"],
        ["random", "**98.0**", "**50.0**"],
        ["mfc", "", "10.0‡"],
    ]
    assert "within linf eps 0.2 on mnist" in caption
    assert "n = 250 test images, 3 seeds" in caption
    assert "†: a sanity check failed. ‡: at chance." in caption


def test_of_a_claim_it_is_told_per_data_set_what_its_comparisons_say():
    rows = [
        ("above", "A", "holds", 1.24),
        ("above", "A", "holds", 9.4),
        ("above", "A", "inconclusive", 3.0),
        ("above", "B", "fails", -2.0),
        ("below", "B", "at chance", 0.5),
        ("other", "A", "holds", 1.0),
        ("never", None, "not tested", None),
    ]
    comparisons = pd.DataFrame(rows, columns=["claim", "dataset", "verdict", "effect"])
    overview = load("overview")
    table = overview.by_dataset(comparisons, {"above": "It is above.", "below": "It is below.", "never": "It is."})
    assert table.columns.tolist() == ["claim", "A", "B"]
    assert table.to_numpy().tolist() == [
        ["It is above.", "2 hold, 1 inconclusive; +1.2 to +9.4", "1 fails; -2.0"],
        ["It is below.", "", "at chance"],
        ["It is.", "", ""],
    ]
    sides = [
        ("a (t)", "b (t)"),
        ("full (t)", "a (t)"),
        ("a (t)", "b (u)"),
        ("a (t)", "a (u)"),
        *[("b (t)", "a (t)")] * 3,
    ]
    comparisons = comparisons.assign(
        measure="robust", **dict(zip(("higher", "lower"), zip(*sides, strict=True), strict=True))
    )
    decided = overview.decisions([("one", comparisons, 2.5), ("none", comparisons[-1:], 1.0)])
    assert decided.to_numpy().tolist() == [["one", 5, 4, 3, 2, "2.5", "2"]]


def test_the_citation_is_that_of_the_file():
    citation = {
        "type": "software",
        "title": "A Cover: of sets",
        "authors": [{"name": "The developers"}],
        "version": "1.0",
        "references": [
            {
                "type": "article",
                "title": "On sets",
                "authors": [{"family-names": "Li", "given-names": "An"}, {"family-names": "Roe", "given-names": "Jo"}],
                "year": 2024,
                "identifiers": [{"type": "other", "value": "arXiv:1"}],
            }
        ],
    }
    software, article = load("overview").bibtex(citation).split("\n\n")
    assert software.splitlines()[:3] == [
        "@software{acover,",
        "  title = {{A Cover: of sets}},",
        "  author = {{The developers}},",
    ]
    assert "@article{li2024," in article
    assert "  author = {Li, An and Roe, Jo}," in article
    assert "  journal = {arXiv:1}," in article


def test_kept_figures_are_what_their_kept_tables_say(tmp_path):
    results = load("results")
    for name in results.draw("smoke", tmp_path):
        check_picture(results.KEPT / "smoke" / name, tmp_path / name)
    results.draw_controls(tmp_path)
    check_picture(results.KEPT / "benchmarks/controls.png", tmp_path / "controls.png")


def check_picture(kept, drawn):
    """That two pictures look the same: another processor rounds edges otherwise, by a few steps of 256; a mark that has
    moved is black on white."""
    before, after = (np.asarray(Image.open(path).convert("RGB")).astype(int) for path in (kept, drawn))
    assert before.shape == after.shape, f"{kept.name}: run `make docs`"
    assert np.abs(before - after).max() < 64, f"{kept.name}: run `make docs`"


def test_the_figure_of_controls_shows_every_set_and_start():
    sets = "| data set | ten images per class | clean % | PGD-20 % | APGD-T % |\n| --- | --- | --- | --- | --- |\n"
    sets += "| d | medoids | 90 | 60 | 55 |\n| d | free, power 2 | 91 | 61 | 50 |\n"
    starts = "| data set | DM starts from | iterations | APGD-T % |\n| --- | --- | --- | --- |\n"
    starts += "| d | medoids | 0 | 50 |\n| d | medoids | 100 | 51 |\n| d | free | 0 | 52 |\n| d | free | 100 | 53 |\n"
    figure = load("controls").controls(f"# Page\n\n{sets}\n{starts}", {"d": "Data"})
    above, below = figure.axes
    assert above.get_title() == "Data"
    assert [label.get_text() for label in above.get_yticklabels()] == ["free, power 2", "medoids"]
    assert [line.get_xdata().tolist() for line in above.lines] == [[91, 90], [61, 60], [50, 55]]
    assert [line.get_ydata().tolist() for line in below.lines] == [[50, 51], [52, 53]]
    assert [label.get_text() for label in below.get_xticklabels()] == ["0", "100"]


def test_every_file_that_a_document_links_to_is_there():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "config/README.md"]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_a_benchmark_is_kept_with_its_machine_and_a_failed_one_is_not(tmp_path, monkeypatch, capsys):
    results = load("results")
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "kept").mkdir()
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(results, "KEPT", tmp_path / "kept")
    (tmp_path / "benchmarks/good.py").write_text("print('| a | b |')")
    results.bench("good")
    kept = (tmp_path / "kept/benchmarks/good.md").read_text().splitlines()
    assert re.fullmatch(r"Made by `make bench`: commit \S+, \d+ cores .*PyTorch [0-9.]+.*", kept[2])
    assert kept[-1] == "| a | b |" == capsys.readouterr().out.strip()
    (tmp_path / "benchmarks/bad.py").write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit):
        results.bench("bad")
    assert not (tmp_path / "kept/benchmarks/bad.md").exists()


@pytest.fixture
def repeated(tmp_path):
    """Results that are the kept ones."""
    kept = ROOT / "docs/results/smoke"
    for name in ("tables/summary.csv", "tables/covers.csv", "report/claims.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(kept / Path(name).name, tmp_path / name)
    return tmp_path


def test_kept_results_agree_with_themselves_and_not_with_others(repeated):
    results = load("results")
    assert results.differences("smoke", repeated) == []
    path = repeated / "tables/summary.csv"
    summary = pd.read_csv(path, dtype={"eps": str})
    summary.loc[5, "mean"] += 0.13
    summary.to_csv(path, index=False)
    (line,) = results.differences("smoke", repeated)
    assert line.endswith("13.0 points apart")
    summary["mean"] += 0.03
    summary.to_csv(path, index=False)
    assert results.differences("smoke", repeated)[-1].endswith("points apart on average")
    summary.drop(index=3).to_csv(path, index=False)
    assert results.differences("smoke", repeated) == ["summary.csv: other rows"]


def test_another_cover_is_no_agreement(repeated):
    path = repeated / "tables/covers.csv"
    path.write_text(path.read_text().replace("optimal", "feasible", 1))
    assert load("results").differences("smoke", repeated) == ["covers.csv: covers or bounds differ"]


CLAIMS = """claim,dataset,model,norm,eps,ipc,higher,lower,verdict,effect,low,high
above,digits,mlp,linf,0.1,10,a,b,{verdict},{effect},{low},{high}
"""


@pytest.mark.parametrize(
    ("verdict", "effect", "told"),
    [
        ("holds", 9.0, []),
        (
            "inconclusive",
            2.0,
            ["inconclusive, was holds; the effect is 2.0, inside the kept interval, 1.0 to 7.0: anothe"],
        ),
        ("fails", -3.0, ["fails, was holds; the effect is -3.0, outside the kept interval, 1.0 to 7.0"]),
    ],
)
def test_a_verdict_that_differs_is_told_and_a_fault_beyond_its_interval(verdict, effect, told, repeated, monkeypatch):
    results = load("results")
    kept = repeated / "kept/smoke"
    shutil.copytree(ROOT / "docs/results/smoke", kept)
    monkeypatch.setattr(results, "KEPT", kept.parent)
    (kept / "claims.csv").write_text(CLAIMS.format(verdict="holds", effect=4.0, low=1.0, high=7.0))
    new = CLAIMS.format(verdict=verdict, effect=effect, low=effect - 3, high=effect + 3)
    (repeated / "report/claims.csv").write_text(new)
    found = results.other_verdicts("smoke", repeated)
    where = "claims.csv: above/digits/mlp/linf/0.1/10/a/b: "
    assert [line.startswith(where + words) for words, (line, _) in zip(told, found, strict=True)] == [True] * len(told)
    assert len(results.differences("smoke", repeated)) == (effect < 0)
    (repeated / "report/claims.csv").write_text(new.replace("above", "other"))
    lines = results.differences("smoke", repeated)
    assert sorted(line.endswith(": compared in one of the two alone") for line in lines) == [True, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__use_yte__: true\nrun: {seeds: '?[print(1)]'}", "__use_yte__ would have Snakemake run code"),
        ("run: !!python/object/apply:os.system ['touch run']", "cannot be read: could not determine a constructor"),
        ("run: [", "cannot be read: while parsing"),
        ("- run", "is no map of keys"),
        ("run: {seeds: [0]}\nrun: {budgets: [1]}", "theirs.yaml: key 'run' of line 1 stands again in line 2"),
        ("run: {seeds: [x]}", "run.seeds.0: 'x' is not of type 'integer'"),
    ],
)
def test_an_overlay_from_elsewhere_is_read_without_running_anything(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "theirs.yaml"
    path.write_text(text)
    with pytest.raises(SystemExit, match=re.escape(message)):
        load("check_config").main(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["theirs.yaml"]


def test_the_example_of_a_teachers_labels_is_a_study(tmp_path, capsys):
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/labels.md").read_text(), re.S)
    path = tmp_path / "labels.yaml"
    path.write_text(example)
    load("check_config").main(path)
    assert re.fullmatch(rf"{path}: a study of [1-9][0-9]* models\n", capsys.readouterr().out)
    path.write_text(example.replace("    - pgd-linf-long\n", ""))
    with pytest.raises(SystemExit, match="the study trains no convnet on all images by pgd-linf-long"):
        load("check_config").main(path)


def test_a_good_overlay_is_told_to_be_one_with_numbers_as_snakemake_takes_them(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "run: {datasets: [mnist], methods: [random], budgets: [10], trainings: [standard], seeds: [0, 1]}\n"
        "optimisation: {learning_rate: 1e-3}"  # which YAML takes for text
    )
    load("check_config").main(path)
    assert capsys.readouterr().out == f"{path}: a study of 2 models\n"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load("check_config").read_overlay(tmp_path / "absent.yaml")
