import ssl
import time
from collections.abc import Callable
from typing import Protocol

import httpx
import structlog

from core.errors import GatewayError
from fetch.addresses import AddressPolicy
from fetch.backend import GuardedBackend
from fetch.deadline import Deadline
from fetch.errors import (
    DnsFailed,
    FetchFailed,
    FetchRefused,
    FetchTimeout,
    HostBusy,
    RedirectForbidden,
    TooManyRedirects,
    UrlForbidden,
    UrlInvalid,
)
from fetch.flights import Flights
from fetch.resolver import Resolver, SystemResolver
from fetch.settings import FetchSettings
from fetch.transport import GuardedTransport
from fetch.turns import Turns
from fetch.urls import Target, parse_url, shown
from fetch.visit import Claim, Elsewhere, Fetched, Visits

__all__ = ["Fetched", "Fetcher", "Room"]

log = structlog.get_logger(__name__)

_MAX_REDIRECTS = 3
_MAX_PAUSES = 2  # that a host is granted in one fetch
_HOTLINK_STATUSES = frozenset({401, 403, 404})


class Room(Protocol):
    """Where the bytes of a picture will be."""

    async def take(self, size: int) -> None:
        """Wait until there is room for `size` bytes."""
        ...


class Fetcher:
    """Fetches pictures from hosts that nobody trusts.

    Guarded in its addresses, ports, redirects, bytes and time; keeps no connection and no cookie,
    reads no proxy from the environment. Polite: a few connections to a host at once, one fetch of
    a URL at a time.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: monotonic seconds."""
        self._settings = settings
        self._resolver = resolver or SystemResolver()
        backend = GuardedBackend(AddressPolicy(settings.allow_networks), self._resolver)
        context = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._visits = Visits(GuardedTransport(backend, context), settings.max_bytes)
        self._turns = Turns(settings.connections_per_host)
        self._flights: Flights[Fetched] = Flights(clock=clock)

    async def fetch_image(self, url: str, room: Room | None = None) -> Fetched:
        """The picture at `url`; raises the errors of fetch/errors.py and no others.

        Takes `room` before it reads the body: as much as the host says, else the largest there may
        be. Waiting for it, or for a turn, is not counted as the host's time.
        """
        target = parse_url(url, self._settings.allow_ports)
        fetched, mine = await self._flights.join(target.url, lambda: self._fetch(target, room))
        if room is not None and not mine:
            await room.take(len(fetched.data))
        return fetched

    async def aclose(self) -> None:
        """Let the resolver's threads go."""
        self._resolver.close()

    async def _fetch(self, target: Target, room: Room | None) -> Fetched:
        url = shown(target.url)
        try:
            async with Deadline(self._settings.timeout_s) as deadline:
                return await self._follow(target, deadline, _claim(room, deadline))
        except (TimeoutError, httpx.TimeoutException):
            raise FetchTimeout(url=url, seconds=f"{self._settings.timeout_s:g}") from None
        except httpx.HTTPError as exc:
            raise FetchFailed(url=url, reason=type(exc).__name__) from None
        except GatewayError:
            raise
        except Exception as exc:
            # What a host answers must not end as a fault of ours, whichever library stumbles.
            log.exception("fetch broke")
            raise FetchFailed(url=url, reason=type(exc).__name__) from None

    async def _follow(self, target: Target, deadline: Deadline, claim: Claim) -> Fetched:
        for hop in range(_MAX_REDIRECTS + 1):
            try:
                found = await self._visit(target, deadline, claim)
            except (UrlForbidden, DnsFailed) as exc:
                if hop:
                    raise RedirectForbidden(url=shown(target.url)) from None
                raise type(exc)(url=shown(target.url)) from None
            if isinstance(found, Fetched):
                return found
            target = self._redirected(target, found.location)
        raise TooManyRedirects(url=shown(target.url))

    async def _visit(self, target: Target, deadline: Deadline, claim: Claim) -> Fetched | Elsewhere:
        """Ask until there is an answer: again after a pause, and once as the host's own page."""
        referer, pauses = False, 0
        while True:
            async with self._turns.turn(target, deadline):
                try:
                    return await self._visits.get(target, claim, referer=referer)
                except FetchRefused as exc:
                    never = self._settings.referer == "never"
                    if referer or never or exc.values["http"] not in _HOTLINK_STATUSES:
                        raise
                    referer = True
                except HostBusy as exc:
                    self._turns.pause(target, exc.retry_after_s or 0)
                    pauses += 1
                    if pauses > _MAX_PAUSES:
                        raise

    def _redirected(self, target: Target, location: str) -> Target:
        try:
            following = parse_url(target.join(location), self._settings.allow_ports)
        except (UrlInvalid, UrlForbidden, ValueError):
            raise RedirectForbidden(url=shown(target.url)) from None
        if target.scheme == "https" and following.scheme == "http":
            raise RedirectForbidden(url=shown(target.url))
        return following


def _claim(room: Room | None, deadline: Deadline) -> Claim:
    """How a fetch takes its room."""

    async def claim(size: int) -> None:
        if room is not None:
            with deadline.paused():
                await room.take(size)

    return claim
