import numpy as np
import pytest

from finitecover import arrays


def test_records_come_back_memory_mapped_and_equal(tmp_path, rng):
    images = rng.integers(0, 256, (5, 1, 4, 4), dtype=np.uint8)
    records = arrays.training_set(images, np.arange(5), index=np.arange(5), weight=np.arange(5.0))
    arrays.save_records(tmp_path / "train.npy", records)
    loaded = arrays.load_records(tmp_path / "train.npy")
    assert isinstance(loaded, np.memmap)
    assert (loaded == records).all()


def test_defaults_of_a_training_set_are_those_of_a_synthetic_one():
    records = arrays.training_set(np.zeros((2, 1, 3, 3), np.float32), [0, 1])
    assert records["index"].tolist() == [-1, -1]
    assert records["weight"].tolist() == [1, 1]
    assert records["radius_l2"].tolist() == records["radius_linf"].tolist() == [0, 0]


def test_pixels_scale_bytes_and_keep_floats():
    assert arrays.pixels(np.array([0, 51, 255], np.uint8)).tolist() == pytest.approx([0, 0.2, 1])
    floats = np.array([0, 0.25, 1], np.float32)
    assert (arrays.pixels(floats) == floats).all()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "summary.json"
    arrays.save_json(path, {"a": 1})

    def write_half():
        with arrays.written_aside(path) as aside:
            aside.write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        write_half()
    assert arrays.load_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_equal_content_is_equal_bytes(tmp_path, rng):
    columns = {"a": rng.random(10), "b": np.array(["x", "y"] * 5)}
    for name in ("one", "two"):
        arrays.save_parquet(tmp_path / f"{name}.parquet", columns)
        arrays.save_arrays(tmp_path / f"{name}.npz", **columns)
        arrays.save_csv(tmp_path / f"{name}.csv", [{"a": 0.1, "b": 1}])
    for suffix in ("parquet", "npz", "csv"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_files_from_elsewhere_cannot_run_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    np.save(tmp_path / "evil.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        arrays.load_records(tmp_path / "evil.npy")
    assert not (tmp_path / "ran").exists()
