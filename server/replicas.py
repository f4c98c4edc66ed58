"""This process among those that share its store and its Redis."""

import hashlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from accounts.master_key import Sealer
from cache.redis import RedisLink
from core.crash import CrashPoint, no_crash
from jobs.engine import Engine
from jobs.executor import Executor
from jobs.replicas import Identity, Replicas, Standing
from server.roles import Role
from server.settings import Settings
from store.clock import StoreClock, open_clock
from store.engine import Database

_FINGERPRINTED = b"the master key of a replica"
# What may differ from one process to the next.
_OWN = {"server": {"listen", "data_dir", "workers"}, "forward": {"listen"}, "log": True}


@dataclass(frozen=True, slots=True)
class Place:
    """What a process is there for; `worker` counts those that one supervisor started, from 1."""

    role: Role = Role.ALL
    worker: int | None = None
    crash: CrashPoint = no_crash
    restart: Callable[[], None] | None = None  # asks whoever started it to put another in its place

    def name(self, settings: Settings, host: str) -> str:
        """Whoever is started anew in this place has the same."""
        where = f"{host}/{settings.server.listen}" if self.role is not Role.WORKER else host
        parts = [where, *([self.role.value] if self.role is not Role.ALL else [])]
        return "/".join(parts) + (f"#{self.worker}" if self.worker is not None else "")


ALONE = Place()


class Bearing:
    """How this process stands; `engine` is set as soon as there is one."""

    def __init__(self, settings: Callable[[], Settings], link: RedisLink | None) -> None:
        self.engine: Engine | None = None
        self._settings = settings
        self._link = link

    def __call__(self) -> Standing:
        """As it is now."""
        redis = "none" if self._link is None else "up" if self._link.up else "down"
        jobs = 0 if self.engine is None else self.engine.at_work
        return Standing(
            config=digest(self._settings()),
            draining=self.engine is not None and self.engine.draining,
            info={"listen": self._settings().server.listen, "jobs": jobs, "redis": redis},
        )


@dataclass(frozen=True)
class Fellowship:
    """What a process needs to work beside others."""

    place: Place
    executor: Executor
    clock: StoreClock
    replicas: Replicas
    bearing: Bearing
    link: RedisLink | None

    def gateways(self, settings: Settings) -> Callable[[], int]:
        """How many processes admit calls: as many as live, or as are said to."""
        said = max(settings.redis.gateways, settings.server.workers)
        return lambda: max(said, self.replicas.serving)


@asynccontextmanager
async def open_fellowship(
    settings: Callable[[], Settings],
    database: Database,
    sealer: Sealer,
    link: RedisLink | None,
    place: Place,
) -> AsyncIterator[Fellowship]:
    """This process is one of several until the block ends; `settings` are those in force.

    Raises MasterKeyDiffers, StorageUnavailable.
    """
    clock = await open_clock(database)
    executor = Executor(alone=database.is_sqlite)
    bearing = Bearing(settings, link)
    host = socket.gethostname()
    identity = Identity(
        name=place.name(settings(), host)[:150],
        host=host[:255],
        pid=os.getpid(),
        role=place.role.value,
        version=version("wxgate"),
        master_key=sealer.fingerprint(_FINGERPRINTED)[:16],
        restart=place.restart,
    )
    async with Replicas(database, executor, identity, bearing, clock=clock) as replicas:
        yield Fellowship(place, executor, clock, replicas, bearing, link)


def digest(settings: Settings) -> str:
    """The same where the settings are, but for those that each process has for itself.

    Of secrets nothing goes in: it is shown.
    """
    text = settings.model_dump_json(exclude=_OWN)  # type: ignore[arg-type]
    return hashlib.sha256(text.encode()).hexdigest()[:16]
