"""The parts of `handlers/enhance.py` that need no WeChat; tests/e2e/test_enhance.py has the rest."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from accounts.clients import Enhance
from content.relayed.care import DraftCare
from content.relayed.notes import TOO_LATE, Cared, Note
from content.relayed.uploads import UploadCare
from core.errors import Text
from handlers.enhance import EnhanceInvalid, Looked, RelayCare
from proxy.auth import Caller
from proxy.body import MemoryBody
from proxy.deadline import Deadline
from proxy.request import Inbound, Query
from proxy.routing import Route
from tests.gateway import CLIENTS, MAIN

ADD = "/cgi-bin/draft/add"


class Drafts:
    """Answers as it is told, and keeps what it was asked."""

    def __init__(self, *notes: Note, body: bytes | None = None, placed: int = 0) -> None:
        self.notes = notes
        self.placed = placed
        self.body = body
        self.asked: list[dict[str, Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def look_after(self, account: str, body: bytes, **more: Any) -> Cared:
        self.asked.append({"account": account, **more})
        await self.gate.wait()
        return Cared(body if self.body is None else self.body, self.placed, notes=self.notes)


def inbound(**headers: str) -> Inbound:
    raw = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Inbound("POST", ADD.encode(), Query(b""), raw, "192.0.2.1")


def caller(*enhance: Enhance) -> Caller:
    client = CLIENTS[0].model_copy(update={"enhance": frozenset(enhance)})
    return cast("Caller", SimpleNamespace(client=client, account=MAIN))


def route(path: str = ADD) -> Route:
    return cast("Route", SimpleNamespace(path=path))


def care(drafts: Drafts | None = None, timeout_s: float = 5) -> RelayCare:
    uploads = cast("UploadCare", None)
    return RelayCare(cast("DraftCare", drafts or Drafts()), uploads, timeout_s=timeout_s)


async def look(drafts: Drafts, said: str = "images, lint", asked: Deadline | None = None) -> Looked:
    request, body = inbound(x_wxgate_enhance=said), MemoryBody(b"{}")
    return await care(drafts).look_after(request, "req_1", caller(), route(), body, asked)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("images", {Enhance.IMAGES}),
        ("images,lint", {Enhance.IMAGES, Enhance.LINT}),
        (" Lint , IMAGES ,", {Enhance.IMAGES, Enhance.LINT}),
        ("explain", {Enhance.EXPLAIN}),
        ("off", set()),
        ("", set()),
    ],
)
def test_the_header_says_what_is_wanted(said: str, wanted: set[Enhance]) -> None:
    found = care().wanted(inbound(x_wxgate_enhance=said), caller(Enhance.LINT))
    assert found == wanted


@pytest.mark.parametrize("said", ["pictures", "images lint", "off, lint", "images;q=1", "\xff"])
def test_a_header_that_says_something_else_is_refused(said: str) -> None:
    with pytest.raises(EnhanceInvalid):
        care().wanted(inbound(x_wxgate_enhance=said), caller())


def test_without_a_header_the_clients_setting_holds() -> None:
    assert care().wanted(inbound(), caller(Enhance.LINT)) == {Enhance.LINT}
    assert care().wanted(inbound(), caller()) == frozenset()


async def test_another_time_counts_from_the_next_call_on() -> None:
    drafts, now = Drafts(), asyncio.get_running_loop().time()
    cared = care(drafts, timeout_s=100)
    cared.timeout_s = 3
    body = MemoryBody(b"{}")
    await cared.look_after(inbound(), "req_1", caller(Enhance.LINT), route(), body, None)
    assert drafts.asked[0]["ends_at"] - now < 50


@pytest.mark.parametrize("path", ["/cgi-bin/freepublish/submit", "/cgi-bin/message/mass/sendall"])
def test_nothing_else_is_ever_looked_after(path: str) -> None:
    assert not care().concerns(route(path), frozenset(Enhance))


def test_who_wants_refusals_explained_has_its_draft_left_alone() -> None:
    assert not care().concerns(route(), frozenset({Enhance.EXPLAIN}))
    assert care().concerns(route(), frozenset({Enhance.EXPLAIN, Enhance.LINT}))


async def test_a_draft_that_needed_nothing_goes_up_itself_and_is_not_noted() -> None:
    looked = await look(Drafts())
    assert looked.body is None
    assert looked.note is None
    assert looked.headers == [
        (b"x-wxgate-enhance", b"images=0, failed=0, unwrapped=0"),
        (b"x-wxgate-lint", b"0;errors=0;warnings=0"),
    ]


async def test_a_draft_that_was_changed_is_noted_though_all_went_well() -> None:
    looked = await look(Drafts(placed=2, body=b"[]"), "images")
    assert looked.body == b"[]"
    assert looked.note is not None
    assert looked.note.detail["images"] == 2
    assert looked.headers == [(b"x-wxgate-enhance", b"images=2, failed=0, unwrapped=0")]


async def test_what_was_found_is_told_and_noted() -> None:
    looked = await look(Drafts(Note("image_failed", "warning", Text("坏", "bad"))), "images")
    assert dict(looked.headers)[b"x-wxgate-lint"].startswith(b"1;errors=0;warnings=1;")
    assert looked.note is not None


async def test_half_of_the_callers_time_is_left_for_the_call_itself() -> None:
    drafts = Drafts()
    now = asyncio.get_running_loop().time()
    await look(drafts, asked=Deadline(4, asked=True))
    assert drafts.asked[0]["ends_at"] - now < 2.5
    assert (drafts.asked[0]["images"], drafts.asked[0]["lint"]) == (True, True)


def waiting(cared: RelayCare, client: str) -> Coroutine[Any, Any, Looked]:
    """A draft of a client's own."""
    asking = caller(Enhance.LINT)
    asking.client = asking.client.model_copy(update={"id": client})  # type: ignore[misc]
    return cared.look_after(inbound(), "req_1", asking, route(), MemoryBody(b"{}"), None)


async def begun(drafts: Drafts, count: int) -> None:
    async with asyncio.timeout(20):
        while len(drafts.asked) < count:
            await asyncio.sleep(0)


async def test_a_draft_whose_turn_does_not_come_goes_up_as_it_is() -> None:
    drafts = Drafts()
    drafts.gate.clear()
    busy = care(drafts, timeout_s=0.2)
    async with asyncio.TaskGroup() as group:
        for client in "aaaabbbb":
            group.create_task(waiting(busy, client))
        await begun(drafts, 8)
        looked = await waiting(busy, "c")
        assert looked.body is None
        assert TOO_LATE.rule.encode() in dict(looked.headers)[b"x-wxgate-lint"]
        drafts.gate.set()


async def test_the_slow_drafts_of_one_client_leave_room_for_the_others() -> None:
    drafts = Drafts()
    drafts.gate.clear()
    shared = care(drafts, timeout_s=60)
    async with asyncio.TaskGroup() as group:
        for client in "aaaaaaaaab":
            group.create_task(waiting(shared, client))
        await begun(drafts, 5)
        assert len(drafts.asked) == 5
        drafts.gate.set()
    assert len(drafts.asked) == 10
