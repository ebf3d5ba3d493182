"""Join the accuracies and the gates of every model into one tidy table each."""

from finitecover.jobs.harness import job
from finitecover.jobs.tables import join_runs, save_csv


def collect_runs(accuracy_paths, gate_paths, runs, runs_path, gates_path):
    """`runs` identifies the models, in the order of the paths."""
    save_csv(runs_path, join_runs(accuracy_paths, runs))
    save_csv(gates_path, join_runs(gate_paths, runs))


if __name__ == "__main__":
    with job(snakemake):
        collect_runs(
            accuracy_paths=snakemake.input.accuracies,
            gate_paths=snakemake.input.gates,
            runs=snakemake.params.runs,
            runs_path=snakemake.output.runs,
            gates_path=snakemake.output.gates,
        )
