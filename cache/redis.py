import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from cache.settings import RedisSettings
from core.clock import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")

_MAX_CONNECTIONS = 32
_POOL_WAIT_S = 0.1  # with all connections busy, memory answers sooner
_FAILURES = 5
_FAILURE_WINDOW_S = 10.0
_OPEN_S = 2.0
_SPOILED = ("WRONGTYPE", "hash value is not an integer", "increment or decrement would overflow")


class RedisAway(Exception):
    """Redis gave no usable answer. `sent`: whether the command may have been carried out."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("Redis is away")
        self.sent = sent


class KeySpoiled(RedisAway):
    """One key holds what we have never written; Redis itself is well."""


def open_redis(settings: RedisSettings) -> Redis:
    """A client that fails fast; close it with `aclose()`. Connects with its first command.

    redis-py ≥6 repeats commands by itself (10 times, 59 s on a stalled server): its retry is off,
    because a repeated INCR counts twice and the callers here have a fallback.
    """
    pool = BlockingConnectionPool.from_url(
        settings.url.get_secret_value(),
        max_connections=_MAX_CONNECTIONS,
        timeout=_POOL_WAIT_S,
        socket_timeout=settings.socket_timeout_s,
        socket_connect_timeout=settings.connect_timeout_s,
        socket_keepalive=True,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )
    return Redis.from_pool(pool)


class RedisLink:
    """A Redis with a breaker: five failures within 10 s, then 2 s in which nobody waits for it.

    All that cache/ does with Redis goes through `run`, so that every caller learns of an outage
    from the first one. Its callers catch RedisAway and nothing else.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        purpose: str = "all",
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._redis = redis
        self._purpose = purpose  # for the log
        self._clock = clock
        self._monotonic = monotonic
        self._failures: deque[float] = deque(maxlen=_FAILURES)
        self._open_until = 0.0
        self.up = True  # false while the breaker is open
        self.since = clock()  # Unix time of the last change of `up`
        self.switches = 0
        self.errors = 0

    async def run(
        self, command: Callable[[Redis], Awaitable[T]], *, timeout_s: float | None = None
    ) -> T:
        """The result of `command`. Raises RedisAway, at once while the breaker is open.

        To be silent for `timeout_s` is a failure too; it may be shorter than the socket's timeout.
        """
        now = self._monotonic()
        if not self.up:
            if now < self._open_until:
                raise RedisAway(sent=False)
            self._open_until = now + _OPEN_S  # one tries, the others still do not wait
        try:
            async with asyncio.timeout(timeout_s):
                result = await command(self._redis)
        # ResponseError too (READONLY, OOM, LOADING, NOAUTH): a Redis that cannot write is away.
        # TimeoutError is an OSError.
        except (RedisError, OSError) as exc:
            self.errors += 1
            if any(sign in str(exc) for sign in _SPOILED):
                log.warning("a key in redis is not as we wrote it", reason=str(exc)[:200])
                raise KeySpoiled(sent=True) from None
            self._failed(exc)
            raise RedisAway(sent=True) from None
        if not self.up:
            self._switch(up=True)
            log.info("redis is back", purpose=self._purpose)
        return result

    def _failed(self, exc: Exception) -> None:
        now = self._monotonic()
        self._failures.append(now)
        if isinstance(exc, AuthenticationError | NoPermissionError):
            log.error("redis refuses our credentials: check redis.url", reason=type(exc).__name__)
        burst = len(self._failures) == _FAILURES and now - self._failures[0] <= _FAILURE_WINDOW_S
        if self.up and burst:
            self._open_until = now + _OPEN_S
            self._switch(up=False)
            log.warning(
                "redis is away, memory takes over",
                purpose=self._purpose,
                reason=type(exc).__name__,
            )

    def _switch(self, *, up: bool) -> None:
        self.up = up
        self.since = self._clock()
        self.switches += 1
        self._failures.clear()
