"""Plot accuracies of all models: clean against robust, against budget, eps and cost, and across networks."""

from finitecover import figures
from finitecover.arrays import load_csv
from finitecover.jobs import job
from finitecover.statistics import headline_table, set_costs


def plot_accuracies(figure, summary_path, costs_path, headline, kinds, attack, pdf_path, png_path):
    """Figure: which; headline: the size of perturbation per data set and norm; kinds: {training: (kind, norm)};
    attack: name of the one that accuracy is drawn against eps for."""
    figures.style()
    summary = load_csv(summary_path)
    table = headline_table(summary, headline)
    if figure == "sizes":
        drawn = figures.sizes(summary, kinds, attack)
    elif figure == "costs":
        made = set_costs(load_csv(costs_path))
        seconds = zip(made["dataset"], made["made"], made["core_seconds"], strict=True)
        drawn = figures.costs(table, kinds, {(dataset, subset): spent for dataset, subset, spent in seconds})
    else:
        drawn = getattr(figures, figure)(table, kinds)
    figures.save(drawn, pdf_path, png_path)


if __name__ == "__main__":
    with job(snakemake):
        plot_accuracies(
            figure=snakemake.wildcards.figure,
            summary_path=snakemake.input.summary,
            costs_path=snakemake.input.costs,
            headline=snakemake.params.headline,
            kinds={name: tuple(kind) for name, kind in snakemake.params.kinds.items()},
            attack=snakemake.params.attack,
            pdf_path=snakemake.output.pdf,
            png_path=snakemake.output.png,
        )
