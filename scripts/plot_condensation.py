"""Plot the loss of every condensation over its iterations, and the images of one as they change."""

from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records
from finitecover.jobs.tables import join_runs
from finitecover.reporting.figures.condensation import condensation
from finitecover.reporting.figures.style import save, style


def plot_condensation(runs, order, pdf_path, png_path):
    """runs: dicts of training_set, method, ipc, seed, history and snapshots (paths, the latter or None); order: of the
    methods' colours."""
    style()
    columns = [{key: run[key] for key in ("method", "ipc", "seed")} for run in runs]
    histories = join_runs([run["history"] for run in runs], columns)
    snapshots = {run["training_set"]: load_records(run["snapshots"]) for run in runs if run["snapshots"]}
    save(condensation(histories, snapshots, order), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_condensation(
            runs=snakemake.params.runs,
            order=snakemake.params.order,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
