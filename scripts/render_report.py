"""Render the report: one page that needs nothing but a browser."""

import base64
from pathlib import Path

import jinja2
import yaml

from finitecover.jobs.files import load_json, save_text
from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv
from finitecover.reporting.figures.style import DOTS_PER_INCH
from finitecover.reporting.summaries import study_tables, written
from finitecover.study.estimates import core_hours


def render_report(
    template_path,
    tables,
    claims_path,
    figures,
    explorer_paths,
    noted,
    environment_path,
    config,
    study,
    report_path,
):
    """Tables: {name: path of a CSV}; figures: pairs of title and path of a PNG; explorers: of `explore_cover`; study:
    training_eps, and names of the claims that put covers beside baselines; noted: pairs of name and path of a
    summary with notes."""
    frames = {name: load_csv(path) for name, path in tables.items()} | {"claims": load_csv(claims_path)}
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["written"] = written
    template = environment.from_string(Path(template_path).read_text(encoding="utf-8"))
    page = template.render(
        training_eps=study["training_eps"],
        **study_tables(frames, study["training_eps"], study["baselines"]),
        comparisons=frames["claims"].drop(columns=["says", "source"]).round(2),
        seeds=config["run"]["seeds"],
        summary=frames["summary"],
        provenance=frames["provenance"].round(1),
        core_hours=core_hours(tables["costs"]),
        failed=frames["gates"][~frames["gates"]["passed"].astype(bool)],
        figures=[(title, *_embedded(Path(path).read_bytes())) for title, path in figures],
        notes={name: load_json(path)["notes"] for name, path in noted},
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
            tables=dict(zip(snakemake.params.tables, snakemake.input.tables, strict=True)),
            claims_path=snakemake.input.claims,
            figures=list(zip(snakemake.params.figures, snakemake.input.figures, strict=True)),
            explorer_paths=snakemake.input.explorer,
            noted=list(zip(snakemake.params.noted, snakemake.input.summaries, strict=True)),
            environment_path=snakemake.input.environment,
            config=snakemake.params.config,
            study=snakemake.params.study,
            report_path=snakemake.output.report,
        )
