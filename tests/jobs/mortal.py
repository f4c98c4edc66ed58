"""A process that can die without being one: an engine that a crash point cuts off from all."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from sandbox.server import RunningSandbox
from store.engine import Database
from tests.jobs.rig import QUICK, Time, Work, open_work

# Quiet for longer than this WeChat takes to publish: who retries sooner may double it (ADR 0003).
PATIENT = QUICK.model_copy(update={"reconcile_quiet_s": 5})


class Killed(BaseException):
    """Nothing that runs in the killed process may do anything more."""


class Mortal(Database):
    """The store as one process sees it: for a dead one there is none, and nothing is committed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database._engine)
        self._turn = database._turn
        self.dead = False
        self.armed = ""

    def crash(self, name: str, /) -> None:
        """The CrashPoint that ends the process where it is armed."""
        if self.dead or name == self.armed:
            self.dead = True
            raise Killed(name)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        self._must_live()
        async with super().read() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self._must_live()
        async with super().write() as connection:
            yield connection
            self._must_live()

    def _must_live(self) -> None:
        if self.dead:
            raise Killed


class Incarnation:
    """One life of the process; the next one finds what this one left in the store."""

    def __init__(self, database: Database, sandbox: RunningSandbox, data_dir: Path) -> None:
        self._database = database
        self._sandbox = sandbox
        self._data_dir = data_dir
        self._stack = AsyncExitStack()
        self._number = 0
        self.store: Mortal
        self.work: Work

    async def begin(self, clock: Time) -> None:
        """Start to work."""
        self._number += 1
        self.store = Mortal(self._database)
        opened = open_work(
            *(self.store, self._sandbox.url, self._data_dir),
            settings=PATIENT,
            crash=self.store.crash,
        )
        self.work = await self._stack.enter_async_context(opened)
        self.work.time.ahead_s = clock.ahead_s
        self.work.context.executor.id += f"#{self._number}"  # no process is the one before
        await self.work.engine.__aenter__()

    @property
    def is_sending(self) -> bool:
        """Whether something is on its way to WeChat that is not recorded yet."""
        return any(claim._sending for claim in self.work.engine._running.values())

    async def end(self) -> None:
        """Die here and now, if it has not died already."""
        self.store.dead = True
        await self.work.engine._work.aclose()
        await self.work.engine._loops.aclose()
        await self._stack.aclose()
