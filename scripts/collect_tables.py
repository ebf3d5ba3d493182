"""Join tables that jobs have written, a row of each with what identifies the job."""

from finitecover.jobs.harness import job
from finitecover.jobs.tables import join_runs, save_csv


def collect_tables(paths, runs, table_path):
    """`runs` identifies the jobs, in the order of the paths: dicts of columns."""
    save_csv(table_path, join_runs(paths, runs))


if __name__ == "__main__":
    with job(snakemake):
        collect_tables(
            paths=snakemake.input.tables,
            runs=snakemake.params.runs,
            table_path=snakemake.output.table,
        )
