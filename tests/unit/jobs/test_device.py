import pytest
import torch

from finitecover.jobs.device import fastest_precision


@pytest.mark.parametrize(
    ("capability", "precision"), [("AVX512", "bfloat16"), ("AVX2", "float32"), ("DEFAULT", "float32")]
)
def test_a_processor_trains_in_bfloat16_where_it_computes_in_it(capability, precision, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert fastest_precision(torch.device("cpu")) == precision
