"""How each figure of `study.figures` that is drawn from tables of the whole study is drawn.

A figure is a function of (tables, study): tables {name: DataFrame} as its entry names them; study {"titles",
"training_eps", "kinds", "attack", "order", "families"}: {data set: title}, the sizes that models are compared at, by
title, {training: (kind, norm)}, the name of the strongest attack of kind pgd, the methods as they are shown, {method:
family}. It returns a figure of Matplotlib.
"""

from finitecover.reporting.figures import accuracies, proofs
from finitecover.reporting.figures.claims import claims
from finitecover.reporting.figures.methods import methods
from finitecover.reporting.figures.style import Looks
from finitecover.reporting.statistics import at_training_eps, marked, set_costs, with_gates, with_titles
from finitecover.reporting.summaries import compared_with_gates


def _kinds(study):
    return {name: tuple(kind) for name, kind in study["kinds"].items()}


def _looks(study):
    return Looks(study["order"], study["families"])


def _shown(tables, study):
    return with_gates(at_training_eps(tables["summary"], study["training_eps"]), tables["gates"])


def _sizes(tables, study):
    shown = with_gates(tables["summary"], tables["gates"])
    return accuracies.sizes(shown, _kinds(study), study["attack"], _looks(study))


def _costs(tables, study):
    made = set_costs(tables["costs"])
    spent = zip(made["dataset"], made["made"], made["core_seconds"], strict=True)
    seconds = {(dataset, name): value for dataset, name, value in spent}
    return accuracies.costs(_shown(tables, study), _kinds(study), seconds, _looks(study))


DRAWN = {
    "methods": lambda tables, study: methods(_shown(tables, study), _kinds(study), _looks(study), tables["runs"]),
    "claims": lambda tables, study: claims(compared_with_gates(tables["claims"], tables["gates"])),
    "budgets": lambda tables, study: accuracies.budgets(_shown(tables, study), _kinds(study), _looks(study)),
    "sizes": _sizes,
    "costs": _costs,
    "architectures": lambda tables, study: accuracies.architectures(_shown(tables, study), _kinds(study)),
    "transfer": lambda tables, study: proofs.transfer(marked(tables["transfer"], tables["gates"], "target", "source")),
    "certificates": lambda tables, study: proofs.certificates(with_gates(tables["certificates"], tables["gates"])),
    "bounds": lambda tables, study: proofs.bounds(with_gates(tables["bounds"], tables["gates"])),
}


def figure_of(figure, tables, study):
    """A figure of `DRAWN`, by its name, with data sets called by their titles."""
    return DRAWN[figure]({name: with_titles(table, study["titles"]) for name, table in tables.items()}, study)
