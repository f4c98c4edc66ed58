import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

import structlog

from core.clock import Clock
from core.errors import GatewayError, Text

log = structlog.get_logger(__name__)

CHUNK_BYTES = 128 * 1024
_PREFIX = "wxgate-body-"


class StorageUnavailable(GatewayError):
    """A body cannot be put on disk: the share for bodies is used up, or the disk fails."""

    status = 503
    code = "spool_unavailable"
    category = "system"
    retryable = True
    message = Text("暂存请求体失败：{reason}", "the request body cannot be stored: {reason}")
    hint = Text(
        "稍后重试；请管理员检查 data_dir 所在磁盘与 relay.spool_max_mb",
        "try again later; ask your operator to look at data_dir's disk and relay.spool_max_mb",
    )


class Spool:
    """Files for the bodies of calls under way, in one folder and of bounded size altogether.

    They have no name where the system allows it (Linux: O_TMPFILE), so a crash leaves nothing;
    elsewhere `sweep` removes what one left.
    """

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self.used_bytes = 0

    def reserve(self, n: int) -> None:
        """Count `n` more bytes. Raises StorageUnavailable when that is too many."""
        if self.used_bytes + n > self._max_bytes:
            raise StorageUnavailable(reason="too many large bodies at once")
        self.used_bytes += n

    def give_back(self, n: int) -> None:
        """Count `n` bytes less."""
        self.used_bytes -= n

    async def open(self) -> "SpoolFile":
        """A new, empty file. Raises StorageUnavailable."""
        try:
            return SpoolFile(self, await asyncio.to_thread(self._create))
        except OSError as exc:
            raise StorageUnavailable(reason=exc.strerror) from None

    async def hold(self, data: bytes) -> "SpoolFile":
        """A file of `data`. Raises StorageUnavailable."""
        file = await self.open()
        try:
            await file.append(data)
        except BaseException:
            file.close()
            raise
        return file

    def _create(self) -> IO[bytes]:
        self._directory.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._directory, prefix=_PREFIX, buffering=0)


class SpoolFile:
    """One body on disk: written once, read as often as needed, gone when closed."""

    def __init__(self, spool: Spool, file: IO[bytes]) -> None:
        self._spool = spool
        self._file = file
        self.size = 0

    async def append(self, data: bytes | bytearray) -> None:
        """Write `data` at the end. Raises StorageUnavailable."""
        self._spool.reserve(len(data))
        self.size += len(data)
        try:
            await asyncio.to_thread(self._write, data)
        except OSError as exc:
            raise StorageUnavailable(reason=exc.strerror) from None

    def _write(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    async def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, in pieces."""
        while start < end:
            piece = await asyncio.to_thread(self._pread, start, min(CHUNK_BYTES, end - start))
            if not piece:
                raise StorageUnavailable(reason="a spooled body is shorter than it was")
            yield piece
            start += len(piece)

    def _pread(self, start: int, n: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), n, start)
        self._file.seek(start)
        return self._file.read(n)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._spool.give_back(self.size)
        self.size = 0


def open_spool(directory: Path, *, max_bytes: int) -> Spool:
    """A Spool, without what a crashed process left in it."""
    sweep(directory)
    return Spool(directory, max_bytes=max_bytes)


def sweep(directory: Path, *, older_than_s: float = 3_600, clock: Clock = time.time) -> int:
    """Remove bodies that a crashed process left; returns how many there were."""
    removed = 0
    for path in directory.glob(_PREFIX + "*"):
        try:
            if clock() - path.stat().st_mtime >= older_than_s:
                path.unlink()
                removed += 1
        except OSError:  # gone meanwhile, or still open elsewhere
            continue
    if removed:
        log.info("left-over bodies removed", count=removed)
    return removed
