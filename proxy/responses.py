import asyncio
import math
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Literal, NamedTuple

from cache.responses import Place, ResponseStore, StoredResponse
from cache.stats import CacheStats
from core.errors import GatewayError
from core.tasks import TaskSet
from proxy.answer import NotJson, errcode_of, read_object
from proxy.call import Calls, NoAnswer, RelayedCall
from proxy.deadline import Deadline
from proxy.exchange import Exchange
from proxy.response_key import place_of
from wechat.call import OutcomeUnknown
from wechat.catalogue import Endpoint

MAX_BYTES = 262_144  # longer answers pass through
_TICKET = "/cgi-bin/ticket/getticket"
_TICKET_MARGIN_S = 60.0  # who gets a ticket still has this long to use it
_EXPIRES_IN = re.compile(rb'("expires_in"\s*:\s*)(\d{1,9})\b')
_KEPT_HEADERS = frozenset(
    {b"content-type", b"content-disposition", b"content-language", b"last-modified", b"etag"}
)

# What says where an answer ends, other than that the connection does.
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})

State = Literal["hit", "miss", "bypass"]
Wish = Literal["", "no-cache", "no-store"]


class Relayed(NamedTuple):
    """An answer to pass on, whose holder must close the exchange, and where it comes from."""

    exchange: Exchange
    state: State
    age_s: float = 0.0


class CachedCalls:
    """Relays calls; a read that the catalogue calls cacheable is answered from the cache.

    Equal calls at the same time become one, which goes on even if its callers leave.
    """

    def __init__(
        self,
        calls: Calls,
        store: ResponseStore | None,
        *,
        stats: CacheStats,
        tasks: TaskSet,
        max_age_s: float,
    ) -> None:
        self._calls = calls
        self._store = store
        self._stats = stats
        self._tasks = tasks
        self._max_age_s = max_age_s
        self._flights: dict[tuple[Place, str, Wish], _Flight] = {}

    async def relay(self, call: RelayedCall, rights: Iterable[str], wish: Wish = "") -> Relayed:
        """The answer. Raises what `Calls.relay` raises.

        With `no-cache` WeChat is asked in any case; with `no-store` its answer is not kept either.
        Without a store nothing is ever kept.
        """
        place = None if wish == "no-store" else place_of(call, rights)
        if place is None or self._store is None:
            return Relayed(await self._calls.relay(call), "bypass")
        store = self._store
        found = await store.find(place)
        if found.response is not None and not wish:
            body = aged(call.route.path, found.response.body, found.age_s)
            return Relayed(_exchange(found.response.headers, body), "hit", found.age_s)
        # A caller that knows of a write does not join a call that began before it.
        exchange = await self._joined(store, (place, found.generation, wish), call)
        return Relayed(exchange, "bypass" if wish else "miss")

    def remaining(self, account: str, path: str) -> int | None:
        """Calls of `path` left to `account` today, or None where that is not known."""
        return self._calls.remaining(account, path)

    async def _joined(
        self, store: ResponseStore, key: tuple[Place, str, Wish], call: RelayedCall
    ) -> Exchange:
        self._calls.check(call)  # so that no flight fails for all by what bounds its first caller
        flight = self._flights.get(key)
        if flight is None:
            # It is for whoever comes: the first one's deadline is not everybody's.
            patient = replace(call, asked=None)
            task = self._tasks.start(self._fly(store, key, patient), name="fill response cache")
            flight = self._flights[key] = _Flight(task)
            task.add_done_callback(lambda _task: self._flights.pop(key, None))
        else:
            self._stats.count("coalesced", call.account.app_id)
        exchange = await flight.wait(call.asked)
        # What is too long to keep can be streamed to one alone.
        return exchange if exchange is not None else await self._calls.relay(call)

    async def _fly(
        self, store: ResponseStore, key: tuple[Place, str, Wish], call: RelayedCall
    ) -> Exchange | GatewayError:
        try:
            exchange = await self._calls.relay(call)
            if not exchange.complete and _length(exchange) > MAX_BYTES:
                return exchange
            try:
                body = await exchange.read(MAX_BYTES) or b""
            except OutcomeUnknown as exc:
                raise NoAnswer(reason=exc.values["reason"]) from None
            finally:
                exchange.close()
        except GatewayError as error:
            return error
        headers = tuple((name.lower(), value) for name, value in exchange.answer.headers)
        life_s = min(self._max_age_s, _life_s(call.route.endpoint, exchange, body))
        if life_s > 0:
            kept = tuple(header for header in headers if header[0] in _KEPT_HEADERS)
            await store.put(key[0], key[1], StoredResponse(kept, body, life_s))
        return _exchange(headers, body, exchange.answer.status, exchange.errcode)


class _Flight:
    """One call under way. Its answer is for all who wait for it, a stream for the first of them."""

    def __init__(self, task: asyncio.Task[Exchange | GatewayError]) -> None:
        self._task = task
        self._waiting = 0
        self._streaming = False
        task.add_done_callback(lambda _task: self._close_unwanted())

    async def wait(self, asked: Deadline | None) -> Exchange | None:
        """The answer; None if another caller streams it.

        Raises the call's GatewayError, and NoAnswer when it is not there by `asked`.
        """
        self._waiting += 1
        try:
            landed = await self._landed(asked)
            if isinstance(landed, GatewayError):
                raise landed.with_traceback(None)
            if isinstance(landed.answer, _KeptAnswer):
                return landed
            streamed, self._streaming = self._streaming, True
            return None if streamed else landed
        finally:
            self._waiting -= 1
            self._close_unwanted()

    async def _landed(self, asked: Deadline | None) -> Exchange | GatewayError:
        try:
            async with asyncio.timeout(None if asked is None else asked.left()):
                return await asyncio.shield(self._task)
        except TimeoutError:
            return NoAnswer(reason="the caller's time is over")

    def _close_unwanted(self) -> None:
        if self._waiting or self._streaming or not self._task.done() or self._task.cancelled():
            return
        if self._task.exception() is None and isinstance(landed := self._task.result(), Exchange):
            landed.close()


class _KeptAnswer:
    """An UpstreamAnswer that is all there."""

    def __init__(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = list(headers)

    async def read(self, limit: int) -> bytes:
        """Nothing is left to read."""
        del limit
        return b""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Nothing is left to read."""
        return
        yield b""

    def at_end(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing to free."""


def _exchange(
    headers: Iterable[tuple[bytes, bytes]], body: bytes, status: int = 200, errcode: int = 0
) -> Exchange:
    return Exchange(_KeptAnswer(status, headers), body, complete=True, errcode=errcode)


def _length(exchange: Exchange) -> int:
    """The body's length as announced; unknown counts as too long."""
    for name, value in exchange.answer.headers:
        if name.lower() == b"content-length" and value.isdigit():
            return int(value)
    return MAX_BYTES + 1


def _life_s(endpoint: Endpoint | None, exchange: Exchange, body: bytes) -> float:
    """How long the answer may be kept; 0 for all but a whole success."""
    headers = {name.lower(): value.lower() for name, value in exchange.answer.headers}
    if endpoint is None or exchange.answer.status != 200 or not body:
        return 0
    if b"content-encoding" in headers:
        return 0
    binary = endpoint.response != "json" and not headers.get(b"content-type", b"").startswith(
        (b"text/", b"application/json")
    )
    # Of a file nobody could tell that its end is missing.
    if not (headers.keys() & _FRAMING if binary else _succeeded(body)):
        return 0
    life_s = float(endpoint.cacheable_s)
    if endpoint.path == _TICKET:
        found = _EXPIRES_IN.search(body)
        life_s = min(life_s, int(found.group(2)) - _TICKET_MARGIN_S) if found else 0
    return life_s


def _succeeded(body: bytes) -> bool:
    try:
        return errcode_of(read_object(body)) == 0
    except NotJson:
        return False


def aged(path: str, body: bytes, age_s: float) -> bytes:
    """`body` as it is after `age_s`: a ticket has that much less to live (docs/adr/0006)."""
    if path != _TICKET:
        return body
    return _EXPIRES_IN.sub(
        lambda found: found.group(1) + b"%d" % max(0, int(found.group(2)) - math.ceil(age_s)), body
    )
