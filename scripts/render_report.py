"""Render the report: one page that needs nothing but a browser."""

from pathlib import Path

import jinja2
import pandas as pd
import yaml

from finitecover.jobs.files import load_json, save_text
from finitecover.jobs.harness import job
from finitecover.jobs.tables import load_csv
from finitecover.reporting import page
from finitecover.reporting.columns import column_table
from finitecover.reporting.figures.style import DOTS_PER_INCH
from finitecover.reporting.summaries import study_tables, with_all_titles, written
from finitecover.reporting.verdicts import NOT_TESTED
from finitecover.study.estimates import core_hours
from finitecover.study.settings import titles

IN_RESULTS = ("methods", "claims")  # figures that stand beside the tables that they show


def render_report(
    template_path,
    library_paths,
    tables,
    claims_path,
    figures,
    explorer_paths,
    noted,
    environment_path,
    package_path,
    config,
    study,
    report_path,
):
    """Library: paths of the script that sorts and searches tables, and of its licence; tables: {name: path of a CSV};
    figures: triples of what `figures.of_study` says and paths of PNG and PDF; explorers: of `explore_cover`; study:
    overlays, training_eps, and names of the claims that put covers beside baselines; noted: pairs of name and path of
    a summary with notes; package: what describes every column of the tables."""
    tables = tables | {"claims": claims_path}
    frames = {name: load_csv(path) for name, path in tables.items()}
    shown, _ = with_all_titles(frames, config)
    told = study_tables(frames, config, study["baselines"])
    untested = told["claims"]["verdict"].eq(NOT_TESTED)
    script, licence = (Path(path).read_text(encoding="utf-8") for path in library_paths)
    context = told | {
        "study": study,
        "claims": told["claims"][~untested],
        "untested": told["claims"].loc[untested, ["claim", "sentence", "from"]],
        "comparisons": shown["claims"].drop(columns=["says", "source"]).round(2),
        "seeds": config["run"]["seeds"],
        "extent": page.extent(frames["summary"]),
        "summary": shown["summary"],
        "provenance": shown["provenance"].round(1),
        "core_hours": core_hours(tables["costs"]),
        "failed": shown["gates"][~shown["gates"]["passed"].astype(bool)],
        "failures": [
            f"{row.gate} ({row.checked - row.passed})" for row in told["gates"].query("passed < checked").itertuples()
        ],
        "files": _files(tables),
        "columns": pd.DataFrame(column_table(load_json(package_path))),
        "package": page.data_uri("application/json", Path(package_path).read_bytes()),
        "notes": {name: load_json(path)["notes"] for name, path in noted},
        "explorers": [_called(load_json(path), titles(config)) for path in explorer_paths],
        "environment": load_json(environment_path),
        "settings": yaml.safe_dump(config, sort_keys=False),
        "library": {"script": script, "licence": licence},
    }
    drawn = _figures(figures)
    context["leading"] = {name: figure for name, figure in drawn.items() if name in IN_RESULTS}
    context["figures"] = {name: figure for name, figure in drawn.items() if name not in IN_RESULTS}
    save_text(report_path, page.with_contents(_template(template_path).render(**context)))


def _called(explorer, called):
    """What the explorer shows of a cover, its data set by its title."""
    return explorer | {"dataset": called[explorer["dataset"]]}


def _template(path):
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"written": written, "rows": page.rows, "as_csv": page.as_csv, "kind": page.kind}
    return environment.from_string(Path(path).read_text(encoding="utf-8"))


def _figures(figures):
    """{name: title, caption, PNG and its width, PDF or None where the page has no room for it}."""
    pdfs = page.fitting({figure["name"]: Path(pdf).read_bytes() for figure, _, pdf in figures}, page.ROOM // 2)
    shown = {}
    for figure, png_path, _ in figures:
        png, pdf = Path(png_path).read_bytes(), pdfs.get(figure["name"])
        embedded = {"png": page.data_uri("image/png", png), "width": page.png_width(png, DOTS_PER_INCH)}
        shown[figure["name"]] = figure | embedded | {"pdf": pdf and page.data_uri("application/pdf", pdf)}
    return shown


def _files(tables):
    """{name: the table's file as a data URI, or None where the page has no room for it}."""
    contents = {name: Path(path).read_bytes() for name, path in tables.items()}
    kept = page.fitting(contents, page.ROOM // 2)
    return {name: page.data_uri("text/csv", kept[name]) if name in kept else None for name in contents}


if __name__ == "__main__":
    with job(snakemake):
        render_report(
            template_path=snakemake.input.template,
            library_paths=snakemake.input.library,
            tables=dict(zip(snakemake.params.tables, snakemake.input.tables, strict=True)),
            claims_path=snakemake.input.claims,
            figures=list(zip(snakemake.params.figures, snakemake.input.figures, snakemake.input.pdfs, strict=True)),
            explorer_paths=snakemake.input.explorer,
            noted=list(zip(snakemake.params.noted, snakemake.input.summaries, strict=True)),
            environment_path=snakemake.input.environment,
            package_path=snakemake.input.package,
            config=snakemake.params.config,
            study=snakemake.params.study,
            report_path=snakemake.output.report,
        )
