"""What README.md says in numbers and names: small tables of a kept study, and BibTeX of CITATION.cff."""

import re

import numpy as np
import pandas as pd

from finitecover.reporting.outcome import counted
from finitecover.reporting.statistics import FAILED_MARK, at_training_eps, best_small, span, with_gates
from finitecover.reporting.summaries import with_all_titles
from finitecover.reporting.verdicts import AT_CHANCE, DECIDED_OR_OPEN, FAILS, HOLDS, overall
from finitecover.study.kinds import FULL
from finitecover.study.runs import budgets
from finitecover.study.settings import every_training_eps, strength

CHANCE_MARK = "‡"
# Entry types of BibTeX by those of CITATION.cff.
_ENTRIES = {"software": "software", "article": "article", "generic": "misc"}


def small_table(frames, config):
    """(table, caption): robust accuracy in percent after adversarial training, a row per method, a column per data set
    and budget, of a study that has a training of kind pgd.

    frames, config: its tables by their names, and its settings. Of its trainings those of kind pgd count whose norm,
    augmentation and labels are those of the first one. The numbers of all images, which no budget limits, stand in the
    columns of every budget; sets made for a radius are left out. Of more than two budgets the smallest and the largest
    are shown.
    """
    frames, config = with_all_titles(frames, config)
    rows = _rows(frames, config)
    table = pd.DataFrame(_columns(rows, config)).fillna("")
    order = sorted(table.index, key=lambda name: (_method(name) != FULL, -_mean(rows, _method(name))))
    return table.loc[order].rename_axis("method").reset_index(), _caption(rows, config)


def _rows(frames, config):
    """The rows of a study's summary that are comparable, at the budgets that are shown."""
    trainings, model = _comparable(config), config["run"]["models"][0]
    norm = config["trainings"][trainings[0]]["norm"]
    rows = with_gates(at_training_eps(frames["summary"], every_training_eps(config)), frames["gates"])
    rows = rows[rows["training"].isin(trainings) & rows["measure"].eq(norm) & rows["model"].eq(model)]
    of_dataset = [
        rows["dataset"].eq(dataset) & (rows["ipc"].isin(_budgets(config, dataset)) | rows["method"].eq(FULL))
        for dataset in config["run"]["datasets"]
    ]
    return rows[np.logical_or.reduce(of_dataset)]


def _budgets(config, dataset):
    asked = budgets(config, dataset)
    return sorted({min(asked), max(asked)})


def _columns(rows, config):
    """{heading: entries by the method's name} of a study."""
    updates = {training: strength(config, training)["updates"] for training in _comparable(config)}
    columns = {}
    for dataset in config["run"]["datasets"]:
        for budget in _budgets(config, dataset):
            here = rows["dataset"].eq(dataset) & (rows["ipc"].isin([budget]) | rows["method"].eq(FULL))
            columns[f"{dataset}, {budget}"] = _column(rows[here], updates)
    return columns


def _comparable(config):
    """The trainings of kind pgd that share norm, augmentation and labels with the first of them."""
    found = [name for name in config["run"]["trainings"] if config["trainings"][name]["kind"] == "pgd"]
    alike = [
        (config["trainings"][name]["norm"], *(strength(config, name)[key] for key in ("augmentation", "labels")))
        for name in found
    ]
    return [name for name, key in zip(found, alike, strict=True) if key == alike[0]]


def _column(rows, updates):
    """Entries by the method's name; the best of all sets but all images in bold."""
    entries = {}
    for row in rows.assign(best=best_small(rows)).itertuples():
        text = f"{100 * row.mean:.1f}"
        text = f"**{text}**" if row.best else text
        marks = FAILED_MARK * row.gate_failed + CHANCE_MARK * row.at_chance
        entries[_name(row.method, updates[row.training])] = text + marks
    return entries


def _name(method, updates):
    return method + ("" if updates == 1 else f", {updates} times the updates")


def _method(name):
    return name.partition(",")[0]


def _mean(rows, method):
    return rows.loc[rows["method"].eq(method), "mean"].mean()


def _caption(rows, config):
    norm = config["trainings"][_comparable(config)[0]]["norm"]
    sizes = every_training_eps(config)
    sizes = ", ".join(f"{sizes[dataset][norm]} on {dataset}" for dataset in config["run"]["datasets"])
    attacks = ", ".join(config["evaluation"]["attacks"])
    marks = {"gate_failed": f" {FAILED_MARK}: a sanity check failed.", "at_chance": f" {CHANCE_MARK}: at chance."}
    marks = [words for column, words in marks.items() if rows[column].any()]
    return (
        f"Robust accuracy in percent after adversarial training: the worst case over {attacks} within {norm} "
        f"eps {sizes}. Columns: data set, images per class; full is all images. n = "
        f"{span(rows['n_images'])} test images, {span(rows['n_seeds'])} seeds. "
        f"Bold: the best set other than full.{''.join(marks)}"
    )


def by_dataset(comparisons, sentences):
    """A row per claim, a column per data set: how many comparisons say what, the smallest and the largest effect.

    comparisons: rows of claims.csv of a study, data sets by their titles; sentences: {claim: words}, the claims shown.
    Comparisons at chance are told, but their effects do not count. "" where the study compares nothing there.
    """
    made = comparisons[comparisons["dataset"].notna()]
    table = pd.DataFrame({"claim": pd.Series(sentences)})
    for dataset, here in made.groupby("dataset", sort=False):
        table[dataset] = here.groupby("claim").apply(_said, include_groups=False)
    return table.fillna("")


def decisions(studies):
    """A row per study that compares anything: comparisons that count, how many are decided, the same of comparisons of
    two small sets, and core-hours.

    studies: triples of name, claims.csv and core-hours.
    """
    rows = []
    for name, comparisons, hours in studies:
        counting = comparisons[comparisons["verdict"].isin(DECIDED_OR_OPEN)]
        decided = counting["verdict"].isin((HOLDS, FAILS))
        higher, lower = (counting[side].astype("string").str.split(" ").str[0] for side in ("higher", "lower"))
        small = higher.ne(lower) & higher.ne(FULL) & lower.ne(FULL) & counting["measure"].ne("bound")
        of_small = {"of two small sets": small.sum(), "of these decided": (small & decided).sum()}
        rates = {"core-hours": f"{hours:.1f}", "decided per core-hour": f"{decided.sum() / hours:.0f}"}
        rows.append({"study": name, "comparisons": len(counting), "decided": decided.sum()} | of_small | rates)
    return pd.DataFrame([row for row in rows if row["comparisons"]])


def _said(comparisons):
    """ "3 hold, 1 inconclusive; +1.2 to +9.4"."""
    counting = comparisons[comparisons["verdict"].isin(DECIDED_OR_OPEN)]
    if counting.empty:
        return overall(comparisons["verdict"])
    counts = comparisons["verdict"].value_counts()
    told = (*DECIDED_OR_OPEN, AT_CHANCE)
    said = ", ".join(counted(verdict, counts[verdict]) for verdict in told if verdict in counts)
    low, high = f"{counting['effect'].min():+.1f}", f"{counting['effect'].max():+.1f}"
    return f"{said}; {low if low == high else f'{low} to {high}'}"


def bibtex(citation):
    """BibTeX entries of a CITATION.cff, a dict: the software and its references."""
    return "\n\n".join(_entry(source) for source in [citation, *citation.get("references", [])])


def _entry(source):
    names = [_author(author) for author in source["authors"]]
    numbers = [found["value"] for found in source.get("identifiers", [])]
    year = source.get("year", str(source.get("date-released", ""))[:4])
    fields = {
        "title": f"{{{source['title']}}}",
        "author": " and ".join(names),
        "year": year,
        "version": source.get("version"),
        "url": source.get("repository-code"),
        "journal": ", ".join(numbers),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    named = source["authors"][0].get("family-names") or source["title"].partition(":")[0]
    key = re.sub(r"\W", "", named).lower() + str(year)
    return "\n".join([f"@{_ENTRIES[source['type']]}{{{key},", *lines, "}"])


def _author(author):
    """ "Chen, Tong"; a group's name in braces, which keep BibTeX from splitting it."""
    return f"{author['family-names']}, {author['given-names']}" if "family-names" in author else f"{{{author['name']}}}"
