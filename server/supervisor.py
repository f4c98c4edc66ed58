"""`wxgate serve --workers N`: one process that listens, and N behind it that answer."""

import asyncio
import json
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Self

import structlog

from core.errors import GatewayError, Text
from core.tasks import TaskSet
from server.leash import Word
from server.signals import reload_signal, roll_signal, stop_signals

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_WELL_AFTER_S = 60.0  # who lived for so long begins with the first pause again
_STARTS_WITHIN_S = 120.0
_ENDS_WITHIN_S = 90.0  # beyond drain_s; a call to WeChat takes its time


@dataclass(frozen=True, slots=True)
class Orders:
    """What a child is started with: numbers are file descriptors that it inherits."""

    config: str | None
    overrides: dict[str, str | int | None]
    role: str
    worker: int
    listener: int
    forward: int | None
    leash: int

    @property
    def inherited(self) -> tuple[int, ...]:
        """All of the file descriptors."""
        forward = () if self.forward is None else (self.forward,)
        return (self.listener, self.leash, *forward)

    def command(self) -> list[str]:
        """The arguments of the process."""
        return [sys.executable, "-m", "server.child", json.dumps(asdict(self))]


class WorkerNotStarted(GatewayError):
    """The first of the processes ended before it answered; it has said why."""

    code = "worker_not_started"
    category = "system"
    message = Text(
        "工作进程没能启动（退出码 {status}）", "a worker did not start (status {status})"
    )
    hint = Text("原因见上面的输出", "the output above says why")


@dataclass(eq=False, slots=True)
class Child:
    """A process behind the listening socket."""

    worker: int
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    began: float = field(default_factory=time.monotonic)

    def tell(self, word: Word) -> None:
        """Say that; who is gone hears nothing."""
        self.writer.write(word.value)

    async def is_up(self) -> bool:
        """Wait until it answers; False if it ends before."""
        try:
            async with asyncio.timeout(_STARTS_WITHIN_S):
                return await self.reader.read(1) == Word.UP.value
        except (TimeoutError, OSError):
            return False

    async def asked_to_restart(self) -> bool:
        """Wait until it wants another in its place; False when it ends."""
        try:
            # One that was not waited for has yet to say that it is up.
            while said := await self.reader.read(64):
                if Word.RESTART.value in said:
                    return True
        except OSError:
            pass
        return False

    async def end(self, within_s: float, word: Word = Word.STOP) -> None:
        """Let it end in order, or kill it when that takes too long."""
        self.tell(word)
        try:
            async with asyncio.timeout(within_s):
                await self.process.wait()
        except TimeoutError:
            log.error("worker killed: it did not end", worker=self.worker)  # noqa: TRY400
            self.kill()
            await self.process.wait()

    def kill(self) -> None:
        """At once, if it is not gone already."""
        if self.process.returncode is None:
            self.process.kill()


class Supervisor:
    """Keeps a process running in each of its places, and puts others there one after another.

    One that ends by itself is started again, after a pause that grows while that goes on; it takes
    no other with it. A process is replaced by one that answers already: somebody always does.
    """

    def __init__(
        self, orders: Callable[[int, int], Orders], workers: int, *, drain_s: float
    ) -> None:
        """`orders(worker, leash)`: what the process in that place is started with."""
        self._orders = orders
        self._places = range(1, workers + 1)
        self._ends_within_s = drain_s + _ENDS_WITHIN_S
        self._children: dict[int, Child] = {}  # by place
        self._alive: set[Child] = set()  # those too that are being replaced
        self._pauses: dict[int, float] = {}
        self._one_at_a_time = asyncio.Lock()
        self._tasks = TaskSet()

    async def __aenter__(self) -> Self:
        """Start them. Raises WorkerNotStarted if the first one ends at once."""
        first = await self._start(self._places[0])
        if not await first.is_up():
            first.kill()
            raise WorkerNotStarted(status=await first.process.wait())
        self._keep(first)
        for worker in self._places[1:]:
            self._tasks.start(self._fill(worker), name=f"start worker {worker}")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End all of them, in order."""
        await self._tasks.aclose()
        await asyncio.gather(*(child.end(self._ends_within_s) for child in self._alive))

    def reload(self) -> None:
        """Have all read the configuration now."""
        for child in self._alive:
            child.tell(Word.RELOAD)

    async def roll(self) -> None:
        """Put another in each place, one after the other; the first that fails ends it."""
        log.info("rolling restart")
        for worker in self._places:
            if not await self._replace(worker):
                log.error("rolling restart given up", worker=worker)
                return
        log.info("rolling restart done")

    async def _start(self, worker: int) -> Child:
        ours, theirs = socket.socketpair()
        with theirs:
            orders = self._orders(worker, theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                *orders.command(),
                pass_fds=orders.inherited,
                stdin=asyncio.subprocess.DEVNULL,
                # Ctrl-C is for the supervisor, which passes it on as a word.
                start_new_session=True,
            )
        child = Child(worker, process, *await asyncio.open_unix_connection(sock=ours))
        self._alive.add(child)
        log.info("worker started", worker=worker, pid=process.pid)
        return child

    def _keep(self, child: Child) -> None:
        self._children[child.worker] = child
        self._tasks.start(self._watch(child), name=f"watch worker {child.worker}")
        self._tasks.start(self._hear(child), name=f"hear worker {child.worker}")

    async def _fill(self, worker: int) -> None:
        """A process for a place where there is none; until there is one."""
        while True:
            try:
                self._keep(await self._start(worker))
            except OSError as exc:
                log.error("worker not started", worker=worker, reason=exc.strerror)  # noqa: TRY400
                await asyncio.sleep(self._pause_s(worker))
            else:
                return

    def _pause_s(self, worker: int) -> float:
        """Before the next start in that place; longer each time."""
        pause_s = self._pauses.get(worker, _FIRST_PAUSE_S)
        self._pauses[worker] = min(2 * pause_s, _LONGEST_PAUSE_S)
        return pause_s

    async def _hear(self, child: Child) -> None:
        while await child.asked_to_restart():
            if self._children.get(child.worker) is child:
                self._tasks.start(self._replace(child.worker), name="replace a worker")

    async def _watch(self, child: Child) -> None:
        status = await child.process.wait()
        child.writer.close()
        self._alive.discard(child)
        if self._children.get(child.worker) is not child:
            return  # another has its place
        if time.monotonic() - child.began >= _WELL_AFTER_S:
            self._pauses.pop(child.worker, None)
        pause_s = self._pause_s(child.worker)
        log.error("worker ended", worker=child.worker, status=status, again_in_s=pause_s)
        await asyncio.sleep(pause_s)
        if self._children.get(child.worker) is child:
            await self._fill(child.worker)

    async def _replace(self, worker: int) -> bool:
        """Another in that place when it answers; False if it never does: then the old one stays."""
        async with self._one_at_a_time:
            fresh = await self._start(worker)
            if not await fresh.is_up():
                log.error("worker not replaced: the new one did not start", worker=worker)
                fresh.kill()
                await fresh.process.wait()
                self._alive.discard(fresh)
                return False
            old = self._children[worker]
            self._keep(fresh)
            await old.end(self._ends_within_s, Word.LEAVE)
            return True


async def supervise(orders: Callable[[int, int], Orders], workers: int, *, drain_s: float) -> None:
    """Until SIGINT or SIGTERM, which end all in order. Raises WorkerNotStarted.

    SIGHUP has all read the configuration; SIGUSR2 replaces them one after the other.
    """
    with stop_signals() as stop, reload_signal() as reload, roll_signal() as roll:
        async with Supervisor(orders, workers, drain_s=drain_s) as supervisor:
            asked = TaskSet()
            asked.start(_each_time(reload, supervisor.reload), name="pass SIGHUP on")
            asked.start(_roll_each_time(roll, supervisor), name="rolling restarts")
            try:
                await stop.wait()
            finally:
                await asked.aclose()


async def _each_time(asked: asyncio.Event, act: Callable[[], None]) -> None:
    while True:
        await asked.wait()
        asked.clear()
        act()


async def _roll_each_time(asked: asyncio.Event, supervisor: Supervisor) -> None:
    while True:
        await asked.wait()
        asked.clear()
        await supervisor.roll()
