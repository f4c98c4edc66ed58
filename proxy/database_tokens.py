import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cache.sealed_tokens import Seal, open_token, seal_token
from cache.stats import CacheStats, Fill
from cache.tokens import AccessToken, Lease, TokensAway
from core.clock import Clock
from core.tasks import TaskSet
from proxy.bounded_database import BoundedDatabase, DatabaseAway, Transaction, Work
from store import tokens
from store.engine import Database

_PATIENCE_S = 1.0  # a call that waits for a token has other ways to get one

T = TypeVar("T")


class DatabaseTokenStore:
    """A TokenStore of all processes on one PostgreSQL. Every method may raise TokensAway.

    It stands behind Redis, which goes away more easily. Like there, what cannot be read counts as
    none.
    """

    def __init__(
        self,
        database: Database,
        seal: Seal,
        register: Callable[[str, str, Callable[[], Fill]], CacheStats],
        *,
        tasks: TaskSet,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock
        self._bounded = BoundedDatabase(tasks, monotonic=monotonic)
        self._stats = register("token", "database", Fill)

    async def get(self, app_id: str) -> AccessToken | None:
        """The newest token; its remaining life is what the database says."""
        work = partial(tokens.get, app_id=app_id)
        kept = await self._within(app_id, self._database.read(), work)
        token = None if kept is None else self._opened(app_id, kept)
        self._stats.count("miss" if token is None else "hit", app_id)
        return token

    def _opened(self, app_id: str, kept: tokens.KeptToken) -> AccessToken | None:
        expires_at = self._clock() + kept.life_s
        try:
            return open_token(
                self._seal, app_id, kept.sealed, epoch=kept.epoch, expires_at=expires_at
            )
        except (ValueError, TypeError):
            self._stats.count("error", app_id)
            return None

    async def put(self, app_id: str, token: AccessToken) -> bool:
        """Keep `token`, unless a newer one is there."""
        life_s = token.expires_at - self._clock()
        if life_s <= 0:
            return False
        kept = tokens.KeptToken(token.epoch, seal_token(self._seal, app_id, token), life_s)
        work = partial(tokens.put, app_id=app_id, kept=kept)
        done = await self._within(app_id, self._database.write(), work)
        if done:
            self._stats.count("set", app_id)
        return done

    async def acquire(self, app_id: str, *, ttl_s: float, above: int) -> Lease | None:
        """A lease, or None while a task of any process holds it."""
        owner = secrets.token_hex(16)
        work = partial(tokens.acquire, app_id=app_id, owner=owner, ttl_s=ttl_s, above=above)
        epoch = await self._within(app_id, self._database.write(), work)
        return None if epoch is None else Lease(owner, epoch)

    async def release(self, app_id: str, lease: Lease) -> None:
        """Give the lease back, if it is still held."""
        work = partial(tokens.release, app_id=app_id, owner=lease.owner)
        await self._within(app_id, self._database.write(), work)

    async def claim_force(self, app_id: str, *, gap_s: float) -> float:
        """0 for the one of all processes that may force a new token now, else seconds to wait."""
        work = partial(tokens.claim_force, app_id=app_id, gap_s=gap_s)
        return await self._within(app_id, self._database.write(), work)

    async def _within(self, app_id: str, transaction: Transaction, work: Work[T]) -> T:
        """What `work` finds in that transaction, in a bounded time; none where it failed often."""
        try:
            return await self._bounded.within(_PATIENCE_S, transaction, work)
        except DatabaseAway as away:
            if away.asked:
                self._stats.count("error", app_id)
            raise TokensAway from None
