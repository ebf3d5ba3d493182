"""How often the intervals over seeds and images cover what they promise, by resampling real records.

Records of three methods with eight seeds each (config/calibration.yaml) are taken for the whole truth: seeds and images
are drawn from them with replacement, as a study draws its own, and an interval covers if it holds the mean over all
seeds and images, of a cell or of the difference of two. Beside the crossed model stands Student's t over seeds, for
differences over pairs of equal seeds.
"""

import argparse
import sys
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import numpy as np
import yaml
from scipy import stats
from snakemake.utils import update_config

from finitecover.reporting.answers import by_cell, read_answers
from finitecover.reporting.intervals import difference_of, interval_of_difference, interval_of_mean, mean_of
from finitecover.reporting.statistics import CLEAN
from finitecover.study import paths, runs, settings
from finitecover.study.overlays import derive

ROOT = Path(__file__).parent.parent
COMMAND = "snakemake --cores 2 --configfile config/calibration.yaml --until attack_model"
DRAWN = ((3, 100), (3, 500), (5, 500))  # seeds, images


def configuration():
    """The study whose records are resampled."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    update_config(config, yaml.safe_load((ROOT / "config/calibration.yaml").read_text(encoding="utf-8")))
    derive(config)
    return config


def records(config, results):
    """{data set: {method: {measure: (seeds, images) booleans}}}."""
    asked = runs.runs(config)
    files = [results.parent / path for path in paths.fill_all(paths.EXAMPLES, asked)]
    absent = [path for path in files if not path.is_file()]
    if absent:
        sys.exit(f"{absent[0]} is missing; make the records by: {COMMAND}")
    found = {}
    for cell, of_seeds in by_cell(asked, files):
        ((norm, eps),) = settings.training_eps(config, cell["dataset"]).items()
        answers, of_dataset = read_answers(of_seeds), found.setdefault(cell["dataset"], {})
        strongest, _ = settings.strongest_pgd(config)
        robust, clean = answers[strongest, norm, eps], answers[CLEAN]
        same = np.searchsorted(clean.examples, robust.examples)  # the images that were attacked
        of_dataset[cell["method"]] = {"clean": clean.correct[:, same], "robust": robust.correct}
    return found


def over_seeds(values):
    """Student's t interval of the mean of numbers."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half


def of_cell(truth, rng, seeds, images):
    """Whether both kinds of interval of one cell cover, and their widths: (crossed, over seeds) each."""
    drawn = truth[rng.integers(len(truth), size=seeds)][:, rng.integers(truth.shape[1], size=images)]
    ends = interval_of_mean(mean_of(drawn), images), over_seeds(drawn.mean(axis=1))
    return _covered(ends, truth.mean())


def of_difference(first, second, rng, seeds, images):
    """The same of the difference of two cells on the same images."""
    places = rng.integers(first.shape[1], size=images)
    a, b = (side[rng.integers(len(side), size=seeds)][:, places] for side in (first, second))
    ends = interval_of_difference(difference_of(a, b)), over_seeds(a.mean(axis=1) - b.mean(axis=1))
    return _covered(ends, first.mean() - second.mean())


def _covered(ends, truth):
    return [low <= truth <= high for low, high in ends], [high - low for low, high in ends]


def rows(found, rounds):
    """Rows of the table: coverage and mean width over cells or pairs, by data set, measure and numbers drawn."""
    rng = np.random.default_rng(0)
    for dataset, methods in found.items():
        for measure in ("clean", "robust"):
            truths = [of_method[measure] for of_method in methods.values()]
            for seeds, images in DRAWN:
                for what, function, asked in (
                    ("cells", of_cell, [(truth,) for truth in truths]),
                    ("differences", of_difference, list(combinations(truths, 2))),
                ):
                    results = [function(*sides, rng, seeds, images) for sides in asked for _ in range(rounds)]
                    cover, width = (100 * np.mean([row[part] for row in results], axis=0) for part in (0, 1))
                    told = [f"{cover[0]:.1f}", f"{cover[1]:.1f}", f"{width[0]:.1f}", f"{width[1]:.1f}"]
                    yield [dataset, measure, what, seeds, images, *told]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000, help="of each cell and of each pair")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    options = parser.parse_args()
    found = records(configuration(), options.results)
    heads = ["data set", "accuracy", "of", "seeds", "images", "crossed covers %", "seeds alone cover %"]
    heads += ["crossed width", "seeds alone width"]
    print(f"\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    for row in rows(found, options.rounds):
        print(f"| {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
