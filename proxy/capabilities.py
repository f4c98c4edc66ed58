import asyncio
import random
from collections.abc import Callable
from typing import Never, Self

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from accounts.official import Accounts, OfficialAccount
from core.clock import Clock
from core.errors import GatewayError
from store import capabilities as rows
from store import revisions
from store.capabilities import CapabilityRow
from store.engine import Database
from wechat.call import Call
from wechat.probe import Facts, probe

log = structlog.get_logger(__name__)

_DAY_S = 86_400.0
_RETRY_S = 600.0  # after a failure; doubled by each, up to a day
_FIRST_S = 240.0  # after the start, which has enough to do
_PAUSE_S = 60.0  # from one account to the next


class Kept(BaseModel):
    """What is known of an account; facts outlive later failures."""

    model_config = ConfigDict(frozen=True)

    facts: Facts | None = None
    checked_at: float | None = None  # when the facts were found
    tried_at: float = 0.0
    failures: int = 0  # since then
    error: str = ""  # code of the last one

    def after_failure(self, now: float, error: str) -> Self:
        """The same facts, after one failure more."""
        update = {"tried_at": now, "failures": self.failures + 1, "error": error}
        return self.model_copy(update=update)

    def due_at(self) -> float:
        """When it is time to ask again."""
        if not self.failures:
            return self.tried_at + _DAY_S
        return self.tried_at + min(_RETRY_S * 2.0 ** min(self.failures - 1, 10), _DAY_S)


class Capabilities:
    """What is known of each account, by AppID, as the store has it."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    def get(self, app_id: str) -> Kept | None:
        """What is known of an account, if anything was ever tried."""
        return self._kept.get(app_id)

    def quota(self, account: OfficialAccount, path: str) -> int | None:
        """Calls a day of `path` as WeChat told, or None."""
        kept = self._kept.get(account.app_id)
        figure = kept.facts.quotas.get(path) if kept is not None and kept.facts else None
        return None if figure is None else figure.daily_limit

    def set(self, app_id: str, kept: Kept) -> None:
        """Let this be known from now on, in this process."""
        self._kept = {**self._kept, app_id: kept}

    async def load(self, database: Database) -> None:
        """Come level with the store."""
        async with database.read() as connection:
            stored = await rows.capabilities(connection)
        found: dict[str, Kept] = {}
        for row in stored:
            try:
                found[row.app_id] = Kept.model_validate({**row.facts, "tried_at": row.checked_at})
            except ValidationError:  # written by another version; the next probe mends it
                log.warning("capabilities not readable", app_id=row.app_id)
        self._kept = found


class Prober:
    """Finds out what accounts may do: when asked, and of each account about once a day.

    Of all processes on one store one alone asks in a day: it claims the account's row first.
    """

    def __init__(
        self,
        database: Database,
        call: Call,
        accounts: Accounts,
        capabilities: Capabilities,
        *,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._call = call
        self._accounts = accounts
        self._capabilities = capabilities
        self._clock = clock
        self._jitter = jitter

    async def run(self) -> Never:
        """Ask about one account after another, with long pauses, until cancelled."""
        await asyncio.sleep(_FIRST_S * (0.5 + self._jitter()))
        while True:
            try:
                await self.probe_next()
            except GatewayError as exc:
                log.warning("account not probed", error=exc.code)
            except Exception:
                log.exception("account not probed")
            await asyncio.sleep(_PAUSE_S * (0.5 + self._jitter()))

    async def probe_next(self) -> str | None:
        """Probe the first account whose time has come, if nobody else does; its name."""
        now = self._clock()
        for account in self._accounts:
            known = self._capabilities.get(account.app_id)
            if (known is None or known.due_at() <= now) and await self._claim(account, known):
                await self._ask(account, known or Kept())
                return account.name
        return None

    async def probe(self, name: str) -> Kept:
        """Ask WeChat now and keep the answer. Raises what stood in the way, which is kept too."""
        account = self._accounts.get(name)
        return await self._ask(account, self._capabilities.get(account.app_id) or Kept())

    async def _ask(self, account: OfficialAccount, known: Kept) -> Kept:
        now = self._clock()
        try:
            facts = (await probe(self._call, account.name)).over(known.facts)
        except GatewayError as exc:
            await self._keep(account, known.after_failure(now, exc.code))
            raise
        kept = Kept(facts=facts, checked_at=now, tried_at=now)
        await self._keep(account, kept)
        return kept

    async def _claim(self, account: OfficialAccount, known: Kept | None) -> bool:
        """Whether this process is the one to ask; should it die of it, that is a failure."""
        attempt = (known or Kept()).after_failure(self._clock(), "interrupted")
        seen = None if known is None else known.tried_at
        async with self._database.write() as connection:
            claimed = await rows.claim(connection, _row(account, attempt), seen)
            if claimed:
                await revisions.bump(connection, revisions.CAPABILITIES)
        return claimed

    async def _keep(self, account: OfficialAccount, kept: Kept) -> None:
        async with self._database.write() as connection:
            await rows.put(connection, _row(account, kept))
            await revisions.bump(connection, revisions.CAPABILITIES)
        self._capabilities.set(account.app_id, kept)


def _row(account: OfficialAccount, kept: Kept) -> CapabilityRow:
    facts = kept.model_dump(mode="json", exclude={"tried_at"})
    return CapabilityRow(account.app_id, facts, kept.tried_at)
