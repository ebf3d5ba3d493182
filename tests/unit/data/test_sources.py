import gzip
import hashlib
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
import scipy.io
from PIL import Image
from torchvision import datasets

from finitecover.data import checks, folders, sources
from finitecover.data.checks import DataError
from finitecover.study import catalogue


def arrays(**changes):
    """Four good arrays, some of them replaced."""
    rng = np.random.default_rng(0)
    good = {
        "x_train": rng.integers(0, 256, (6, 5, 5), dtype=np.uint8),
        "y_train": np.array([0, 1, 2, 0, 1, 2]),
        "x_test": rng.integers(0, 256, (3, 5, 5), dtype=np.uint8),
        "y_test": np.array([0, 1, 2]),
    }
    return good | changes


# --- checks ---


def test_good_arrays_become_images_with_channels_first():
    for shape in ((6, 5, 5), (6, 5, 5, 1), (6, 1, 5, 5)):
        checked = checks.standardise(**arrays(x_train=arrays()["x_train"].reshape(shape)))
        assert checked[0].shape == (6, 1, 5, 5)
    colour = np.zeros((6, 5, 5, 3), np.float64)
    colour[0, 1, 2] = [0.1, 0.2, 0.3]
    x_train, *_ = checks.standardise(**arrays(x_train=colour, x_test=colour[:3]))
    assert x_train.dtype == np.float32
    assert x_train[0, :, 1, 2].tolist() == pytest.approx([0.1, 0.2, 0.3])


ones = np.ones((6, 5, 5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": np.where(np.eye(5), np.nan, ones)}, "x_train: holds NaN or infinite values \\(30 of 150\\)"),
        ({"x_train": ones * np.inf}, "x_train: holds NaN or infinite"),
        ({"x_train": ones * 2}, "x_train: values from 2 to 2; floats must lie in \\[0, 1\\]"),
        ({"x_train": ones * 1.0001}, "x_train: values from 1.0001 to 1.0001; floats must lie in \\[0, 1\\]"),
        ({"x_train": -ones}, "must lie in \\[0, 1\\]"),
        ({"x_train": np.ones((6, 25))}, "x_train: shape \\(6, 25\\); expected \\(n, h, w\\)"),
        ({"x_train": np.ones((6, 5, 5, 4))}, "neither 1 nor 3 channels"),
        ({"x_train": np.ones((6, 5, 5), int)}, "x_train: type int64; expected uint8"),
        ({"x_train": np.ones((0, 5, 5))}, "n > 0"),
        ({"x_train": np.ones((6, 4, 4), np.uint8)}, "x_test of \\(1, 5, 5\\): they must agree"),
        ({"x_train": ones}, "x_train is float32, x_test is uint8"),
        ({"y_train": np.array([0, 1, 2])}, "y_train: shape \\(3,\\); expected \\(6,\\), one label per image"),
        ({"y_train": np.array([0.0, 1, 2, 0, 1, 2])}, "y_train: type float64; labels must be integers"),
        ({"y_train": np.arange(6).astype("m8[s]")}, r"y_train: type timedelta64\[s\]; labels must be integers"),
        ({"y_train": np.array([0, 1, -2, 0, 1, 2])}, "label -2 is negative"),
        ({"y_train": np.array([0, 1, 3, 0, 1, 3])}, "y_train: class 2 has no image"),
        ({"y_train": np.array([1, 1, 2, 2, 1, 2])}, "y_train: class 0 has no image"),
        ({"y_train": np.array([0, 1, 2, 0, 1, 2 * 10**9])}, "class 3 has no image, and there is a label 2000000000"),
        ({"y_train": np.zeros(6, int)}, "y_train: all images are of one class; at least two are needed"),
        ({"y_test": np.array([0, 1, 3])}, "y_test: label 3 does not occur in y_train"),
    ],
)
def test_bad_arrays_are_refused_in_one_line(changes, message):
    with pytest.raises(DataError, match=message) as refusal:
        checks.standardise(**arrays(**changes))
    assert "\n" not in str(refusal.value)


def test_statistics_are_per_channel_and_the_same_for_bytes_and_floats(rng):
    images = rng.integers(0, 256, (70, 3, 4, 4), dtype=np.uint8)
    floats = images / 255
    for x in (images, floats.astype(np.float32)):
        mean, std = checks.channel_statistics(x)
        assert mean == pytest.approx(floats.mean(axis=(0, 2, 3)).tolist(), rel=1e-6)
        assert std == pytest.approx(floats.std(axis=(0, 2, 3)).tolist(), rel=1e-6)


# --- digits, own arrays, own folders ---


def test_digits_are_split_by_class():
    x_train, y_train, x_test, y_test = sources.digits()
    assert len(x_train) + len(x_test) == 1797
    assert np.bincount(y_train).min() == catalogue.SMALLEST_CLASS["digits"]
    assert np.abs(np.bincount(y_test) / np.bincount(np.r_[y_train, y_test]) - 0.2).max() < 0.01
    assert (x_train.min(), x_train.max()) == (0, 1)
    assert (sources.digits()[0] == x_train).all()


def test_own_arrays_come_back(tmp_path):
    np.savez_compressed(tmp_path / "mine.npz", **arrays())
    for read, written in zip(sources.from_npz(tmp_path / "mine.npz"), arrays().values(), strict=True):
        assert (read == written).all()
    assert catalogue.smallest_class({"source": "npz", "path": tmp_path / "mine.npz"}) == 2


def test_unusable_npz_files_are_refused_in_one_line(tmp_path):
    path = tmp_path / "mine.npz"
    with pytest.raises(DataError, match="no such file"):
        sources.from_npz(path)
    np.savez(path, x_train=np.zeros(3), y_train=np.zeros(3))
    told = "no array x_test, y_test; expected x_train, y_train, x_test, y_test; it holds x_train, y_train"
    with pytest.raises(DataError, match=told):
        sources.from_npz(path)
    np.savez(path, **arrays())
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="truncated") as refusal:
            sources.from_npz(path)
        assert "\n" not in str(refusal.value)
    np.savez(path, **arrays(x_train=np.array([{"code": 1}], dtype=object)), allow_pickle=True)
    with pytest.raises(DataError, match="other than plain numeric arrays"):
        sources.from_npz(path)
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 5, 5)))
    with pytest.raises(DataError, match=r"mine.npz: holds one array \(.npy\); write four into an .npz by numpy.savez"):
        sources.from_npz(path)
    with zipfile.ZipFile(path, "w") as file:
        for name in arrays():
            file.writestr(name, "1 2 3")
    with pytest.raises(DataError, match=r"mine.npz: x_train is not a NumPy array \(.npy\); write the file with"):
        sources.from_npz(path)


def test_an_npz_larger_than_memory_is_told_to_be(tmp_path):
    path = tmp_path / "mine.npz"
    head = np.lib.format.header_data_from_array_1_0(np.zeros(1)) | {"shape": (2**45,)}
    with zipfile.ZipFile(path, "w") as file:
        for name in arrays():
            with file.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array_header_1_0(member, head)
    with pytest.raises(DataError, match=r"mine.npz: its arrays are larger than the memory"):
        sources.from_npz(path)


def write_images(root, sizes, side=6, mode="L"):
    for name, count in sizes.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            Image.new(mode, (side, side), color=number * 20).save(root / name / f"{number}.png")


def test_folders_with_train_and_test(tmp_path):
    write_images(tmp_path / "train", {"cat": 3, "dog": 2})
    write_images(tmp_path / "test", {"cat": 1, "dog": 1})
    x_train, y_train, x_test, _ = folders.from_folder(tmp_path)
    assert x_train.shape == (5, 6, 6)
    assert y_train.tolist() == [0, 0, 0, 1, 1]
    assert x_train[1, 0, 0] == 20
    assert len(x_test) == 2
    assert catalogue.smallest_class({"source": "folder", "path": tmp_path}) == 2
    assert folders.from_folder(tmp_path, size=4)[0].shape == (5, 4, 4)


def test_folders_without_a_split_and_colour(tmp_path):
    write_images(tmp_path, {"a": 4, "b": 6}, mode="RGB")
    x_train, y_train, _, y_test = folders.from_folder(tmp_path, test_share=0.25)
    assert x_train.shape == (7, 6, 6, 3)
    assert np.bincount(y_train).tolist() == [3, 4]
    assert np.bincount(y_test).tolist() == [1, 2]
    assert catalogue.smallest_class({"source": "folder", "path": tmp_path, "test_share": 0.25}) == 3


def test_unusable_folders_are_refused_in_one_line(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        folders.from_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="test_share must say"):
        folders.from_folder(tmp_path)
    with pytest.raises(DataError, match="no class folders"):
        folders.from_folder(tmp_path, test_share=0.2)
    write_images(tmp_path, {"a": 2})
    (tmp_path / "b").mkdir()
    with pytest.raises(DataError, match="b: class without an image"):
        folders.from_folder(tmp_path, test_share=0.5)
    Image.new("L", (3, 3)).save(tmp_path / "b" / "0.png")
    with pytest.raises(DataError, match=r"b: class of 1 image, of which a test_share of 0\.5 leaves none to train on"):
        folders.from_folder(tmp_path, test_share=0.5)
    Image.new("L", (3, 3)).save(tmp_path / "b" / "1.png")
    with pytest.raises(DataError, match="different sizes"):
        folders.from_folder(tmp_path, test_share=0.5)
    whole = (tmp_path / "a" / "1.png").read_bytes()
    (tmp_path / "b" / "0.png").write_bytes(whole[:40])
    with pytest.raises(DataError, match=r"b/0.png: not a readable image, or truncated"):
        folders.from_folder(tmp_path, test_share=0.5)
    write_images(tmp_path / "split" / "train", {"a": 2})
    with pytest.raises(DataError, match="has train/ but no test/"):
        folders.from_folder(tmp_path / "split")
    write_images(tmp_path / "split" / "test", {"a": 1, "c": 1})
    with pytest.raises(DataError, match="test/ has classes that train/ lacks: c"):
        folders.from_folder(tmp_path / "split")


# --- publishers' files ---


def idx(array):
    """An array as a gzipped IDX file."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(header + array.tobytes())


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A mirror with six tiny images laid out as MNIST is, and its checksums where torchvision looks for them."""
    folder = tmp_path / "mirror" / "mnist"
    folder.mkdir(parents=True)
    resources = []
    for prefix, n in (("train", 4), ("t10k", 2)):
        for kind, array in (
            ("images-idx3", np.full((n, 28, 28), n, np.uint8)),
            ("labels-idx1", np.arange(n, dtype=np.uint8)),
        ):
            name, content = f"{prefix}-{kind}-ubyte.gz", idx(array)
            (folder / name).write_bytes(content)
            resources.append((name, hashlib.md5(content).hexdigest()))
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])  # refuses at once
    return folder


@pytest.mark.parametrize("layout", ["mnist", "MNIST/raw", "."])
def test_mirror_layouts(small_mnist, tmp_path, layout):
    target = small_mnist.parent / layout
    target.mkdir(parents=True, exist_ok=True)
    for path in list(small_mnist.iterdir()):
        path.rename(target / path.name)
    (tmp_path / "scratch").mkdir()
    x_train, y_train, x_test, y_test = sources.from_torchvision(
        "MNIST", "mnist", small_mnist.parent, tmp_path / "scratch"
    )
    assert x_train.shape == (4, 28, 28)
    assert (x_train == 4).all()
    assert y_train.tolist() == [0, 1, 2, 3]
    assert len(x_test) == len(y_test) == 2


def test_truncated_altered_and_missing_publishers_files(small_mnist, tmp_path):
    (tmp_path / "scratch").mkdir()
    path = small_mnist / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for content in (whole[:-3], b"x" + whole[1:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"mnist/train-images-idx3-ubyte.gz: checksum mismatch"):
            sources.from_torchvision("MNIST", "mnist", small_mnist.parent, tmp_path / "scratch")
    path.unlink()
    with pytest.raises(DataError, match=r"mnist: train-images-idx3-ubyte.gz is not in data.mirror .* not be down"):
        sources.from_torchvision("MNIST", "mnist", small_mnist.parent, tmp_path / "scratch")
    with pytest.raises(DataError, match="mirror: no such folder"):
        sources.from_torchvision("MNIST", "mnist", tmp_path / "nowhere", tmp_path / "scratch")


def test_cifar10_as_its_publisher_packs_it(tmp_path, monkeypatch):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    sums = {}

    def write(name, value):
        (folder / name).write_bytes(pickle.dumps(value))
        sums[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()

    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    for number, name in enumerate(names):
        write(name, {"data": np.full((2, 3072), number, np.uint8), "labels": [number, 9]})
    write("batches.meta", {"label_names": list("abcdefghij")})
    archive = tmp_path / "mirror" / "cifar10" / "cifar-10-python.tar.gz"
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    cifar = datasets.CIFAR10
    monkeypatch.setattr(cifar, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(cifar, "train_list", [[name, sums[name]] for name in names[:5]])
    monkeypatch.setattr(cifar, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(cifar, "meta", cifar.meta | {"md5": sums["batches.meta"]})
    (tmp_path / "scratch").mkdir()
    x_train, y_train, x_test, y_test = sources.from_torchvision(
        "CIFAR10", "cifar10", tmp_path / "mirror", tmp_path / "scratch"
    )
    assert x_train.shape == (10, 32, 32, 3)
    assert y_train.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert (x_test == 5).all()
    assert y_test.tolist() == [5, 9]


def test_svhn_as_its_publisher_packs_it(tmp_path, monkeypatch):
    folder = tmp_path / "mirror" / "svhn"
    folder.mkdir(parents=True)
    splits = {}
    for split, n in (("train", 3), ("test", 2)):
        path = folder / f"{split}_32x32.mat"
        labels = np.arange(10, 10 - n, -1).reshape(n, 1)  # 10 stands for the digit 0
        scipy.io.savemat(path, {"X": np.full((32, 32, 3, n), n, np.uint8), "y": labels})
        splits[split] = ["", path.name, hashlib.md5(path.read_bytes()).hexdigest()]
    monkeypatch.setattr(datasets.SVHN, "split_list", splits)
    (tmp_path / "scratch").mkdir()
    x_train, y_train, x_test, _ = sources.from_torchvision("SVHN", "svhn", tmp_path / "mirror", tmp_path / "scratch")
    assert x_train.shape == (3, 3, 32, 32)
    assert y_train.tolist() == [0, 9, 8]
    assert (x_test == 2).all()


@pytest.mark.parametrize(("dataset", "name"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_real_files_of_a_mirror(mirror, tmp_path, dataset, name):
    x_train, y_train, x_test, y_test = checks.standardise(*sources.from_torchvision(name, dataset, mirror, tmp_path))
    assert x_train.shape == (60000, 1, 28, 28)
    assert x_test.shape == (10000, 1, 28, 28)
    assert np.bincount(y_train).min() == catalogue.SMALLEST_CLASS[name]
    expected = {"mnist": (0.1307, 0.3081), "fashion-mnist": (0.2860, 0.3530)}[dataset]
    mean, std = checks.channel_statistics(x_train)
    assert (mean[0], std[0]) == pytest.approx(expected, abs=1e-4)
    assert len(y_test) == 10000


def test_floats_that_leave_the_range_by_rounding_are_taken():
    x_train, *_ = checks.standardise(**arrays(x_train=np.full((6, 5, 5), 1.0000001), x_test=np.full((3, 5, 5), -1e-7)))
    assert (x_train == 1).all()
