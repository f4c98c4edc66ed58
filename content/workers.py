import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from content import frames
from content.lanes import Lane
from core.awake import awake_timeout
from core.tasks import TaskSet

log = structlog.get_logger(__name__)

_ROOT = Path(__file__).resolve().parents[1]
_MAX_ANSWER_BYTES = 32_000_000
_PIPE_BUFFER_BYTES = 1 << 20
# Somebody waits for a text or a folder and is better told to come again; pictures belong to jobs,
# which have time.
_MAX_WAITING_RENDERS = 32
_RENDER_PATIENCE_S = 10
_AWAITED = frozenset(
    {
        *("render", "template", "template_inspect", "template_diff", "unzip"),
        *("scan_draft", "read_draft"),
    }
)
# Nothing of the serving process' environment, where secrets may be, reaches a worker. One malloc
# arena and an early trim keep it small.
_ENVIRONMENT = {
    "PYTHONPATH": str(_ROOT),
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
}


# How a process ends that used up its processor time, or the machine's memory.
_EXHAUSTED = (-signal.SIGPROF, -signal.SIGKILL)


class WorkerLimits(NamedTuple):
    """What a worker process may use."""

    memory_mb: int = 512  # address space
    cpu_s: float = 2.5  # for one request
    render_cpu_s: float = 0.9  # for one article's text
    wall_s: float = 20  # for one request, of the time in which this process was not stopped
    idle_s: float = 30  # without a request; then it ends


class Answer(NamedTuple):
    """What an operation gave: named values, and raw bytes."""

    result: dict[str, Any]
    data: bytes


class WorkRefused(Exception):
    """The operation refused its input: the code, values and field of a GatewayError."""

    def __init__(self, code: str, values: dict[str, str], field: str | None) -> None:
        super().__init__(code)
        self.code = code
        self.values = values
        self.field = field


class WorkExhausted(Exception):
    """The request took more time or memory than it may; the worker was ended."""


class WorkFailed(Exception):
    """The request made the worker crash, or broke it in a way that nobody foresaw."""


class WorkerPool:
    """Runs requests in processes that may be killed: at most `size`, started when needed."""

    def __init__(self, limits: WorkerLimits, *, size: int = 0) -> None:
        """`size` 0: one per core."""
        self._limits = limits
        size = size or os.cpu_count() or 1
        slots = asyncio.Semaphore(size)
        self._renders = Lane(
            slots, size, max_waiting=_MAX_WAITING_RENDERS, patience_s=_RENDER_PATIENCE_S
        )
        self._others = Lane(slots, size)
        self._idle: list[_Worker] = []
        self._alive: set[_Worker] = set()
        self._tasks = TaskSet()

    @property
    def pids(self) -> list[int]:
        """The processes there are."""
        return [worker.process.pid for worker in self._alive]

    async def run(self, operation: str, arguments: dict[str, Any], body: bytes = b"") -> Answer:
        """Have a worker do `operation`; raises WorkRefused, WorkExhausted and WorkFailed.

        What a caller waits for waits for a worker within bounds; then it raises LaneFull.
        """
        limits, is_awaited = self._limits, operation in _AWAITED
        lane = self._renders if is_awaited else self._others
        cpu_s = limits.render_cpu_s if is_awaited else limits.cpu_s
        request = {"operation": operation, "arguments": arguments, "cpu_s": cpu_s}
        async with lane.turn():
            worker = self._take() or await self._start()
            try:
                async with awake_timeout(self._limits.wall_s):
                    header, data = await worker.ask(request, body)
            except TimeoutError:
                raise WorkExhausted from None
            except (EOFError, OSError, frames.FrameBroken):
                raise await worker.why_it_died() from None
            else:
                worker.healthy = True
            finally:
                self._put_back(worker)
        return _judge(operation, header, data)

    async def aclose(self) -> None:
        """End all processes and wait for them."""
        for worker in self._idle:
            worker.retirement.cancel()
        for worker in list(self._alive):
            worker.kill()
        await asyncio.gather(*(worker.process.wait() for worker in list(self._alive)))
        await self._tasks.aclose()

    async def _start(self) -> "_Worker":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-s", "-m", "content.worker"),
            str(self._limits.memory_mb),
            stdin=PIPE,
            stdout=PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
            limit=_PIPE_BUFFER_BYTES,
        )
        worker = _Worker(process)
        self._alive.add(worker)
        self._tasks.start(self._reap(worker), name="reap worker")
        return worker

    async def _reap(self, worker: "_Worker") -> None:
        await worker.process.wait()
        self._alive.discard(worker)

    def _take(self) -> "_Worker | None":
        while self._idle:
            worker = self._idle.pop()  # the last one used: the others may grow idle
            worker.retirement.cancel()
            if worker.process.returncode is None:
                return worker
        return None

    def _put_back(self, worker: "_Worker") -> None:
        if not worker.healthy:  # cancelled, too slow or broken: who knows what it would answer
            worker.kill()
            return
        worker.healthy = False
        loop = asyncio.get_running_loop()
        worker.retirement = loop.call_later(self._limits.idle_s, self._retire, worker)
        self._idle.append(worker)

    def _retire(self, worker: "_Worker") -> None:
        self._idle.remove(worker)
        worker.kill()


class _Worker:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.healthy = False  # the last request was answered in full
        self.retirement: asyncio.Handle

    async def ask(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Its answer; raises OSError, EOFError or FrameBroken when it has none."""
        assert self.process.stdin is not None  # noqa: S101 - both are pipes
        assert self.process.stdout is not None  # noqa: S101
        for piece in frames.pack(request, body):
            # In slices, so that a picture of 20 MB is not held twice.
            for at in range(0, len(piece), _PIPE_BUFFER_BYTES):
                self.process.stdin.write(memoryview(piece)[at : at + _PIPE_BUFFER_BYTES])
                await self.process.stdin.drain()
        return await frames.read_async(self.process.stdout, max_bytes=_MAX_ANSWER_BYTES)

    async def why_it_died(self) -> WorkExhausted | WorkFailed:
        """What its end means; ends it if it only broke the protocol."""
        try:
            status = await asyncio.wait_for(self.process.wait(), 1)
        except TimeoutError:
            return WorkFailed()
        log.warning("worker died", status=status)
        return WorkExhausted() if status in _EXHAUSTED else WorkFailed()

    def kill(self) -> None:
        """End it now."""
        with suppress(ProcessLookupError):
            self.process.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()


def _judge(operation: str, header: dict[str, Any], data: bytes) -> Answer:
    if "result" in header:
        return Answer(header["result"], data)
    if "refused" in header:
        raise WorkRefused(header["refused"], header["values"], header["field"])
    if "exhausted" in header:
        raise WorkExhausted
    log.error("worker failed", operation=operation, traceback=header.get("failed"))
    raise WorkFailed
