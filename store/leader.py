from core.clock import Clock
from store import duties
from store.engine import Database

_RENEWED_AFTER = 1 / 3  # of the lease


class Leader:
    """This process as one that may have a duty which only one has at a time (store/duties.py).

    Whoever does the duty asks for its `term` before each round, and has what must not be done by
    two at once proven by `duties.holds` in its transaction: between the two it may be paused.
    """

    def __init__(
        self, database: Database, name: str, owner: str, *, lease_s: float, clock: Clock
    ) -> None:
        """`clock` must agree with those of the other processes."""
        self.name = name
        self.owner = owner
        self._database = database
        self._lease_s = lease_s
        self._clock = clock
        self._epoch: int | None = None
        self._until = 0.0

    async def term(self) -> int | None:
        """The epoch while this process leads, renewed when a third of the lease is over.

        None while another one leads. Raises StorageUnavailable.
        """
        now = self._clock()
        if self._epoch is not None and now < self._until - (1 - _RENEWED_AFTER) * self._lease_s:
            return self._epoch
        self._epoch = None
        async with self._database.read() as connection:
            if await duties.taken(connection, self.name, self.owner, now):
                return None  # a write would keep others from theirs
        async with self._database.write() as connection:
            self._epoch = await duties.acquire(
                connection, self.name, self.owner, now=now, lease_s=self._lease_s
            )
        self._until = now + self._lease_s
        return self._epoch

    async def resign(self) -> None:
        """Lead no more, and let the next one begin at once. Raises StorageUnavailable."""
        if self._epoch is None:
            return
        self._epoch = None
        async with self._database.write() as connection:
            await duties.release(connection, self.name, self.owner)
