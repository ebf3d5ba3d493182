import json
from pathlib import Path

import pytest

from finitecover.study import estimates
from studies import study

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
    def keep(name, config=CONFIG, costs=COSTS, **environment):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.json").write_text(json.dumps(config))
        (tmp_path / name / "costs.csv").write_text(costs)
        environment = {"processor": "a fast one"} | environment
        (tmp_path / name / "environment.json").write_text(json.dumps(environment))
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
    folder = kept("one")
    assert estimates.estimate([job], CONFIG, folder) == ([seconds], folder / "one", True, None)


def test_what_no_figure_speaks_for_is_left_out(kept):
    found = estimates.estimate([{"rule": "certify_model", "dataset": "a"}, COVER], CONFIG, kept("one"))
    assert found.seconds == [None, 2000]
    assert (found.hours(), found.hours(2)) == (2000 / 3600, 4000 / 3600)


def test_figures_of_the_same_settings_go_first(kept, tmp_path):
    kept("other", CONFIG | {"optimisation": {"steps": 5}})
    job = COVER
    assert estimates.estimate([job], CONFIG, tmp_path)[1:3] == (tmp_path / "other", False)
    kept("same", costs=COSTS.replace("2000", "20").replace("a,mfc-ipc1,", "b,mfc-ipc1,"))
    assert estimates.estimate([job], CONFIG, tmp_path)[:3] == ([20], tmp_path / "same", True)
    faster = CONFIG | {"optimisation": {"precision": "bfloat16"}}  # no other work
    assert estimates.estimate([job], faster, tmp_path)[:3] == ([20], tmp_path / "same", True)


def test_among_other_settings_the_run_with_the_most_similar_jobs_counts(kept, tmp_path):
    other = CONFIG | {"optimisation": {"steps": 5}}
    kept("first", other)
    kept("second", other, costs=COSTS.replace("b,dm", "z,dm").replace("400", "7"))
    job = training("z", "kmeans-ipc1")
    assert estimates.estimate([job], CONFIG, tmp_path)[:3] == ([7], tmp_path / "second", False)


def test_among_other_settings_a_run_with_the_same_networks_goes_before_more_similar_jobs(kept):
    def with_width(width, steps):
        run = CONFIG["run"] | {"models": ["convnet"]}
        return CONFIG | {"run": run, "models": {"convnet": {"width": width}}, "optimisation": {"steps": steps}}

    kept("similar", with_width(16, 5))
    folder = kept("same-network", with_width(128, 5), costs=COSTS.replace("a,random", "z,random"))
    assert estimates.estimate([training("a", "random-ipc1")], with_width(128, 9), folder).run.name == "same-network"
    assert estimates.estimate([training("a", "random-ipc1")], with_width(32, 9), folder).run.name == "similar"


def test_only_what_a_study_uses_must_be_the_same(kept):
    folder, job = kept("one"), COVER
    more = CONFIG | {"methods": CONFIG["methods"] | {"new": {}}}
    assert estimates.estimate([job], more, folder).same
    assert not estimates.estimate([job], CONFIG | {"methods": {"random": {"family": "full"}}}, folder).same


def test_an_estimate_is_told_with_its_source(kept):
    jobs = [COVER, training("a", "full"), {"rule": "certify_model", "dataset": "a"}]
    found = estimates.estimate(jobs, CONFIG, kept("one"))
    told = "Estimate: 37 core-minutes for 2 of 3 jobs that cost time, from docs/results/one (a fast one), with "
    assert estimates.told(found) == f"{told}the same settings; unscaled: no benchmark was kept of that machine."


def test_an_estimate_is_scaled_to_this_machine_where_a_benchmark_was_kept(kept):
    found = estimates.estimate([COVER], CONFIG | {"optimisation": {"steps": 5}}, kept("one", benchmark_seconds=0.25))
    assert found.benchmark == 0.25
    told = "for 1 of 1 jobs that cost time, from docs/results/one (a fast one), with different settings, by the "
    scaled = "work of both; scaled by 1.50, as a benchmark of both machines says."
    assert estimates.told(found, 1.5) == f"Estimate: 50 core-minutes {told}{scaled}"
    assert (
        estimates.told(found)
        == f"Estimate: 33 core-minutes {told}work of both; unscaled: no NumPy here to measure with."
    )


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0.01, "0.6 core-minutes"),
        (0.2, "12 core-minutes"),
        (1.9, "114 core-minutes"),
        (2, "2.0 core-hours"),
        (1234.5, "1,234 core-hours"),
    ],
)
def test_few_core_hours_are_told_in_minutes(hours, words):
    assert estimates.amount(hours) == words


def test_nothing_kept_means_no_estimate(tmp_path):
    assert estimates.estimate([training("a", "full")], CONFIG, tmp_path) is None


def test_core_hours_count_every_core(tmp_path, kept):
    assert estimates.core_hours(kept("one") / "one" / "costs.csv") == 2800 / 3600


def test_every_kept_run_names_its_machine():
    runs = [path.parent for path in (Path(__file__).parents[3] / "docs/results").glob("*/settings.json")]
    assert len(runs) >= 1
    assert all(estimates.machine_of(run) for run in runs)


def test_what_a_job_took_with_other_settings_is_scaled_by_its_work(tmp_path):
    """Twice the updates take twice as long, but for the start of the job; a cover takes as long as before."""
    config = study("smoke")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/settings.json").write_text(json.dumps(config))
    (tmp_path / "kept/environment.json").write_text(json.dumps({"processor": "p"}))
    (tmp_path / "kept/costs.csv").write_text(
        "rule,dataset,training_set,training,model,seed,cover,space,expert,threads,seconds,core_seconds\n"
        "train_model,digits,random-ipc10,pgd-linf,convnet,0,,,,1,13,13\n"
        "solve_cover,digits,mfc-ipc10,,,,,,,2,20,40\n"
    )
    jobs = [dict(training("digits", "random-ipc10"), training="pgd-linf"), COVER | {"dataset": "digits"}]
    assert estimates.estimate(jobs, config, tmp_path).seconds == [13, 40]
    longer = study("smoke")
    longer["optimisation"]["steps"] *= 2
    found = estimates.estimate(jobs, longer, tmp_path)
    assert (found.same, found.seconds) == (False, [pytest.approx(3 + 2 * 10), 40])
    del config["optimisation"]["batch_size"]  # of an older version, whose work is not known
    (tmp_path / "kept/settings.json").write_text(json.dumps(config))
    assert estimates.estimate(jobs, longer, tmp_path).seconds == [13, 40]


def test_figures_of_a_gpu_speak_for_machines_with_one(kept):
    kept("cpu", costs=COSTS.replace("2000", "20"))
    folder = kept("gpu", device="NVIDIA H200", benchmark_seconds=0.25)
    assert estimates.estimate([COVER], CONFIG, folder).run.name == "cpu"
    found = estimates.estimate([COVER], CONFIG, folder, gpu=True)
    assert found.run.name == "gpu"
    assert found.benchmark is None  # which is one of processors
    told = "docs/results/gpu (NVIDIA H200), with the same settings; a core with a GPU; GPUs differ"
    assert told in estimates.told(found)


def test_core_hours_of_each_rule_are_told_the_dearest_first(kept):
    jobs = [training("a", "random-ipc1"), training("a", "random-ipc1", "1"), COVER]
    found = estimates.estimate(jobs, CONFIG, kept("one"))
    assert estimates.by_rule(found, jobs) == {"solve_cover": (2000 / 3600, 1), "train_model": (400 / 3600, 2)}
    assert estimates.told_by_rule(found, jobs) == (
        "By rule: solve_cover 33 core-minutes for 1, train_model 6.7 core-minutes for 2."
    )
    cheap = found._replace(seconds=[1, 1, 2000])
    assert estimates.told_by_rule(cheap, jobs, 2) == "By rule: solve_cover 67 core-minutes for 1."
    assert estimates.told_by_rule(found._replace(seconds=[None] * 3), jobs) is None
