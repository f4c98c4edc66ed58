import os
import resource
import signal
from pathlib import Path

import pytest

from proxy.spool import Spool, StorageUnavailable, open_spool, sweep


async def test_an_open_body_has_no_name_on_disk(tmp_path: Path) -> None:
    file = await Spool(tmp_path / "tmp", max_bytes=1_000).open()
    await file.append(b"secret picture")
    assert list((tmp_path / "tmp").iterdir()) == []
    file.close()


async def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable):
        await Spool(tmp_path / "file" / "tmp", max_bytes=1_000).open()


async def test_a_full_disk_is_a_clear_error_and_frees_what_was_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=10_000_000)
    file = await spool.open()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StorageUnavailable):
            await file.append(b"x" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    file.close()
    assert spool.used_bytes == 0


def test_left_over_bodies_are_swept_and_nothing_else(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in ("wxgate-body-a", "wxgate-body-b", "other"))
    for path in (old, new, other):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    assert sweep(tmp_path) == 1
    assert sorted(tmp_path.iterdir()) == [other, new]
    assert sweep(tmp_path / "not there") == 0


async def test_a_spool_is_opened_without_what_a_crash_left(tmp_path: Path) -> None:
    left = tmp_path / "wxgate-body-a"
    left.write_bytes(b"x")
    os.utime(left, (0, 0))
    file = await open_spool(tmp_path, max_bytes=1_000).open()
    assert list(tmp_path.iterdir()) == []
    file.close()
