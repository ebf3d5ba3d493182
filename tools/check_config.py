"""Read an overlay without Snakemake, which would run code in it, and say what is wrong: `make check CONFIG=…`."""

import sys
from pathlib import Path

import yaml
from snakemake.utils import update_config

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from finitecover.study.checks import check, check_claims  # noqa: E402
from finitecover.study.claims import read_claims  # noqa: E402
from finitecover.study.numbers import take_numbers  # noqa: E402
from finitecover.study.overlays import check_keys, derive  # noqa: E402
from finitecover.study.runs import runs  # noqa: E402
from finitecover.study.settings import ConfigurationError  # noqa: E402


def read_overlay(path):
    """The content of an overlay; raises `ConfigurationError` if it is none, has a key twice or would run code."""
    try:
        overlay = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"cannot be read: {' '.join(str(error).split())}") from None
    check_keys(path)
    if not isinstance(overlay, dict):
        raise ConfigurationError("is no map of keys")
    code = sorted(key for key in overlay if str(key).startswith("__"))
    if code:
        raise ConfigurationError(f"{code[0]} would have Snakemake run code that stands in this file; don't use it")
    return overlay


def main(path):
    """Print one line: what is wrong, or how many models the study trains."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    try:
        update_config(config, read_overlay(path))
        derive(config)
        take_numbers(config, ROOT / "config/schema.yaml")
        check(config, ROOT / "config/schema.yaml")
        check_claims(read_claims((ROOT / "config/claims.yaml").read_text(encoding="utf-8")), config)
    except ConfigurationError as error:
        sys.exit(f"{path}: {str(error).removeprefix(f'{path}: ')}")
    print(f"{path}: a study of {len(runs(config))} models")


if __name__ == "__main__":
    main(sys.argv[1])
