import asyncio
from contextlib import suppress

import pytest

from cache.responses import ANY_FAMILY
from core.tasks import TaskSet
from proxy.deadline import Deadline
from proxy.exchange import Build, Exchange, Trip
from proxy.invalidation import WatchedExchanger, family_of
from proxy.quota import QuotaLedger
from proxy.upstream import UpstreamRequest
from tests.gateway import MAIN, Gateway
from wechat.call import NotSent, OutcomeUnknown
from wechat.catalogue import load_catalogue

CATALOGUE = load_catalogue()


class Answering:
    """An exchanger that ends each call as it is told."""

    def __init__(self, quota: QuotaLedger, end: int | BaseException) -> None:
        self.quota = quota
        self._end = end

    async def send(self, trip: Trip, build: Build) -> Exchange:
        if isinstance(self._end, BaseException):
            raise self._end
        return Exchange(None, b"", complete=True, errcode=self._end)  # type: ignore[arg-type]


class Outdated:
    """A ResponseStore that notes what it is told is outdated."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def outdate(self, app_id: str, family: str) -> None:
        self.told.append((app_id, family))


@pytest.mark.parametrize(
    ("path", "end", "outdates"),
    [
        ("/cgi-bin/menu/create", 0, "menu"),
        ("/cgi-bin/menu/create", -1, "menu"),
        ("/cgi-bin/menu/create", 40018, ""),
        ("/cgi-bin/menu/create", NotSent(reason="r"), ""),
        ("/cgi-bin/menu/create", OutcomeUnknown(reason="r"), "menu"),
        ("/cgi-bin/menu/create", asyncio.CancelledError(), "menu"),
        ("/cgi-bin/tags/members/batchtagging", 0, "user"),
        ("/cgi-bin/freepublish/delete", 0, "article"),
        ("/cgi-bin/menu/get", 0, ""),
        ("/cgi-bin/clear_quota", 0, ""),
        ("/cgi-bin/not/in/the/catalogue", 0, ANY_FAMILY),
    ],
)
async def test_a_call_outdates_what_it_may_have_changed(
    gateway: Gateway, *, path: str, end: int | BaseException, outdates: str
) -> None:
    store, tasks = Outdated(), TaskSet()
    watched = WatchedExchanger(
        *(Answering(gateway.quota, end), CATALOGUE, store, tasks)  # type: ignore[arg-type]
    )
    with suppress(NotSent, OutcomeUnknown, asyncio.CancelledError):
        trip = Trip(MAIN, CATALOGUE.find(path), path, Deadline(9), gateway.hosts.api)
        exchange = await watched.send(trip, lambda url: UpstreamRequest("POST", url, {}))
        assert exchange.errcode == end
    await asyncio.sleep(0)
    await tasks.aclose()
    assert store.told == ([(MAIN.app_id, outdates)] if outdates else [])
    assert watched.quota is gateway.quota


@pytest.mark.parametrize(
    ("end", "times"),
    [
        (0, 1),
        (-1, 3),
        (OutcomeUnknown(reason="r"), 3),
        (asyncio.CancelledError(), 3),
        (NotSent(reason="r"), 0),
    ],
)
async def test_a_write_that_may_take_effect_later_outdates_again_later(
    gateway: Gateway, *, end: int | BaseException, times: int
) -> None:
    store, tasks, path = Outdated(), TaskSet(), "/cgi-bin/menu/create"
    watched = WatchedExchanger(
        *(Answering(gateway.quota, end), CATALOGUE, store, tasks),  # type: ignore[arg-type]
        again_after_s=(0, 0),
    )
    with suppress(NotSent, OutcomeUnknown, asyncio.CancelledError):
        trip = Trip(MAIN, CATALOGUE.find(path), path, Deadline(9), gateway.hosts.api)
        await watched.send(trip, lambda url: UpstreamRequest("POST", url, {}))
    while len(tasks):
        await asyncio.sleep(0)
    assert store.told == [(MAIN.app_id, "menu")] * times


async def test_many_such_writes_leave_one_to_outdate_later(gateway: Gateway) -> None:
    store, tasks, path = Outdated(), TaskSet(), "/cgi-bin/menu/create"
    watched = WatchedExchanger(
        *(Answering(gateway.quota, -1), CATALOGUE, store, tasks)  # type: ignore[arg-type]
    )
    for _ in range(10):
        trip = Trip(MAIN, CATALOGUE.find(path), path, Deadline(9), gateway.hosts.api)
        await watched.send(trip, lambda url: UpstreamRequest("POST", url, {}))
    for _ in range(5):
        await asyncio.sleep(0)  # until those that are cancelled have ended
    assert (len(tasks), len(store.told)) == (1, 10)
    await tasks.aclose()


def test_every_family_with_kept_answers_is_outdated_by_its_writes() -> None:
    """Or it has none: a family that is renamed must not fall silently out of the table."""
    kept = {family_of(endpoint) for endpoint in CATALOGUE if endpoint.cacheable_s}
    written = {family_of(endpoint) for endpoint in CATALOGUE if endpoint.write}
    assert kept - written <= {"ad", "autoreply", "base", "datacube", "oauth", "ticket"}
