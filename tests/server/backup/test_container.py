import os
import stat
from pathlib import Path

import pytest

from server.backup.container import BackupUnreadable, reading, writing

PASSPHRASE = "twelve chars at least"


def written(path: Path, data: bytes, passphrase: str = "") -> bytes:
    before = os.umask(0)
    try:
        with writing(path, passphrase) as file:
            file.write(data)
    finally:
        os.umask(before)
    return path.read_bytes()


def read(path: Path, passphrase: str = "") -> bytes:
    with reading(path, passphrase) as file:
        return file.read()


@pytest.mark.parametrize("size", [0, 1, 65_536, 300_000])
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_what_was_written_is_read_and_is_its_owners(
    tmp_path: Path, size: int, passphrase: str
) -> None:
    path, data = tmp_path / "b", os.urandom(size)
    written(path, data, passphrase)
    assert read(path, passphrase) == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["b"]


def test_what_is_sealed_shows_nothing_and_opens_by_its_passphrase_alone(tmp_path: Path) -> None:
    path = tmp_path / "b"
    assert b"canary" not in written(path, b"canary" * 100, PASSPHRASE)
    for wrong in ("", "short", PASSPHRASE + "x"):
        with pytest.raises(BackupUnreadable):
            read(path, wrong)


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_one_that_was_cut_or_changed_is_refused(tmp_path: Path, passphrase: str) -> None:
    path = tmp_path / "b"
    whole = written(path, os.urandom(200_000), passphrase)
    sealed_chunk = 65_536 + 16
    for spoilt in (
        whole[:-1],
        whole[: 39 + sealed_chunk],  # at the end of a chunk
        whole[:100_000] + bytes([whole[100_000] ^ 1]) + whole[100_001:],
        b"",
        b"no backup",
    ):
        path.write_bytes(spoilt)
        with pytest.raises(BackupUnreadable):
            read(path, passphrase)


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> None:
        with writing(tmp_path / "b", PASSPHRASE) as file:
            file.write(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
