from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError, Text
from core.ids import new_id
from core.tasks import TaskSet
from jobs.executor import Executor
from notify.happening import Happening, row_of
from store import happenings, replicas, sending
from store import jobs as job_rows
from store.clock import StoreClock
from store.engine import Database, StorageUnavailable
from store.for_ever import for_ever
from store.leader import Leader
from store.replicas import LIVE, ReplicaRow, ReplicaState

log = structlog.get_logger(__name__)

BEAT_S = 5.0
SILENT_S = 30.0  # who was not heard of for so long counts as gone
_REMEMBERED_S = 7 * 86_400.0  # what has ended
_TIDY_EVERY_S = 3_600.0


class MasterKeyDiffers(GatewayError):
    """Another live process on this store seals with another master key."""

    code = "master_key_differs"
    category = "system"
    level = "critical"
    message = Text(
        "主密钥与正在运行的 {name}（{host}）的不同",
        "the master key is not that of {name} on {host}, which is running",
    )
    hint = Text(
        "同一数据库上的所有实例要用同一个主密钥：把那台机器的 master.key 复制过来，"
        "或用 [secrets] master_key_file 指向同一份",
        "all replicas on one database need one master key: copy master.key from that machine, or "
        "name the same file in [secrets] master_key_file",
    )


class ReplicaUnknown(GatewayError):
    """There is no such process, or it has ended."""

    status = 404
    code = "replica_unknown"
    category = "params"
    message = Text("没有这个运行中的实例：{replica_id}", "no such replica is running: {replica_id}")
    hint = Text("wxgate replicas list 列出全部", "wxgate replicas list shows them")


class NotSupervised(GatewayError):
    """Nobody would start another in its place."""

    status = 409
    code = "replica_not_supervised"
    category = "params"
    message = Text(
        "{name} 不是 serve --workers 启动的，没有人会再启动它",
        "{name} was not started by serve --workers: nobody would start it again",
    )
    hint = Text(
        "请在它所在的机器上重启：systemctl restart wxgate，或重建容器",
        "restart it where it runs: systemctl restart wxgate, or make the container anew",
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """What a process says of itself once."""

    name: str  # of its place: whoever comes after it there has the same
    host: str
    pid: int
    role: str
    version: str
    master_key: str  # a fingerprint
    restart: Callable[[], None] | None = None  # has another started in its place


@dataclass(frozen=True, slots=True)
class Standing:
    """What it says of itself each time."""

    config: str
    draining: bool
    info: Mapping[str, Any]


class Replicas:
    """This process among those on its store: tells that it lives, and finds those who do not.

    What a process of this machine held that is proven dead is free at once. Of others nothing is
    proven by their silence: they are told of as gone, and what they hold is theirs by its lease.
    """

    def __init__(
        self,
        database: Database,
        executor: Executor,
        identity: Identity,
        standing: Callable[[], Standing],
        *,
        clock: StoreClock,
        beat_s: float = BEAT_S,
    ) -> None:
        self.id = new_id("rep")
        self.serving = 1  # processes that answer calls and were heard of lately, this one too
        self._database = database
        self._executor = executor
        self._identity = identity
        self._standing = standing
        self._clock = clock
        self._beat_s = beat_s
        self._started_at = 0.0
        self._tidy_at = 0.0
        self._leader = Leader(database, "replicas", executor.id, lease_s=SILENT_S, clock=clock)
        self._tasks = TaskSet()

    async def __aenter__(self) -> Self:
        """Be one of them. Raises MasterKeyDiffers, StorageUnavailable."""
        self._started_at = self._clock()
        async with self._database.write() as connection:
            others = await replicas.every(connection)
            self._check_key(others)
            self._count(others, self._started_at)
            await replicas.put(connection, self._row("running"))
            if any(self._came_before(row) and row.state == "gone" for row in others):
                await self._tell(connection, self._identity.name, {}, over=True)
        beating = for_ever(
            self.beat,
            every_s=self._beat_s,
            first_s=self._beat_s,
            away="no heartbeat",
            failed="heartbeat failed",
        )
        self._tasks.start(beating, name="replicas: heartbeat")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Say that this one ends in order."""
        await self._tasks.aclose()
        try:
            await self._leader.resign()
            async with self._database.write() as connection:
                await replicas.put(connection, self._row("stopped"))
        except StorageUnavailable as exc:
            log.warning("end not told to the other replicas", reason=str(exc))

    async def every(self) -> list[ReplicaRow]:
        """All that are remembered; this one as it is now."""
        async with self._database.read() as connection:
            rows = await replicas.every(connection)
        return [self._row(self._state()) if row.id == self.id else row for row in rows]

    async def ask_to_restart(self, replica_id: str) -> ReplicaRow:
        """Have a process replaced by another, which answers first; it is done within seconds.

        Raises ReplicaUnknown, NotSupervised.
        """
        row = next((row for row in await self.every() if row.id == replica_id), None)
        if row is None or row.state not in LIVE:
            raise ReplicaUnknown(replica_id=replica_id[:64])
        if not row.info.get("supervised"):
            raise NotSupervised(name=row.info["name"])
        async with self._database.write() as connection:
            await replicas.ask(connection, replica_id)
        return row

    async def beat(self) -> None:
        """Tell of this one, and look after the others. Raises StorageUnavailable."""
        await self._clock.look()
        now = self._clock()
        async with self._database.write() as connection:
            known = {row.id: row for row in await replicas.every(connection)}
            await replicas.put(connection, self._row(self._state()))
            asked = await replicas.take_request(connection, self.id)
            if (seen := known.get(self.id)) is not None and seen.state == "gone":
                await self._tell(connection, self._identity.name, {}, over=True)
        if asked and self._identity.restart is not None:
            self._identity.restart()
        others = [row for row in known.values() if row.id != self.id and row.state in LIVE]
        self._count(others, now)
        await self._free_leases(now)
        await self._find_gone(others, now)

    async def _free_leases(self, now: float) -> None:
        """Jobs and notifications of processes that provably cannot work any more."""
        async with self._database.read() as connection:
            owners = {*await job_rows.lease_owners(connection)}
            owners |= {*await sending.owners(connection, now)}
        dead = [
            owner
            for owner in owners
            if owner != self._executor.id and self._executor.can_send_no_more(owner)
        ]
        if not dead:
            return
        async with self._database.write() as connection:
            jobs = await job_rows.free_leases_of(connection, dead)
            told = sum([await sending.release(connection, owner, now) for owner in dead])
        if jobs or told:
            log.warning("freed what a process held that has died", jobs=jobs, notifications=told)

    async def _find_gone(self, others: list[ReplicaRow], now: float) -> None:
        """Whoever provably died, at once; who is only silent, as the one that leads here."""
        dead = [row.id for row in others if self._executor.can_send_no_more(row.executor)]
        if dead:
            await self._write_gone(dead, silent_since=now)
        if await self._leader.term() is None:
            return
        silent = [row.id for row in others if row.beat_at <= now - SILENT_S]
        if silent:
            await self._write_gone(silent, silent_since=now - SILENT_S)
        if now >= self._tidy_at:
            self._tidy_at = now + _TIDY_EVERY_S
            async with self._database.write() as connection:
                await replicas.forget(connection, before=now - _REMEMBERED_S)

    async def _write_gone(self, ids: list[str], *, silent_since: float) -> None:
        async with self._database.write() as connection:
            found = await replicas.find_gone(connection, ids, silent_since=silent_since)
            if not found:
                return
            names = {row.info["name"]: row for row in await replicas.live(connection)}
            for row in found:
                name = row.info["name"]
                data = {"host": row.host, "pid": row.pid, "role": row.role, "beat_at": row.beat_at}
                await self._tell(connection, name, data)
                if name in names:  # another has its place
                    await self._tell(connection, name, {}, over=True)
                log.error("replica gone", name=name, host=row.host, pid=row.pid)

    async def _tell(
        self, connection: AsyncConnection, name: str, data: dict[str, Any], *, over: bool = False
    ) -> None:
        happening = Happening(event="replica.gone", key=name, data=data, over=over)
        await happenings.insert(connection, [row_of(happening, self._clock())])

    def _count(self, others: list[ReplicaRow], now: float) -> None:
        there = [row for row in others if row.state in LIVE and row.beat_at > now - SILENT_S]
        self.serving = 1 + sum(row.role != "worker" for row in there)

    def _check_key(self, others: list[ReplicaRow]) -> None:
        since = self._clock() - SILENT_S
        for row in others:
            differs = row.info.get("master_key") != self._identity.master_key
            alive = row.state in LIVE and row.beat_at > since
            if differs and alive and not self._executor.can_send_no_more(row.executor):
                raise MasterKeyDiffers(name=row.info.get("name", row.id), host=row.host)

    def _came_before(self, row: ReplicaRow) -> bool:
        return row.info.get("name") == self._identity.name

    def _state(self) -> ReplicaState:
        return "draining" if self._standing().draining else "running"

    def _row(self, state: ReplicaState) -> ReplicaRow:
        about, standing = self._identity, self._standing()
        info = {
            **standing.info,
            "name": about.name,
            "master_key": about.master_key,
            "supervised": about.restart is not None,
            "clock_ahead_s": round(self._clock.skew_s, 3),
        }
        return ReplicaRow(
            id=self.id,
            executor=self._executor.id,
            host=about.host,
            pid=about.pid,
            role=about.role,
            version=about.version,
            state=state,
            config=standing.config,
            info=info,
            started_at=self._started_at,
            beat_at=self._clock(),
        )
