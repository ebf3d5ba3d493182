"""End a study from outside at random moments, and say the same again: part of `make fault-test`.

A small study on digits is started again and again, and each time a signal, SIGTERM, SIGHUP or SIGINT, is sent to
Snakemake alone or to its whole process group at a random moment after the Snakefile has been read. It must end within
30 seconds, by the signal's exit code, with one line and without a traceback, leave no process behind, and the same
command must go on. When the study is finished it is begun anew.

Prints a Markdown table, a row per signal and receiver; ends with 1 if a run did not end as it must. With
``--unguarded`` the workflow's own way to end is taken out of the copy that is run: what Snakemake does by itself.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import yaml

from running import EVERYTHING, QUICK, SMOKE, Workflow

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
LIMIT = 30  # seconds
LATEST = 20  # seconds after its start at which a signal is sent
GUARD = "    signals.end_when_told(release_folder, logger)"
LESS = {"run": {"methods": ["random", "mfc", "dm"], "seeds": [0]}, "frontier": {"points": 0}}


def prepare(folder, unguarded):
    """A copy of the workflow with a small study of many short jobs."""
    workflow = Workflow(folder)
    (folder / "quick.yaml").write_text(yaml.safe_dump(QUICK | LESS))
    if unguarded:
        rules = folder / "rules/common.smk"
        text = rules.read_text()
        assert GUARD in text
        rules.write_text(text.replace(GUARD, "    pass").replace("signals.take_signals()", "pass"))
    return workflow


def end_once(workflow, number, group, after):
    """Start the study, send a signal, wait: (exit code or None, seconds, jobs left, output); seconds is None where the
    study was finished before."""
    log = workflow.folder / "output.txt"
    command = [sys.executable, "-m", "snakemake", "--configfile", SMOKE, "quick.yaml", "--cores", "2"]
    with open(log, "w") as file:
        output = {"stdout": file, "stderr": file, "start_new_session": True, "env": os.environ | EVERYTHING}
        # in the background, or by nohup, this ignores Ctrl-C or a lost terminal, and what it starts would too
        output["preexec_fn"] = lambda: [signal.signal(number, signal.SIG_DFL) for number in ENDING]
        process = subprocess.Popen(command, cwd=workflow.folder, **output)
    while "Host:" not in log.read_text() and process.poll() is None:
        time.sleep(0.02)  # until the Snakefile has been read
    time.sleep(after)
    if process.poll() is not None:
        return process.returncode, None, 0, log.read_text()
    jobs = psutil.Process(process.pid).children(recursive=True)
    sent = time.monotonic()
    (os.killpg if group else os.kill)(process.pid, number)
    try:
        process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None, LIMIT, 0, log.read_text()
    seconds = time.monotonic() - sent
    left = [job for job in jobs if job.is_running() and job.status() != psutil.STATUS_ZOMBIE]
    for job in left:
        job.kill()
    return process.returncode, seconds, len(left), log.read_text()


def faults(number, code, left, output):
    """What is wrong with how a run ended: words."""
    if code is None:
        return ["did not end"]
    found = [f"exit code {code}"] if code != 128 + number else []
    found += ["no line"] if output.count("Ended by ") != 1 else []
    found += ["traceback"] if "Traceback" in output else []
    return found + (["a job lived on"] if left else [])


def main():
    """End the study and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--signals", nargs="+", default=[number.name for number in ENDING], metavar="NAME")
    parser.add_argument("--unguarded", action="store_true", help="see above")
    options = parser.parse_args()
    draw, rows = random.Random(options.seed), []
    with tempfile.TemporaryDirectory() as scratch:
        workflow = prepare(Path(scratch), options.unguarded)
        while len(rows) < options.moments:
            number = signal.Signals[options.signals[len(rows) % len(options.signals)]]
            group = bool(len(rows) // len(options.signals) % 2)
            code, seconds, left, output = end_once(workflow, number, group, draw.uniform(0, LATEST))
            if "cannot be locked" in output or (seconds is None and code):
                raise SystemExit(f"the same command was refused, or failed, after {rows[-1:]}:\n{output[-3000:]}")
            if seconds is None:
                shutil.rmtree(workflow.folder / "results")
                continue
            wrong = faults(number, code, left, output)
            to = "process group" if group else "process"
            if wrong:
                print(f"{number.name} to the {to}: {', '.join(wrong)}\n{output[-2000:]}", file=sys.stderr)
            rows.append({"signal": number.name, "to": to, "longest": seconds, "wrong": len(wrong)})
    columns = {"moments": ("to", "size"), "longest": ("longest", "max"), "wrong": ("wrong", "sum")}
    table = pd.DataFrame(rows).groupby(["signal", "to"], sort=False).agg(**columns).reset_index()
    print("| signal | sent to | moments | longest, s | wrong |\n|---|---|---|---|---|")
    for row in table.itertuples(index=False):
        print(f"| {row.signal} | {row.to} | {row.moments} | {row.longest:.1f} | {row.wrong} |")
    raise SystemExit(int(table["wrong"].sum() > 0))


if __name__ == "__main__":
    main()
