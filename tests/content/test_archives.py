import io
from zipfile import ZipFile

import pytest

from content.archives import Archives
from content.refusals import ArchiveInvalid
from content.workers import WorkerPool


def packed(**files: bytes) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


async def test_an_archive_is_unpacked_in_a_process(pool: WorkerPool) -> None:
    files = {"a": b"A", "b": bytes(300_000), "c": b""}
    assert await Archives(pool, max_bytes=1_000_000).unpack(packed(**files)) == files


async def test_refusals_arrive_in_both_languages(pool: WorkerPool) -> None:
    archives = Archives(pool, max_bytes=1_000)
    with pytest.raises(ArchiveInvalid) as refused:
        await archives.unpack(packed(a=bytes(2_000)))
    told = [refused.value.describe(language, "r")["message"] for language in ("zh", "en")]
    assert told == ["压缩包里的 a：解压后超过 0 MB", "a in the archive: it unpacks to over 0 MB"]


async def test_a_table_without_end_costs_one_worker_its_time(pool: WorkerPool) -> None:
    """20 MB of entries: millions of them could be listed, none is unpacked."""
    entry = packed(a=b"")
    at, end = entry.index(b"PK\x01\x02"), entry.index(b"PK\x05\x06")
    table = entry[at:end] * 400_000
    tail = bytearray(entry[end:])
    tail[8:12] = b"\xff\xff\xff\xff"
    tail[12:16] = len(table).to_bytes(4, "little")
    archives = Archives(pool, max_bytes=1_000_000)
    with pytest.raises(ArchiveInvalid):
        await archives.unpack(entry[:at] + table + bytes(tail))
    assert await archives.unpack(packed(a=b"x")) == {"a": b"x"}
