import hashlib

import pytest

from finitecover import integrity
from finitecover.arrays import remove_asides, written_aside


@pytest.fixture
def sealed(tmp_path):
    path = tmp_path / "train.npy"
    path.write_bytes(b"0123456789")
    integrity.seal(path)
    return path


def test_the_digest_is_that_of_sha256sum_and_an_untouched_file_passes(sealed):
    assert (
        sealed.parent / ".train.npy.sha256"
    ).read_text() == f"{hashlib.sha256(b'0123456789').hexdigest()}  train.npy\n"
    integrity.check(sealed)
    assert sealed.exists()


@pytest.mark.parametrize("content", [b"", b"012345678", b"0123456780", b"01234567890"])
def test_a_damaged_file_is_set_aside(sealed, content):
    sealed.write_bytes(content)
    with pytest.raises(
        integrity.DamagedError, match=r"train.npy: no longer what was written .* set aside as train.npy.damaged"
    ):
        integrity.check(sealed)
    assert not sealed.exists()
    assert (sealed.parent / "train.npy.damaged").read_bytes() == content


def test_a_file_without_a_digest_and_a_file_that_is_not_there_are_none_of_its_business(sealed):
    integrity.unseal(sealed)
    sealed.write_bytes(b"mine")
    integrity.check(sealed)
    integrity.unseal(sealed)
    integrity.check(sealed.parent / "absent.npy")


def test_what_a_killed_job_wrote_aside_is_removed_and_nothing_else(tmp_path):
    for name in (".train.123.npy", ".train.npy.sha256", ".train.123.csv", "train.npy"):
        (tmp_path / name).touch()
    remove_asides(tmp_path / "train.npy")
    assert {path.name for path in tmp_path.iterdir()} == {".train.npy.sha256", ".train.123.csv", "train.npy"}


def test_a_write_that_fails_leaves_the_old_file_and_says_which(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail():
        with written_aside(path) as aside:
            aside.write_text("ne")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"table.csv: could not be .*No space left on device; is the disk full\?"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_text() == "old"
