"""Studies as Snakemake merges them, for tests that need no Snakemake."""

import copy

import yaml

from finitecover.study.overlays import derive
from running import ROOT

SCHEMA = ROOT / "config/schema.yaml"
# Names of the figures that the smoke study has, and the quick one that tests run.
SMOKE_FIGURES = ["methods", "claims", "sizes", "costs", "frontier", "images_digits"]
SMOKE_FIGURES += ["adversarial_digits", "condensation_digits", "transfer", "bounds"]


def merged(base, overlay):
    """Overlays as Snakemake merges them: maps key by key, anything else replaced."""
    out = copy.deepcopy(base)
    for key, value in overlay.items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def study(*names):
    """The default study with overlays of config/."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for name in names:
        config = merged(config, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
    derive(config)
    return config
