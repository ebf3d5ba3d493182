"""What YAML takes in silence: a key that stands twice in a map, of which all but the last are lost."""

from pathlib import Path

import yaml

from finitecover.study.settings import ConfigurationError


def check_keys(path):
    """Raise `ConfigurationError` if a key stands twice in a map of a YAML file; what is no YAML is not judged."""
    try:
        pending, seen = [yaml.compose(Path(path).read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)], set()
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    while pending:
        node = pending.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue  # an alias is the node that it stands for
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            _check_map(path, node)
            pending += [value for _, value in node.value]
        else:
            pending += node.value


def _check_map(path, node):
    lines = {}
    for key, _ in node.value:
        line, name = key.start_mark.line + 1, (key.tag, key.value)
        if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
            continue
        if name in lines:
            raise ConfigurationError(
                f"{path}: key {key.value!r} of line {lines[name]} stands again in line {line}, which alone would "
                "count; make one of both"
            )
        lines[name] = line
