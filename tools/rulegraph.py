"""Draw which rule uses what other rules make, for the smoke study: `make docs`; needs Graphviz's `dot`."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
STYLE = ["-Gbgcolor=white", "-Nfontname=sans-serif", "-Nfontsize=11", "-Nshape=box", "-Nstyle=rounded", "-Epenwidth=1"]


def graph():
    """The graph in Graphviz's language, as Snakemake tells it, without its colours."""
    command = [sys.executable, "-m", "snakemake", "--configfile", "config/smoke.yaml", "--rulegraph"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = process.stdout[process.stdout.index("digraph") :].splitlines()
    kept = [line for line in lines if not line.lstrip().startswith(("graph[", "node[", "edge["))]
    return "\n".join(line.partition(", color")[0] + "];" if ", color" in line else line for line in kept) + "\n"


if __name__ == "__main__":
    if not shutil.which("dot"):
        sys.exit("docs/rulegraph.svg is not drawn: there is no `dot` here (package graphviz)")
    svg = subprocess.run(["dot", "-Tsvg", *STYLE], input=graph(), capture_output=True, text=True, check=True).stdout
    (ROOT / "docs" / "rulegraph.svg").write_text(svg, encoding="utf-8")
