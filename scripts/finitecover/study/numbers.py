"""Numbers that the command line gives as text, and text that YAML takes for numbers."""

import re

from finitecover.study.schema import read_schema, resolved

WORDS = {"true": ("boolean", True), "false": ("boolean", False), "null": ("null", None)}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.I)


def take_numbers(config, schema_path):
    """Turn texts into the numbers and truth values that the schema wants in their place: `--config` gives texts alone.

    Keys become text, as in JSON and on the command line: YAML makes numbers of those of `by_budget`. Changes the
    config. What is no number stays as it is, for `check` to refuse.
    """
    schema = read_schema(schema_path)
    _take(config, schema, schema)


def _name_keys(value):
    """Make text of a map's keys, in place; of entries that were told apart by their type alone the later one counts,
    key by key, as where overlays are merged."""
    if all(isinstance(key, str) for key in value):
        return
    entries = list(value.items())
    value.clear()
    for key, entry in entries:
        before = value.get(str(key))
        value[str(key)] = before | entry if isinstance(before, dict) and isinstance(entry, dict) else entry


def _take(value, node, schema):
    """A value as a node of the schema wants it; maps and lists are changed in place."""
    node = resolved(node, schema)
    if isinstance(value, dict):
        _name_keys(value)
        others = node.get("additionalProperties")
        for key, entry in value.items():
            within = node.get("properties", {}).get(key, others if isinstance(others, dict) else None)
            value[key] = entry if within is None else _take(entry, within, schema)
    elif isinstance(value, list) and "items" in node:
        value[:] = [_take(entry, node["items"], schema) for entry in value]
    elif isinstance(value, str):
        wanted = node.get("type", "string")
        wanted = {wanted} if isinstance(wanted, str) else set(wanted)
        if value in WORDS and WORDS[value][0] in wanted:
            return WORDS[value][1]
        if wanted & {"integer", "number"} and NUMBER.fullmatch(value):
            return int(value) if value.lstrip("+-").isdigit() else float(value)
    return value
