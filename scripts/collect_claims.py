"""Join the verdicts on all claims."""

from pathlib import Path

import pandas as pd

from finitecover.arrays import load_csv, save_csv
from finitecover.jobs import job


def collect_claims(paths, claims_path):
    """A claim's verdicts lie in a file of its name."""
    tables = [load_csv(path).assign(claim=Path(path).stem) for path in paths]
    joined = pd.concat(tables, ignore_index=True)
    save_csv(claims_path, joined[["claim", *joined.columns.drop("claim")]])


if __name__ == "__main__":
    with job(snakemake):
        collect_claims(paths=snakemake.input.verdicts, claims_path=snakemake.output.claims)
