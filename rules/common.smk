"""What the rules need of Snakemake: checks before any work, messages around a run, constraints of wildcards, providers.

What a study expands to and where its files lie is the package's to know: `finitecover.study`.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

ROOT = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parent
sys.path.insert(0, str(ROOT / "scripts"))

from finitecover.jobs import locks, signals, speed, terminal
from finitecover.jobs.provenance import library_digest, put_first
from finitecover.reporting import outcome
from finitecover.study import checks, claims, estimates, figures, kinds
from finitecover.study import numbers, outputs, overlays, paths, runs, settings

put_first(ROOT / "scripts")


def release_folder():
    """Take this run's lock and its note from the folder; a lock of another run stays."""
    if getattr(workflow.persistence, "_lockfile", None):
        workflow.persistence.unlock()
        locks.forget_run()


# Another workflow that uses this one ends and prints as it likes.
ITSELF = Path(workflow.main_snakefile) == ROOT / "Snakefile"
if ITSELF:
    signals.end_when_told(release_folder, logger)

try:
    for file in workflow.configfiles if workflow.is_main_process else []:
        overlays.check_keys(file)
    overlays.derive(config)
    numbers.take_numbers(config, ROOT / "config" / "schema.yaml")
    checks.check(config, ROOT / "config" / "schema.yaml")
    CLAIMS = claims.read_claims((ROOT / "config" / "claims.yaml").read_text(encoding="utf-8"))
    checks.check_claims(CLAIMS, config)
except settings.ConfigurationError as error:
    raise WorkflowError(f"Configuration refused: {error}") from None

if workflow.is_main_process:
    for told in filter(
        None, (locks.look(), checks.forgotten_overlays(sys.argv), checks.idle_trainings(config))
    ):
        logger.warning(told)

RUNS, JOBS = runs.runs(config), outputs.costly_jobs(config)


def note_this_run():
    """Leave a note of this run and take back SIGTERM, which Snakemake has taken; jobs on a cluster may outlive a run."""
    if workflow.local_exec:
        locks.note_run()
        signals.take_signals()
    else:
        signals.cancel_on_signals()


def remark_on_cores():
    """Say what it does to ask for more cores than this machine has."""
    here = os.cpu_count()
    if workflow.local_exec and workflow.cores > here:
        logger.warning(
            f"--cores {workflow.cores}, but this machine has {here}: jobs will share them, and the core-hours "
            f"measured will be more than those used. --cores {here} gives each its own."
        )


def lift_limit_on_jobs_per_second():
    """Have Snakemake look at the jobs that are ready when one has ended, and not every second besides.

    Under its limit, which nobody but a cluster needs, it does that once a second for every job that has ended so far: in
    a study of a thousand jobs it takes a core.
    """
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


def estimate(jobs):
    """The `Estimate` of jobs, and how much longer the same work takes this machine; None each where that is not known."""
    kept = ROOT / "docs" / "results"
    found = (
        estimates.estimate(jobs, config, kept, gpu=shutil.which("nvidia-smi") is not None)
        if jobs
        else None
    )
    return found, speed.beside(found.benchmark) if found and found.benchmark else None


def print_estimate():
    """Say what the jobs to be run will take; {id of a job: core-seconds}, and the cores that they share."""
    if QUIET and workflow.dryrun:
        logger.info(f"{terminal.OUTPUT}={terminal.EVERYTHING} lists every job.")
    needed = [job for job in workflow.dag.needrun_jobs() if job.benchmark]
    jobs = [{"rule": job.rule.name, **job.wildcards_dict} for job in needed]
    found, scale = estimate(jobs)
    if not found:
        return {}, None
    logger.info(estimates.told(found, scale))
    if workflow.dryrun and (told := estimates.told_by_rule(found, jobs, scale)):
        logger.info(told)
    seconds = {job.jobid: cost for job, cost in zip(needed, found.seconds) if cost is not None}
    scaled = {job: (scale or 1) * cost for job, cost in seconds.items()}
    return scaled, workflow.cores if workflow.local_exec and not workflow.dryrun else None


def print_start(logs):
    """Say where the rest is, which a quiet run does not print."""
    if QUIET and logs:
        logger.info(
            f"All output: {os.path.relpath(logs[0])}; {terminal.OUTPUT}={terminal.EVERYTHING} prints it."
        )


def print_outcome():
    """Say what came of the study, in as far as it was asked for."""
    found, scale = estimate(JOBS)
    made = {str(file) for job in workflow.dag.jobs for file in job.output}
    for line in outcome.told(made, found and found.hours(scale or 1)):
        logger.info(line)


# Processes that a run starts print all that they are asked for.
QUIET = ITSELF and workflow.is_main_process and terminal.quiet(logger, workflow.output_settings)
if ITSELF and workflow.is_main_process:
    terminal.install(logger, QUIET, lambda: workflow.dryrun, print_estimate, print_outcome)


def names_of(table):
    """Regular expression of the names of a map, the longest first."""
    return "|".join(re.escape(name) for name in sorted(table, key=lambda name: (-len(name), name)))


def training_set_names():
    """Regular expression of the names of training sets: with images per class where a budget makes them."""
    methods = config["methods"].items()
    given = names_of(name for name, method in methods if runs.takes_budget(method))
    others = names_of(name for name, method in methods if not runs.takes_budget(method))
    return rf"(({given})-ipc[1-9][0-9]*|{others})"


wildcard_constraints:
    dataset=names_of(config["datasets"]),
    training_set=training_set_names(),
    training=names_of(config["trainings"]),
    model=names_of(config["models"]),
    space=names_of([kinds.PRINCIPAL_COMPONENTS, *config["models"]]),
    cover=training_set_names(),
    seed=r"[0-9]+",
    expert=r"[0-9]+",
    claim=names_of(CLAIMS),
    table=names_of(outputs.JOINED),
    figure=names_of(name for name, figure in figures.FIGURES.items() if figure.tables),


def code(script):
    """Digest of the modules that a script imports; a parameter of every rule, since Snakemake follows no imports."""
    return library_digest(ROOT / "scripts" / f"{script}.py")


def memory(mb):
    """Memory of a job, more with every attempt."""
    return lambda wildcards, attempt: mb * attempt


def of_study(function, *names):
    """A function of the study as one of wildcards: `function(config, *wildcards of these names)`."""
    return lambda wildcards: function(config, *(wildcards[name] for name in names))


def entry(path):
    """The entry of the config at a path of keys and wildcards, "models/{model}", or None where the last key is missing.

    Snakemake's `lookup` does the same, but takes a millisecond for every job.
    """

    def found(wildcards):
        *parents, last = path.format(**wildcards).split("/")
        place = config
        for key in parents:
            place = place[key]
        return place.get(last)

    return found


def declared_threads(wildcards):
    """{rule: cores that its jobs ask for}."""
    return {rule.name: rule.resources["_cores"].value for rule in workflow.rules}


def of_claim(function, template=None):
    """A function of the study and of a claim as one of wildcards; a template is filled in for the runs that it returns."""

    def found(wildcards):
        runs_of_claim = function(config, CLAIMS[wildcards.claim])
        return paths.fill_all(template, runs_of_claim) if template else runs_of_claim

    return found
