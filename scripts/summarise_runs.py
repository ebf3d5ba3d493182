"""Mean, deviation and 95 % interval over seeds and images of every cell: a CSV of everything, LaTeX tables of some."""

from finitecover.jobs.files import save_text
from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv, save_csv
from finitecover.reporting.answers import by_cell, read_answers
from finitecover.reporting.latex import latex_tables
from finitecover.reporting.statistics import at_training_eps, summarise, with_gates


def summarise_runs(example_paths, gates_path, runs, training_eps, titles, summary_path, latex_path):
    """`runs` identifies the models, in the order of the paths; training_eps: the size of perturbation per data set and
    norm that the LaTeX tables show; titles: what these call data sets."""
    summary = summarise((cell, read_answers(paths)) for cell, paths in by_cell(runs, example_paths))
    save_csv(summary_path, summary)
    shown = with_gates(at_training_eps(summary, training_eps), load_csv(gates_path))
    save_text(latex_path, latex_tables(shown, titles))


if __name__ == "__main__":
    with job(snakemake):
        summarise_runs(
            example_paths=snakemake.input.examples,
            gates_path=snakemake.input.gates,
            runs=snakemake.params.runs,
            training_eps=snakemake.params.training_eps,
            titles=snakemake.params.titles,
            summary_path=snakemake.output.summary,
            latex_path=snakemake.output.latex,
        )
