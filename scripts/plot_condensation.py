"""Plot the loss of every condensation over its iterations, and the images of one as they change."""

from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records
from finitecover.jobs.tables import join_runs
from finitecover.reporting.figures.condensation import condensation
from finitecover.reporting.figures.style import save, style


def plot_condensation(runs, history_paths, snapshot_paths, order, pdf_path, png_path):
    """runs: dicts of training_set, method, ipc, seed and pictured, in the order of the histories; snapshots are of
    those that are pictured; order: of the methods' colours."""
    style()
    columns = [{key: run[key] for key in ("method", "ipc", "seed")} for run in runs]
    histories = join_runs(history_paths, columns)
    names = [run["training_set"] for run in runs if run["pictured"]]
    snapshots = {name: load_records(path) for name, path in zip(names, snapshot_paths, strict=True)}
    save(condensation(histories, snapshots, order), pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_condensation(
            runs=snakemake.params.runs,
            history_paths=snakemake.input.histories,
            snapshot_paths=snakemake.input.snapshots,
            order=snakemake.params.order,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
