"""What every script does first and last: a log, checks of inputs, digests of outputs, one clear line on an error."""

import logging
import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from finitecover.jobs.files import remove_partial_writes
from finitecover.jobs.integrity import check, seal, unseal

log = logging.getLogger("finitecover")

SCRIPTS = Path(__file__).parents[2]  # the folder that this package was imported from


@contextmanager
def job(snakemake):
    """Everything around a job's work: log, check of its inputs, digests of its outputs, one clear line on an error.

    `snakemake`: the object that Snakemake gives to a script. On an error the traceback goes to the log, one line to the
    terminal, and the process exits with 1.
    """
    start = perf_counter()
    with logged(snakemake.log[0]):
        refuse_another_package(snakemake.scriptdir)
        for path in snakemake.output:
            unseal(path)
            remove_partial_writes(path)
        for path in snakemake.input:
            check(path)
        yield
        for path in snakemake.output:
            seal(path)
        log.info("environment %s; modules from elsewhere: %s", sys.prefix, ", ".join(foreign_modules()) or "none")
        log.info("%.1f s%s", perf_counter() - start, ", with torch" if "torch" in sys.modules else "")


def refuse_another_package(folder):
    """Raise `RuntimeError` unless the package in use lies in the folder of the script that uses it."""
    if SCRIPTS.resolve() != Path(folder).resolve():
        raise RuntimeError(
            f"finitecover was imported from {SCRIPTS}, but the script lies in {folder}; take {SCRIPTS} off PYTHONPATH"
        )


@contextmanager
def logged(path):
    """Log to `path`; on an error keep the traceback there, print one line on the terminal and exit with 1."""
    logging.raiseExceptions = False  # a full disk is told once, by the job, and not by every line of its log
    try:
        logging.basicConfig(
            filename=path,
            filemode="w",
            level=logging.INFO,
            format="%(asctime)s %(message)s",
            datefmt="%H:%M:%S",
            force=True,
        )
        logging.captureWarnings(True)
        yield
    except KeyboardInterrupt:
        log.info("interrupted")
        raise SystemExit(130) from None
    except (Exception, SystemExit) as error:
        log.error(traceback.format_exc())
        line = " ".join(str(error).split()) or type(error).__name__
        line = f"something ended the job before its end: {line}" if isinstance(error, SystemExit) else line
        print(f"Error: {line} (log: {path})", file=sys.stderr)
        raise SystemExit(1) from None


def foreign_modules():
    """Names of the installed packages in use that do not belong to this job's environment, sorted.

    Snakemake appends its own environment to the path of a job that runs in another: with conda only Snakemake's own
    packages may come from there.
    """
    own = tuple(f"{prefix}{os.sep}" for prefix in (sys.prefix, sys.base_prefix))
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items() if "." not in name}
    return sorted(name for name, file in files.items() if "site-packages" in file and not file.startswith(own))
