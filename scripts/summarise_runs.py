"""Mean, standard deviation and 95 % interval over seeds: a CSV of everything, a LaTeX table of the headline sizes."""

from finitecover.arrays import load_csv, save_csv, save_text
from finitecover.jobs import job
from finitecover.statistics import headline_table, latex_table, summarise


def summarise_runs(runs_path, headline, summary_path, latex_path):
    """Headline: the size of perturbation per data set and norm that the LaTeX table shows."""
    summary = summarise(load_csv(runs_path))
    save_csv(summary_path, summary)
    save_text(latex_path, latex_table(headline_table(summary, headline)))


if __name__ == "__main__":
    with job(snakemake):
        summarise_runs(
            runs_path=snakemake.input.runs,
            headline=snakemake.params.headline,
            summary_path=snakemake.output.summary,
            latex_path=snakemake.output.latex,
        )
