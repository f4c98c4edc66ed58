from typing import Any

from content.lanes import LaneFull
from content.refusals import ArchiveInvalid, RenderingBusy
from content.workers import WorkerPool, WorkExhausted, WorkFailed, WorkRefused

_RETRY_AFTER_S = 10
_MOST_BYTES = 30_000_000  # below what a worker may answer
_MAX_FILES = 3_000


class Archives:
    """Unpacks archives of strangers, in worker processes."""

    def __init__(self, workers: WorkerPool, *, max_bytes: int) -> None:
        """`max_bytes`: of all files of one archive, unpacked."""
        self._workers = workers
        self._bounds = {"max_bytes": min(max_bytes, _MOST_BYTES), "max_files": _MAX_FILES}

    async def unpack(self, data: bytes) -> dict[str, bytes]:
        """The files of a ZIP archive by path. Raises ArchiveInvalid, RenderingBusy."""
        try:
            answer = await self._workers.run("unzip", self._bounds, data)
        except WorkRefused as refused:
            values: dict[str, Any] = refused.values
            raise ArchiveInvalid(**values) from None
        except LaneFull:
            raise RenderingBusy(retry_after_s=_RETRY_AFTER_S) from None
        except (WorkExhausted, WorkFailed):
            zh, en = "解压用时或内存超限", "it takes too much time or memory"
            raise ArchiveInvalid(entry="ZIP", zh=zh, en=en) from None
        files, at = {}, 0
        for path, size in answer.result["files"]:
            files[path] = answer.data[at : at + size]
            at += size
        return files
