"""The schema of the config, read once for all that look at it; and a line on what is against it."""

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
_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_TYPES)


@cache
def read_schema(path):
    """The schema in a file; nobody may change it."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def resolved(node, schema):
    """A node of a schema with what it refers to, its own keys before those."""
    return (schema["$defs"][node["$ref"].rsplit("/", 1)[-1]] if "$ref" in node else {}) | node


def mistake(config, path):
    """One line on what is most wrong with a config by the schema in a file; None if nothing is."""
    error = jsonschema.exceptions.best_match(_Validator(read_schema(path)).iter_errors(config))
    return error and _one_line(error)


def _one_line(error):
    where = ".".join(str(part) for part in error.absolute_path) or "the configuration"
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(error.instance) - set(known), key=str)
        return f"{where}: unknown key {unknown[0]!r}; allowed: {', '.join(known)}"
    if error.validator == "enum":
        return f"{where}: {error.instance!r} is not one of {', '.join(map(str, error.validator_value))}"
    if "propertyNames" in error.absolute_schema_path and "by_budget" in error.absolute_path:
        return f"{where}: {error.instance!r} is no number of images per class; write one of at least 1, such as 100"
    if "propertyNames" in error.absolute_schema_path and not isinstance(error.instance, str):
        return f"{where}: name {error.instance} must be text; put it between quotes"
    if "propertyNames" in error.absolute_schema_path and error.validator == "maxLength":
        return f"{where}: name {error.instance!r} is longer than {error.validator_value} letters"
    if "propertyNames" in error.absolute_schema_path:
        return f"{where}: name {error.instance!r} must be lower-case letters, digits and single hyphens"
    if error.validator == "type" and isinstance(error.instance, float) and not math.isfinite(error.instance):
        text = "; write the word inf" if error.instance > 0 and where.endswith(".power") else ""
        return f"{where}: {error.instance} is not a finite number{text}"
    return f"{where}: {error.message}"
