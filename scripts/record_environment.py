"""Record what produced the tables: versions of every direct dependency, machine, device, commit."""

from finitecover.jobs.environment import environment
from finitecover.jobs.files import save_json
from finitecover.jobs.harness import job


def record_environment(requirements_path, environment_path):
    """Versions are those of this job's environment."""
    save_json(environment_path, environment(requirements_path))


if __name__ == "__main__":
    with job(snakemake):
        record_environment(
            requirements_path=snakemake.input.requirements, environment_path=snakemake.output.environment
        )
