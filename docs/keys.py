"""Write the table of keys in config/README.md from config/schema.yaml: `make docs`."""

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from finitecover.configuration import describe  # noqa: E402

START, END = "<!-- keys -->\n", "<!-- end of keys -->\n"


def with_keys(text):
    """`text` with the present table between its marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    schema = yaml.safe_load((ROOT / "config" / "schema.yaml").read_text(encoding="utf-8"))
    return f"{before}{START}{describe(schema)}\n{END}{after}"


if __name__ == "__main__":
    readme = ROOT / "config" / "README.md"
    readme.write_text(with_keys(readme.read_text(encoding="utf-8")), encoding="utf-8")
