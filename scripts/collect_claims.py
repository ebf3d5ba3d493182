"""Join the verdicts on all claims."""

from finitecover.jobs.harness import job
from finitecover.jobs.tables import join_runs, save_csv


def collect_claims(paths, claims, claims_path):
    """`claims` names the claims, in the order of the paths."""
    save_csv(claims_path, join_runs(paths, [{"claim": claim} for claim in claims]))


if __name__ == "__main__":
    with job(snakemake):
        collect_claims(
            paths=snakemake.input.verdicts,
            claims=snakemake.params.claims,
            claims_path=snakemake.output.claims,
        )
