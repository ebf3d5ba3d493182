"""The schema of the config: read once for all that look at it, its references followed."""

import math
from functools import cache
from pathlib import Path

import jsonschema
import yaml


def _is_integer(checker, value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker, value):
    return _is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))


# JSON Schema takes 2.0 for a whole number, which becomes part of names here, and knows no NaN.
_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_TYPES)


@cache
def read_schema(path):
    """The schema in a file; nobody may change it."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def resolved(node, schema):
    """A node of a schema with what it refers to, its own keys before those."""
    return (schema["$defs"][node["$ref"].rsplit("/", 1)[-1]] if "$ref" in node else {}) | node
