"""Render the report: one page that needs nothing but a browser."""

import base64
from pathlib import Path

import jinja2
import pandas as pd
import yaml

from finitecover.arrays import load_csv, load_json, save_text
from finitecover.estimates import core_hours
from finitecover.figures import DOTS_PER_INCH
from finitecover.jobs import job
from finitecover.statistics import architecture_table, headline_table, percent, ranking_table, set_costs, wide_table
from finitecover.summaries import (
    attack_table,
    bound_table,
    certificate_table,
    claim_table,
    condensed_table,
    cost_table,
    cover_table,
    gate_table,
    transfer_table,
    written,
)
from finitecover.verdicts import comparison_table

ACCURACIES = {
    "tradeoff": "Clean against robust accuracy",
    "budgets": "Robust accuracy against images per class",
    "sizes": "Accuracy against the size of perturbations",
    "costs": "Robust accuracy against what the training set cost",
    "architectures": "Robust accuracy (%) across networks",
}
PROOFS = {
    "transfer": "Accuracy (%) under the adversarial images of every other model",
    "certificates": "Training images certified from the centres of a cover, and directly",
    "bounds": "Generalised adversarial loss on a cover beside the adversarial loss on all images, over training",
}


def render_report(
    template_path, tables, claims_path, figures, explorer_paths, environment_path, config, headline, report_path
):
    """Tables: {name: path of a CSV}; figures: list of (title, path of a PNG); explorers: of `explore_cover`."""
    comparisons = load_csv(claims_path)
    frames = {name: load_csv(path) for name, path in tables.items()}
    shown = headline_table(frames["summary"], headline)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["written"] = written
    template = environment.from_string(Path(template_path).read_text(encoding="utf-8"))
    page = template.render(
        headline=headline,
        claims=claim_table(comparisons),
        differences=comparison_table(comparisons),
        comparisons=comparisons.drop(columns=["says", "source"]).round(2),
        accuracies=wide_table(shown, percent),
        ranking=ranking_table(shown, percent),
        architectures=architecture_table(shown, percent) if shown["model"].nunique() > 1 else pd.DataFrame(),
        attacks=attack_table(frames["summary"], headline),
        certificates=certificate_table(frames.get("certificates")),
        bounds=bound_table(frames.get("bounds")),
        transfer=transfer_table(frames.get("transfer")),
        seeds=config["run"]["seeds"],
        summary=frames["summary"],
        provenance=frames["provenance"].round(1),
        core_hours=core_hours(tables["costs"]),
        gates=gate_table(frames["gates"]),
        failed=frames["gates"][~frames["gates"]["passed"].astype(bool)],
        covers=cover_table(frames["covers"], frames["costs"]),
        condensed=condensed_table(frames.get("condensed")),
        sets=set_costs(frames["costs"]),
        costs=cost_table(frames["costs"]),
        figures=[(title, *_embedded(Path(path).read_bytes())) for title, path in figures],
        explorers=[load_json(path) for path in explorer_paths],
        environment=load_json(environment_path),
        settings=yaml.safe_dump(config, sort_keys=False),
    )
    save_text(report_path, page)


def _embedded(png):
    """A PNG in base64, and its width as printed, in the 96ths of an inch that browsers call pixels."""
    return base64.b64encode(png).decode(), int.from_bytes(png[16:20], "big") * 96 // DOTS_PER_INCH


def _of_datasets(title, paths):
    """Figures that lie at <kind>_<dataset>.png, with titles."""
    return [(f"{title}: {Path(path).stem.partition('_')[2]}", path) for path in paths]


if __name__ == "__main__":
    with job(snakemake):
        render_report(
            template_path=snakemake.input.template,
            tables={Path(path).stem: path for path in snakemake.input.tables},
            claims_path=snakemake.input.claims,
            figures=[
                *((ACCURACIES[Path(path).stem], path) for path in snakemake.input.accuracies),
                *(("Size against radius of covers", path) for path in snakemake.input.frontier),
                *_of_datasets("Chosen and synthetic images", snakemake.input.images),
                *_of_datasets("Condensation, loss and images over the iterations", snakemake.input.condensation),
                *((PROOFS[Path(path).stem], path) for path in snakemake.input.proofs),
            ],
            explorer_paths=snakemake.input.explorer,
            environment_path=snakemake.input.environment,
            config=snakemake.params.config,
            headline=snakemake.params.headline,
            report_path=snakemake.output.report,
        )
