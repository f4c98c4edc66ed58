import asyncio
import hashlib
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.errors import GatewayError, Text
from jobs.disk import RequireRoom, plenty
from store import files as kept_files
from store.engine import Database

_MAKES_ROOM_S = 3_600  # whoever sends files ahead names them in an article sooner


class FileHashMismatch(GatewayError):
    """The bytes that came are not those that were announced."""

    status = 422
    code = "file_hash_mismatch"
    category = "params"
    message = Text(
        "收到的 {size} 字节与地址里的 SHA-256 不符",
        "the {size} bytes that came do not have the SHA-256 of the address",
    )
    hint = Text(
        "文件可能在传输中损坏，或刚被改动；重新计算后再传",
        "the file was damaged on its way or has just changed; hash it and send it again",
    )


class FilesFull(GatewayError):
    """No more files are kept for the client."""

    status = 413
    code = "files_full"
    category = "quota"
    level = "warning"
    message = Text(
        "为本密钥保存的文件已达上限 {max_mb} MB",
        "{max_mb} MB of files are kept for this client already",
    )
    hint = Text(
        "等用到它们的任务结束（一小时没用到的文件会让位），或由管理员调大 jobs.files_mb",
        "wait until the jobs that have them end (files unused for an hour make room), or an "
        "operator may raise jobs.files_mb",
    )


class Files:
    """Bytes that a client sends before the jobs that need them, each once; nobody else's."""

    def __init__(
        self,
        database: Database,
        *,
        max_bytes: int,
        clock: Clock,
        require_room: RequireRoom = plenty,
    ) -> None:
        self._database = database
        self._max_bytes = max_bytes  # of one client
        self._clock = clock
        self._require_room = require_room

    async def missing(self, client_id: str, wanted: Sequence[str]) -> list[str]:
        """Which SHA-256 (hex) the client has to send; the others stay for a while from now on."""
        async with self._database.write() as connection:
            there = await kept_files.touch(connection, client_id, wanted, now=self._clock())
        return [sha256 for sha256 in dict.fromkeys(wanted) if sha256 not in there]

    async def put(self, client_id: str, sha256: str, data: bytes) -> bool:
        """Keep `data`; whether it was new. Raises FileHashMismatch, FilesFull, DiskFull."""
        if await asyncio.to_thread(_sha256, data) != sha256:
            raise FileHashMismatch(size=len(data))
        return await self._put(client_id, sha256, data)

    async def keep(self, client_id: str, data: bytes) -> str:
        """Keep `data`; its SHA-256 (hex). Raises FilesFull, DiskFull."""
        sha256 = await asyncio.to_thread(_sha256, data)
        await self._put(client_id, sha256, data)
        return sha256

    async def get(self, client_id: str, sha256: str, *, max_bytes: int) -> bytes | None:
        """What the client sent; None if it is not kept, or is larger."""
        async with self._database.read() as connection:
            return await kept_files.of_client(connection, client_id, sha256, max_bytes=max_bytes)

    async def _put(self, client_id: str, sha256: str, data: bytes) -> bool:
        now = self._clock()
        async with self._database.write() as connection:
            if await kept_files.touch(connection, client_id, [sha256], now=now):
                return False
            self._require_room()
            if not await self._has_room(connection, client_id, len(data)):
                raise FilesFull(max_mb=self._max_bytes // 1_000_000)
            return await kept_files.put(connection, client_id, sha256, data, now=now)

    async def _has_room(self, connection: AsyncConnection, client_id: str, size: int) -> bool:
        limit = self._max_bytes - size
        if await kept_files.size(connection, client_id) <= limit:
            return True
        unused_since = self._clock() - _MAKES_ROOM_S
        await kept_files.purge(connection, unused_since=unused_since, client_id=client_id)
        return await kept_files.size(connection, client_id) <= limit


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
