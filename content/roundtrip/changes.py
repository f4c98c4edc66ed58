from typing import Any

import structlog

from content.workers import WorkerPool, WorkExhausted, WorkFailed

log = structlog.get_logger(__name__)

_MAX_CHARS = 2_000_000  # WeChat takes 1 MB, and writes it a little longer


class ChangeFinder:
    """Tells what WeChat changed in an article. What it gives back is hostile like anything else."""

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers

    async def changes(self, sent: str, kept: str) -> list[dict[str, Any]]:
        """Each kind of change once: what, change, name, sent, kept, count; at most 30.

        None are told where nobody can tell: the draft is there, and no worse for it.
        """
        if sent == kept or len(kept) > _MAX_CHARS:
            return []
        try:
            answer = await self._workers.run("compare", {"sent": sent, "kept": kept})
        except (WorkExhausted, WorkFailed, OSError) as exc:  # OSError: no process starts
            log.info("draft not compared", reason=type(exc).__name__)
            return []
        changes: list[dict[str, Any]] = answer.result["changes"]
        return changes
