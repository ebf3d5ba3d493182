import hashlib

import pytest

from finitecover.jobs import integrity


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
def test_a_damaged_file_is_quarantined(sealed, content):
    sealed.write_bytes(content)
    with pytest.raises(
        integrity.DamagedError, match=r"train.npy: checksum mismatch .* quarantined as train.npy.damaged"
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
