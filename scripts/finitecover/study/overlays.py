"""What files of settings say beyond YAML.

No key stands twice in a map, a method may be like another one, and a study may ask for a training on the sets of some
methods alone.
"""

from pathlib import Path

import yaml

from finitecover.study.settings import ConfigurationError


def derive(config):
    """Write out what a config says in short: methods that are `like` another one, and trainings on some methods.

    Raises `ConfigurationError`, as `derive_methods` does, and where a training is told its methods in two ways. What is
    no map or list stays for the schema to refuse.
    """
    derive_methods(config)
    _restrict_trainings(config)


def _restrict_trainings(config):
    """Entries {name: [methods]} of `run.trainings` become names, their methods a setting of the training."""
    run, known = config.get("run"), config.get("trainings")
    asked = run.get("trainings") if isinstance(run, dict) else None
    for place, entry in enumerate(asked if isinstance(asked, list) else ()):
        if isinstance(entry, dict) and len(entry) == 1 and isinstance(known, dict):
            ((name, methods),) = entry.items()
            asked[place] = name
            training = known.get(name)
            if isinstance(training, dict) and training.setdefault("methods", methods) != methods:
                raise ConfigurationError(
                    f"run.trainings: {name} is asked for on {methods}, and trainings.{name}.methods has "
                    f"{training['methods']}; leave one of both out"
                )


def derive_methods(config):
    """Give every method that is `like` another one that one's settings, under its own; changes the config.

    What an overlay says of a method so goes for those that are like it. Raises `ConfigurationError` for one that is
    like none, or like one that is like another.
    """
    methods = config.get("methods")
    given = methods.items() if isinstance(methods, dict) else ()
    derived = {name for name, own in given if isinstance(own, dict) and "like" in own}
    for name in derived:
        other = methods[name].pop("like")
        if not isinstance(other, str) or not isinstance(methods.get(other), dict) or other in derived:
            known = ", ".join(sorted(map(str, methods.keys() - derived)))
            raise ConfigurationError(f"methods.{name}.like: {other!r} is no method with settings of its own: {known}")
        methods[name] = _without(methods[other], methods[name]) | methods[name]


def _without(inherited, own):
    """Settings that a method takes over, without those by budget that it has itself."""
    if not isinstance(inherited.get("by_budget"), dict):
        return inherited
    by_budget = {
        number: {key: value for key, value in entry.items() if key not in own} if isinstance(entry, dict) else entry
        for number, entry in inherited["by_budget"].items()
    }
    return inherited | {"by_budget": {number: entry for number, entry in by_budget.items() if entry != {}}}


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
