"""Mean, standard deviation and 95 % interval over seeds: a CSV of everything, a LaTeX table of some."""

from finitecover.jobs.files import save_text
from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv, save_csv
from finitecover.reporting.statistics import at_training_eps, latex_table, summarise


def summarise_runs(runs_path, training_eps, summary_path, latex_path):
    """Training_eps: the size of perturbation per data set and norm that the LaTeX table shows."""
    summary = summarise(load_csv(runs_path))
    save_csv(summary_path, summary)
    save_text(latex_path, latex_table(at_training_eps(summary, training_eps)))


if __name__ == "__main__":
    with job(snakemake):
        summarise_runs(
            runs_path=snakemake.input.runs,
            training_eps=snakemake.params.training_eps,
            summary_path=snakemake.output.summary,
            latex_path=snakemake.output.latex,
        )
