import pytest
import torch

from finitecover.jobs.device import WIDE, automatic_precision
from finitecover.jobs.environment import environment
from running import ROOT

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("native", "width", "precision"),
    [
        (True, 128, "bfloat16"),
        (True, 64, "bfloat16"),
        (True, 63, "float32"),
        (True, 16, "float32"),
        (False, 128, "float32"),
    ],
)
def test_wide_networks_train_in_bfloat16_where_the_processor_computes_in_it(native, width, precision, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    assert automatic_precision(CPU, width) == precision


@pytest.mark.parametrize(("native", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_the_environment_says_what_auto_is(native, precision, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    told = environment(ROOT / "pyproject.toml")["precision"]
    assert told == {f"width < {WIDE}": "float32", f"width >= {WIDE}": precision}
