"""The schema of the config: read once for all that look at it, its references followed."""

from functools import cache
from pathlib import Path

import yaml


@cache
def read_schema(path):
    """The schema in a file; nobody may change it."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def resolved(node, schema):
    """A node of a schema with what it refers to, its own keys before those."""
    return (schema["$defs"][node["$ref"].rsplit("/", 1)[-1]] if "$ref" in node else {}) | node
