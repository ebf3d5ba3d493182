import numpy as np
import pytest

from finitecover.jobs import records
from finitecover.jobs.files import save_rows


def test_records_come_back_memory_mapped_and_equal(tmp_path, rng):
    images = rng.integers(0, 256, (5, 1, 4, 4), dtype=np.uint8)
    made = records.training_set(images, np.arange(5), index=np.arange(5), weight=np.arange(5.0))
    records.save_records(tmp_path / "train.npy", made)
    loaded = records.load_records(tmp_path / "train.npy")
    assert isinstance(loaded, np.memmap)
    assert (loaded == made).all()


def test_defaults_of_a_training_set_are_those_of_a_synthetic_one():
    made = records.training_set(np.zeros((2, 1, 3, 3), np.float32), [0, 1])
    assert made["index"].tolist() == [-1, -1]
    assert made["weight"].tolist() == [1, 1]
    assert made["radius_l2"].tolist() == made["radius_linf"].tolist() == [0, 0]


def test_radii_are_kept_in_the_norms_that_perturbations_are_measured_in_and_in_no_other():
    made = records.training_set(np.zeros((2, 1, 3, 3), np.uint8), [0, 1], radii={"linf": [0.1, 0.2]})
    assert made["radius_linf"].tolist() == [0.1, 0.2]
    assert records.radius_field("l2") == "radius_l2"
    with pytest.raises(ValueError, match="no radii in norm 'l1'; choose one of l2, linf"):
        records.radius_field("l1")


def test_pixels_scale_bytes_and_keep_floats():
    assert records.pixels(np.array([0, 51, 255], np.uint8)).tolist() == pytest.approx([0, 0.2, 1])
    floats = np.array([0, 0.25, 1], np.float32)
    assert (records.pixels(floats) == floats).all()


def test_equal_content_is_equal_bytes(tmp_path, rng):
    columns = {"a": rng.random(10), "b": np.array(["x", "y"] * 5)}
    for name in ("one", "two"):
        records.save_parquet(tmp_path / f"{name}.parquet", columns)
        records.save_arrays(tmp_path / f"{name}.npz", **columns)
        save_rows(tmp_path / f"{name}.csv", [{"a": 0.1, "b": 1}])
    for suffix in ("parquet", "npz", "csv"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_files_from_elsewhere_cannot_run_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    np.save(tmp_path / "evil.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        records.load_records(tmp_path / "evil.npy")
    assert not (tmp_path / "ran").exists()
