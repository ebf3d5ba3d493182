"""Put one claim to the test on the models that it compares."""

import pandas as pd

from finitecover.arrays import load_csv, save_csv
from finitecover.configuration import split_subset
from finitecover.jobs import job, log
from finitecover.verdicts import check_claim


def write_verdicts(accuracy_paths, runs, bound_paths, traced, claim, kinds, headline, verdicts_path):
    """`runs` and `traced` identify the models, in the order of the paths; kinds: {training: (kind, norm)}."""
    accuracies = _joined(accuracy_paths, runs)
    if accuracies is not None:
        accuracies = accuracies.assign(
            method=[split_subset(subset)[0] for subset in accuracies["subset"]],
            ipc=pd.array([split_subset(subset)[1] for subset in accuracies["subset"]], dtype="Int64"),
        )
    verdicts = check_claim(claim, accuracies, _joined(bound_paths, traced), kinds, headline)
    log.info("%s", dict(verdicts["verdict"].value_counts()))
    save_csv(verdicts_path, verdicts)


def _joined(paths, runs):
    tables = [load_csv(path).assign(**run) for path, run in zip(paths, runs, strict=True)]
    return pd.concat(tables, ignore_index=True) if tables else None


if __name__ == "__main__":
    with job(snakemake):
        write_verdicts(
            accuracy_paths=snakemake.input.accuracies,
            runs=snakemake.params.runs,
            bound_paths=snakemake.input.bounds,
            traced=snakemake.params.traced,
            claim=snakemake.params.claim,
            kinds=snakemake.params.kinds,
            headline=snakemake.params.headline,
            verdicts_path=snakemake.output.verdicts,
        )
