"""How each figure of `study.figures` that is drawn from tables of the whole study is drawn.

A figure is a function of (tables, study): tables {name: DataFrame} as its entry names them; study {"training_eps",
"kinds", "attack", "order"}: the sizes that models are compared at, {training: (kind, norm)}, the name of the strongest
attack of kind pgd, the methods in the order of their colours. It returns a figure of Matplotlib.
"""

from finitecover.reporting.figures import accuracies, proofs
from finitecover.reporting.statistics import at_training_eps, marked, set_costs, with_gates


def _kinds(study):
    return {name: tuple(kind) for name, kind in study["kinds"].items()}


def _of_accuracies(draw):
    def drawn(tables, study, **more):
        shown = with_gates(at_training_eps(tables["summary"], study["training_eps"]), tables["gates"])
        return draw(shown, _kinds(study), **more)

    return drawn


def _coloured(draw):
    return lambda tables, study: _of_accuracies(draw)(tables, study, order=study["order"])


def _sizes(tables, study):
    shown = with_gates(tables["summary"], tables["gates"])
    return accuracies.sizes(shown, _kinds(study), study["attack"], study["order"])


def _costs(tables, study):
    made = set_costs(tables["costs"])
    spent = zip(made["dataset"], made["made"], made["core_seconds"], strict=True)
    seconds = {(dataset, name): value for dataset, name, value in spent}
    return _of_accuracies(accuracies.costs)(tables, study, seconds=seconds, order=study["order"])


DRAWN = {
    "tradeoff": _coloured(accuracies.tradeoff),
    "budgets": _coloured(accuracies.budgets),
    "sizes": _sizes,
    "costs": _costs,
    "architectures": _of_accuracies(accuracies.architectures),
    "transfer": lambda tables, study: proofs.transfer(marked(tables["transfer"], tables["gates"], "target", "source")),
    "certificates": lambda tables, study: proofs.certificates(with_gates(tables["certificates"], tables["gates"])),
    "bounds": lambda tables, study: proofs.bounds(with_gates(tables["bounds"], tables["gates"])),
}
