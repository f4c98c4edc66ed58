import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from cachetools import TLRUCache

from cache.stats import CacheStats, Fill
from core.clock import Clock

# The first, when no lease was ever given; leases start at today's Unix time in ms.
NO_EPOCH = 0


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One access_token of one official account."""

    value: str = field(repr=False)  # secret: kept out of logs and tracebacks
    expires_at: float  # Unix time, seconds, by this machine's clock
    epoch: int  # grows with each fetch; of two tokens the one with the higher epoch is newer
    cause: str = "cold"  # why it was fetched: cold, ahead or invalid
    fetched_at: float = 0.0  # Unix time, seconds


class Lease(NamedTuple):
    """The right to fetch a token, and the epoch that the new token will carry."""

    owner: str
    epoch: int


class TokensAway(Exception):
    """A shared TokenStore gave no usable answer; what it was asked may have been done."""


class TokenStore(Protocol):
    """Keeps the newest access_token of each app_id until it expires.

    A lease makes it likely that one task fetches; the epoch makes it certain that the token of a
    task that slept past its lease never replaces a newer one.
    """

    async def get(self, app_id: str) -> AccessToken | None:
        """The newest token that has not expired."""
        ...

    async def put(self, app_id: str, token: AccessToken) -> bool:
        """Keep `token`, unless one with its epoch or a higher one is there: then False."""
        ...

    async def acquire(self, app_id: str, *, ttl_s: float, above: int) -> Lease | None:
        """A lease that ends by itself after `ttl_s`, or None while another task holds it.

        Its epoch is higher than `above` and than that of every lease before.
        """
        ...

    async def release(self, app_id: str, lease: Lease) -> None:
        """Give the lease back; nothing happens if it has passed to another."""
        ...

    async def claim_force(self, app_id: str, *, gap_s: float) -> float:
        """0 for the one that may force a new token now, else the seconds left of the gap."""
        ...


class _Counted(TLRUCache[str, AccessToken]):
    """A TLRUCache that says which keys it drops, and whether they had expired."""

    def __init__(self, capacity: int, clock: Clock, stats: CacheStats) -> None:
        super().__init__(capacity, ttu=lambda _key, token, _now: token.expires_at, timer=clock)
        self._stats = stats

    def expire(self, time: float | None = None) -> list[tuple[str, AccessToken]]:
        expired = list(super().expire(time))
        for app_id, _token in expired:
            self._stats.count("expiration", app_id)
        return expired

    def popitem(self) -> tuple[str, AccessToken]:
        app_id, token = super().popitem()
        self._stats.count("eviction", app_id)
        return app_id, token


class MemoryTokenStore:
    """A TokenStore for one process, holding the `capacity` last used accounts.

    Beside other processes it is safe only with tokens of /cgi-bin/stable_token, which gives all
    of them the same one; with /cgi-bin/token they would invalidate each other's.
    """

    def __init__(
        self,
        register: Callable[[str, str, Callable[[], Fill]], CacheStats],
        *,
        capacity: int = 1_000,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._stats = register("token", "memory", self._fill)
        self._tokens = _Counted(capacity, clock, self._stats)
        self._leases: dict[str, tuple[Lease, float]] = {}
        self._forced_until: dict[str, float] = {}  # monotonic
        self._epoch = NO_EPOCH

    def _fill(self) -> Fill:
        tokens = [self._tokens[app_id] for app_id in list(self._tokens)]
        size = sum(len(token.value) for token in tokens)
        return Fill(len(tokens), size, int(self._tokens.maxsize))

    async def get(self, app_id: str) -> AccessToken | None:
        """The newest token that has not expired."""
        token = self._tokens.get(app_id)
        self._stats.count("miss" if token is None else "hit", app_id)
        return token

    async def put(self, app_id: str, token: AccessToken) -> bool:
        """Keep `token`, unless a newer one is there."""
        kept = self._tokens.get(app_id)
        if kept is not None and kept.epoch >= token.epoch:
            return False
        self._tokens[app_id] = token
        self._stats.count("set", app_id)
        return True

    async def acquire(self, app_id: str, *, ttl_s: float, above: int) -> Lease | None:
        """A lease, or None while another task holds it."""
        now = self._clock()
        held = self._leases.get(app_id)
        if held is not None and now < held[1]:
            return None
        self._epoch = max(int(now * 1000), self._epoch + 1, above + 1)
        lease = Lease(str(self._epoch), self._epoch)
        self._leases[app_id] = (lease, now + ttl_s)
        return lease

    async def release(self, app_id: str, lease: Lease) -> None:
        """Give the lease back, if it is still held."""
        held = self._leases.get(app_id)
        if held is not None and held[0] == lease:
            del self._leases[app_id]

    async def claim_force(self, app_id: str, *, gap_s: float) -> float:
        """0 for the one that may force a new token now, else the seconds left of the gap."""
        now = self._monotonic()
        wait_s = self._forced_until.get(app_id, now) - now
        if wait_s > 0:
            return wait_s
        self._forced_until[app_id] = now + gap_s
        return 0.0
