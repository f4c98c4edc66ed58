import asyncio
from collections import defaultdict

from core.awake import is_set_within


class Changes:
    """Wakes those who watch a job when this process changed it.

    What another process changed is not seen here: watchers look again from time to time.
    """

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether this process stops, so that nobody is to watch any longer."""
        return self._ended

    def end(self) -> None:
        """Wake all, for good: a stop waits for those whose calls are under way."""
        self._ended = True
        for job_id in self._waiting:
            self.tell(job_id)

    def tell(self, job_id: str) -> None:
        """The job has changed."""
        for event in self._waiting.get(job_id, ()):
            event.set()

    async def wait(self, job_id: str, timeout_s: float) -> None:
        """Return at the next change of the job or at the end, at the latest after `timeout_s`."""
        if self._ended:
            return
        event = asyncio.Event()
        self._waiting[job_id].add(event)
        try:
            await is_set_within(event, timeout_s)
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]
