import asyncio
from collections.abc import Sequence
from typing import Protocol

from cache.responses import ANY_FAMILY, ResponseStore
from core.tasks import TaskSet
from proxy.exchange import Build, Exchange, Trip
from proxy.quota import QuotaLedger
from wechat.call import OutcomeUnknown
from wechat.catalogue import Catalogue, Endpoint
from wechat.errcodes import BUSY

# Families whose writes show in each other's answers: a tag is part of what user/info tells, a
# deleted article takes its comments along.
_TOGETHER = {
    **dict.fromkeys(("user", "tag", "group", "blacklist"), "user"),
    **dict.fromkeys(("freepublish", "mass", "comment"), "article"),
}


# A write without an answer may still be under way at WeChat, and take effect once what it touches
# has been read, and kept, again.
_AGAIN_AFTER_S = (30.0, 120.0)


class Sends(Protocol):
    """Sends one request once; `proxy.exchange.Exchanger`."""

    @property
    def quota(self) -> QuotaLedger:
        """Where the calls are counted."""
        ...

    async def send(self, trip: Trip, build: Build) -> Exchange:
        """The answer. Raises NotSent, OutcomeUnknown."""
        ...


def family_of(endpoint: Endpoint) -> str:
    """What a write must belong to, to touch this endpoint's answers."""
    return _TOGETHER.get(endpoint.family, endpoint.family)


class WatchedExchanger:
    """An Exchanger whose writes, relayed or our own, outdate the answers that they touch.

    A write counts once it has succeeded or nobody knows whether it has, and before its caller
    learns of it: what the caller reads next is no older. One of which nobody knows counts again
    later.
    """

    def __init__(
        self,
        exchanger: Sends,
        catalogue: Catalogue,
        store: ResponseStore,
        tasks: TaskSet,
        *,
        again_after_s: Sequence[float] = _AGAIN_AFTER_S,
    ) -> None:
        self._exchanger = exchanger
        self._store = store
        self._tasks = tasks
        self._again_after_s = again_after_s
        self._again: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._read = {family_of(endpoint) for endpoint in catalogue if endpoint.cacheable_s}

    @property
    def quota(self) -> QuotaLedger:
        """Where the calls are counted."""
        return self._exchanger.quota

    async def send(self, trip: Trip, build: Build) -> Exchange:
        """The answer. Raises NotSent, OutcomeUnknown."""
        family = self._touched(trip.endpoint)
        if not family:
            return await self._exchanger.send(trip, build)
        app_id = trip.account.app_id
        try:
            exchange = await self._exchanger.send(trip, build)
        except OutcomeUnknown:
            await self._store.outdate(app_id, family)
            self._outdate_again(app_id, family)
            raise
        except asyncio.CancelledError:  # a caller that leaves does not take its write back
            self._tasks.start(self._store.outdate(app_id, family), name="outdate answers")
            self._outdate_again(app_id, family)
            raise
        if exchange.errcode in (0, BUSY):
            await self._store.outdate(app_id, family)
        if exchange.errcode == BUSY:
            self._outdate_again(app_id, family)
        return exchange

    def _outdate_again(self, app_id: str, family: str) -> None:
        """Later, in place of what an earlier write has left to do: this one has done the same."""
        earlier = self._again.pop((app_id, family), None)
        if earlier is not None:
            earlier.cancel()
        work = self._outdate_later(app_id, family)
        self._again[app_id, family] = self._tasks.start(work, name="outdate answers again")

    async def _outdate_later(self, app_id: str, family: str) -> None:
        waited_s = 0.0
        for after_s in self._again_after_s:
            await asyncio.sleep(after_s - waited_s)
            waited_s = after_s
            await self._store.outdate(app_id, family)

    def _touched(self, endpoint: Endpoint | None) -> str:
        """The family that a call may change, if anything of it is ever cached."""
        if endpoint is None:
            return ANY_FAMILY
        family = family_of(endpoint)
        return family if endpoint.write and family in self._read else ""
