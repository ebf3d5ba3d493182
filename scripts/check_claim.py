"""Put one claim to the test on the models that it compares."""

from finitecover.jobs.harness import job, log
from finitecover.jobs.tables import join_runs, save_csv
from finitecover.reporting.verdicts import check_claim


def write_verdicts(accuracy_paths, runs, bound_paths, traced, claim, kinds, training_eps, verdicts_path):
    """`runs` and `traced` identify the models, in the order of the paths; kinds: {training: (kind, norm)}."""
    accuracies = join_runs(accuracy_paths, runs) if runs else None
    bounds = join_runs(bound_paths, traced) if traced else None
    verdicts = check_claim(claim, accuracies, bounds, kinds, training_eps)
    log.info("%s", dict(verdicts["verdict"].value_counts()))
    save_csv(verdicts_path, verdicts)


if __name__ == "__main__":
    with job(snakemake):
        write_verdicts(
            accuracy_paths=snakemake.input.accuracies,
            runs=snakemake.params.runs,
            bound_paths=snakemake.input.bounds,
            traced=snakemake.params.traced,
            claim=snakemake.params.claim,
            kinds=snakemake.params.kinds,
            training_eps=snakemake.params.training_eps,
            verdicts_path=snakemake.output.verdicts,
        )
