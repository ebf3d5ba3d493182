"""Write the table of keys in config/README.md from config/schema.yaml: `make docs`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from finitecover.study.schema import read_schema, resolved  # noqa: E402

START, END = "<!-- keys -->\n", "<!-- end of keys -->\n"


def with_keys(text):
    """`text` with the present table between its marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}{describe(read_schema(ROOT / 'config' / 'schema.yaml'))}\n{END}{after}"


def describe(schema):
    """The keys of a schema as a Markdown table: key (`<name>` for names of your choice), what is allowed, meaning."""
    lines = ["| key | allowed | meaning |", "|---|---|---|"]
    lines += [f"| `{key}` | {allowed} | {meaning} |" for key, allowed, meaning in _keys(schema, schema, "")]
    return "\n".join(lines)


def _keys(node, schema, path):
    for key, value in node.get("properties", {}).items():
        value = resolved(value, schema)
        here = f"{path}{key}"
        meaning = " ".join(value.get("description", "").split()).replace("|", r"\|").replace("<", "&lt;")
        yield here, _allowed(value), meaning
        yield from _keys(value, schema, f"{here}.")
    if isinstance(node.get("additionalProperties"), dict):
        yield from _keys(node["additionalProperties"], schema, f"{path}<name>.")


def _allowed(value):
    if "enum" in value:
        return ", ".join(value["enum"])
    kinds = value.get("type", "text")
    text = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    names = {"string": "text", "object": "map", "array": "list"}
    text = " or ".join(names.get(word, word) for word in text.split(" or "))
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return " ".join([text, *(f"{sign} {value[key]}" for key, sign in bounds.items() if key in value)])


if __name__ == "__main__":
    readme = ROOT / "config" / "README.md"
    readme.write_text(with_keys(readme.read_text(encoding="utf-8")), encoding="utf-8")
