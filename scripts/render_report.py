"""Render the report: one page that needs nothing but a browser."""

import base64
from pathlib import Path

import jinja2
import yaml

from finitecover.arrays import load_csv, load_json, save_text
from finitecover.estimates import core_hours
from finitecover.figures import DOTS_PER_INCH
from finitecover.jobs import job
from finitecover.summaries import figure_title, study_tables, written


def render_report(
    template_path, tables, claims_path, figures, explorer_paths, environment_path, config, headline, report_path
):
    """Tables: {name: path of a CSV}; figures: paths of PNGs; explorers: of `explore_cover`."""
    frames = {name: load_csv(path) for name, path in tables.items()} | {"claims": load_csv(claims_path)}
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["written"] = written
    template = environment.from_string(Path(template_path).read_text(encoding="utf-8"))
    page = template.render(
        headline=headline,
        **study_tables(frames, headline),
        comparisons=frames["claims"].drop(columns=["says", "source"]).round(2),
        seeds=config["run"]["seeds"],
        summary=frames["summary"],
        provenance=frames["provenance"].round(1),
        core_hours=core_hours(tables["costs"]),
        failed=frames["gates"][~frames["gates"]["passed"].astype(bool)],
        figures=[(figure_title(path), *_embedded(Path(path).read_bytes())) for path in figures],
        explorers=[load_json(path) for path in explorer_paths],
        environment=load_json(environment_path),
        settings=yaml.safe_dump(config, sort_keys=False),
    )
    save_text(report_path, page)


def _embedded(png):
    """A PNG in base64, and its width as printed, in the 96ths of an inch that browsers call pixels."""
    return base64.b64encode(png).decode(), int.from_bytes(png[16:20], "big") * 96 // DOTS_PER_INCH


if __name__ == "__main__":
    with job(snakemake):
        render_report(
            template_path=snakemake.input.template,
            tables={Path(path).stem: path for path in snakemake.input.tables},
            claims_path=snakemake.input.claims,
            figures=[
                *snakemake.input.accuracies,
                *snakemake.input.frontier,
                *snakemake.input.images,
                *snakemake.input.condensation,
                *snakemake.input.proofs,
            ],
            explorer_paths=snakemake.input.explorer,
            environment_path=snakemake.input.environment,
            config=snakemake.params.config,
            headline=snakemake.params.headline,
            report_path=snakemake.output.report,
        )
