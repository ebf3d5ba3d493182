"""Put one claim to the test on the models that it compares."""

from finitecover.jobs.harness import job, log
from finitecover.jobs.records import content_digest, load_records
from finitecover.jobs.tables import join_runs, save_csv
from finitecover.reporting.answers import by_cell, read_answers
from finitecover.reporting.verdicts import Cell, Measured, check_claim


def write_verdicts(example_paths, set_paths, runs, bound_paths, traced, claim, compared, verdicts_path):
    """`runs` and `traced` identify the models, in the order of the paths; compared: the last arguments of
    `check_claim`."""
    digests = {path: content_digest(load_records(path)) for path in dict.fromkeys(set_paths)}
    made = {path: digests[found] for path, found in zip(example_paths, set_paths, strict=True)}
    cells = {
        Cell(**{name: cell[name] for name in Cell._fields}): Measured(
            read_answers(paths), tuple(made[path] for path in paths)
        )
        for cell, paths in by_cell(runs, example_paths)
    }
    bounds = join_runs(bound_paths, traced) if traced else None
    verdicts = check_claim(claim, cells, bounds, **compared)
    log.info("%s", dict(verdicts["verdict"].value_counts()))
    save_csv(verdicts_path, verdicts)


if __name__ == "__main__":
    with job(snakemake):
        write_verdicts(
            example_paths=snakemake.input.examples,
            set_paths=snakemake.input.sets,
            runs=snakemake.params.runs,
            bound_paths=snakemake.input.bounds,
            traced=snakemake.params.traced,
            claim=snakemake.params.claim,
            compared=snakemake.params.compared,
            verdicts_path=snakemake.output.verdicts,
        )
