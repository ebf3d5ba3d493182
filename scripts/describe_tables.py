"""Describe every column of the tables of the study, as a Frictionless data package."""

import csv
import os
from pathlib import Path

from finitecover.jobs.files import save_json
from finitecover.jobs.harness import job
from finitecover.reporting.columns import data_package


def describe_tables(names, table_paths, package_path):
    """Names: of the tables, in the order of their paths, which the package has from its own folder."""
    tables = {}
    for name, path in zip(names, table_paths, strict=True):
        with open(path, newline="", encoding="utf-8") as file:
            columns = next(csv.reader(file))
        tables[name] = Path(os.path.relpath(path, Path(package_path).parent)).as_posix(), columns
    save_json(package_path, data_package(tables))


if __name__ == "__main__":
    with job(snakemake):
        describe_tables(
            names=snakemake.params.names,
            table_paths=snakemake.input.tables,
            package_path=snakemake.output.package,
        )
