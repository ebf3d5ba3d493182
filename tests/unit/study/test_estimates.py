import json
from pathlib import Path

import pytest

from finitecover.study import estimates

CONFIG = {section: {} for section in (*estimates.NAMED, *estimates.WHOLE)}
CONFIG["methods"] = {"random": {"family": "coreset"}}
CONFIG["run"] = {"methods": ["random"], "trainings": [], "models": []}
COSTS = """rule,dataset,training_set,training,model,seed,cover,space,expert,threads,seconds,core_seconds
train_model,a,random-ipc1,pgd,convnet,0,,,,1,100,100
train_model,a,random-ipc1,pgd,convnet,1,,,,1,300,300
train_model,b,dm-ipc1,pgd,convnet,0,,,,1,400,400
solve_cover,a,mfc-ipc1,,,,,,,2,1000,2000
"""


def training(dataset, name, seed="0"):
    run = {"dataset": dataset, "training_set": name, "training": "pgd", "model": "convnet", "seed": seed}
    return {"rule": "train_model"} | run


COVER = {"rule": "solve_cover", "dataset": "a", "training_set": "mfc-ipc1"}


@pytest.fixture
def kept(tmp_path):
    def keep(name, config=CONFIG, costs=COSTS):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.json").write_text(json.dumps(config))
        (tmp_path / name / "costs.csv").write_text(costs)
        return tmp_path

    return keep


@pytest.mark.parametrize(
    ("job", "seconds"),
    [
        (training("a", "random-ipc1", "7"), 200),  # the same job with another seed
        (training("b", "random-ipc1"), 200),  # on another data set
        (training("a", "mfc-ipc1"), 200),  # of the rule on its data set
        (training("b", "mfc-ipc1"), 400),  # on that one
        (training("c", "mfc-ipc1"), 800 / 3),  # of the rule
        (COVER, 2000),  # two cores
    ],
)
def test_a_job_is_estimated_by_what_is_most_like_it(kept, job, seconds):
    assert estimates.estimate([job], CONFIG, kept("one")) == (seconds / 3600, 1, "one", True)


def test_what_no_figure_speaks_for_is_left_out(kept):
    jobs = [{"rule": "certify_model", "dataset": "a"}, COVER]
    assert estimates.estimate(jobs, CONFIG, kept("one")) == (2000 / 3600, 1, "one", True)


def test_figures_of_the_same_settings_go_first(kept, tmp_path):
    kept("other", CONFIG | {"optimisation": {"steps": 5}})
    job = COVER
    assert estimates.estimate([job], CONFIG, tmp_path)[2:] == ("other", False)
    kept("same", costs=COSTS.replace("2000", "20").replace("a,mfc-ipc1,", "b,mfc-ipc1,"))
    assert estimates.estimate([job], CONFIG, tmp_path) == (20 / 3600, 1, "same", True)
    faster = CONFIG | {"optimisation": {"precision": "bfloat16"}}  # no other work
    assert estimates.estimate([job], faster, tmp_path) == (20 / 3600, 1, "same", True)


def test_among_other_settings_the_run_with_the_most_similar_jobs_counts(kept, tmp_path):
    other = CONFIG | {"optimisation": {"steps": 5}}
    kept("first", other)
    kept("second", other, costs=COSTS.replace("b,dm", "z,dm").replace("400", "7"))
    job = training("z", "kmeans-ipc1")
    assert estimates.estimate([job], CONFIG, tmp_path) == (7 / 3600, 1, "second", False)


def test_only_what_a_study_uses_must_be_the_same(kept):
    folder, job = kept("one"), COVER
    more = CONFIG | {"methods": CONFIG["methods"] | {"new": {}}}
    assert estimates.estimate([job], more, folder)[3]
    assert not estimates.estimate([job], CONFIG | {"methods": {"random": {"family": "full"}}}, folder)[3]


def test_an_estimate_is_told_with_its_source(kept, tmp_path):
    folder = kept("one")
    (folder / "one/environment.json").write_text('{"processor": "a fast one"}')
    assert estimates.told(estimates.estimate([COVER], CONFIG, folder), 3, folder) == (
        "Estimate: 0.56 core-hours for 1 of 3 jobs that cost time, from what such jobs took in docs/results/one "
        "(a fast one), with the same settings."
    )


def test_nothing_kept_means_no_estimate(tmp_path):
    assert estimates.estimate([training("a", "full")], CONFIG, tmp_path) is None


def test_core_hours_count_every_core(tmp_path, kept):
    assert estimates.core_hours(kept("one") / "one" / "costs.csv") == 2800 / 3600


def test_every_kept_run_names_its_processor():
    runs = [path.parent for path in (Path(__file__).parents[3] / "docs/results").glob("*/settings.json")]
    assert len(runs) >= 1
    assert all(estimates.processor(run) for run in runs)
