"""Where files lie: each template once, from identity to path."""

import re

import pytest

from finitecover.study import paths
from finitecover.study.runs import runs
from running import ROOT
from studies import study

RUN = {"dataset": "digits", "training_set": "mfc-ipc10", "method": "mfc", "ipc": 10, "training": "pgd-linf"}
RUN |= {"model": "convnet", "seed": 0}


def templates():
    return {name: value for name, value in vars(paths).items() if name.isupper() and isinstance(value, str)}


def test_a_run_is_filled_into_every_template_that_knows_it():
    assert paths.fill(paths.MODEL, RUN) == "results/digits/models/mfc-ipc10/pgd-linf/convnet/seed0/model.pt"
    assert paths.fill_all(paths.BOUND, [RUN, RUN | {"seed": 1}])[1].endswith("mfc-ipc10/pgd-linf/convnet/seed1.csv")
    assert (
        paths.log("train_model")
        == "results/logs/train_model/{dataset}/{training_set}/{training}/{model}/seed{seed}.log"
    )
    assert paths.log("render_report") == "results/logs/render_report.log"
    assert paths.benchmark("solve_cover") == "results/benchmarks/solve_cover/{dataset}/{training_set}.tsv"
    with pytest.raises(KeyError):
        paths.fill(paths.CERTIFICATES, RUN)  # without a cover there is no such file


def test_no_two_templates_are_one_file():
    files = templates()
    same = {name for name, value in files.items() if list(files.values()).count(value) > 1}
    assert same == set()


@pytest.mark.parametrize(
    ("training_set", "path"),
    [
        ("full", "results/digits/data/train.npy"),
        ("mfc-eta", "results/digits/covers/mfc-eta/train.npy"),
        ("random-ipc10", "results/digits/coresets/random-ipc10/seed3/train.npy"),
        ("dm-ipc1", "results/digits/condensed/dm-ipc1/seed3/train.npy"),
        ("free-ipc1", "results/digits/covers/free-ipc1/train.npy"),
        ("free-dm-ipc1", "results/digits/condensed/free-dm-ipc1/seed3/cover/train.npy"),
    ],
)
def test_a_training_set_lies_where_its_family_has_it(training_set, path):
    assert paths.training_set(study(), {"dataset": "digits", "training_set": training_set, "seed": 3}) == path


def test_every_run_of_a_study_has_files_of_its_own():
    of_study = runs(study("smoke"))
    assert len(set(paths.fill_all(paths.ACCURACIES, of_study))) == len(of_study) == 24


def test_a_shell_expands_the_records_of_several_cells():
    cells = [("a-ipc1", "pgd", "mlp"), ("full", "pgd", "mlp")]
    assert paths.examples_of("digits", cells) == (
        "results/digits/attacks/{a-ipc1/pgd/mlp,full/pgd/mlp}/seed*/examples.parquet"
    )


def test_nobody_else_writes_a_path_of_results_or_reads_one():
    """No other code names a file of results/, and none takes a path apart to learn what it is about."""
    sources = [*(ROOT / "scripts").rglob("*.py"), *(ROOT / "rules").glob("*.smk"), ROOT / "Snakefile"]
    for path in sources:
        text = path.read_text()
        code = re.sub(r'""".*?"""|#[^\n]*', "", text, flags=re.S)
        if path.name != "paths.py":
            assert not re.search(r'["\']results/', code), path
        if path.name not in ("provenance.py", "environment.py"):
            assert not re.search(r"\.parts\b|removeprefix\(.seed", code), path
