import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from accounts.clients import Client
from accounts.master_key import Sealer
from accounts.webhook_secrets import webhook_aad
from core.metrics import Metrics
from fetch.errors import FetchTimeout
from jobs.announce import TEST, message
from jobs.deliver import Deliveries, Way
from jobs.push_settings import WebhookSettings
from notify.senders.webhook_signing import signed_headers
from store import deliveries, events, webhooks
from store.deliveries import DeliveryRow
from store.engine import Database
from store.webhooks import WebhookRow
from tests.jobs.callers import caller
from tests.store.test_events import event_row
from tests.store.test_webhooks import webhook_row

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SEALER = Sealer(bytes(32))
PAUSES = (10.0, 100.0)


class Receiver:
    """Answers as it is told to, and keeps what it got."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int | Exception]] = {}
        self.got: list[tuple[str, bytes, dict[str, str]]] = []
        self.hold: asyncio.Event | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.got.append((url, body, dict(headers)))
        if self.hold is not None and "slow" in url:
            await self.hold.wait()
        said = self.answers.get(url, [200])
        answer = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Stand:
    """A sender, its receiver, and a clock that stands still."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.receiver = Receiver()
        self.now = 1_000.0
        self.clients: dict[str, Client | None] = {"blog": caller(scopes=["draft"])}
        self.metrics = Metrics()

    def sender(self, **how: Any) -> Deliveries:
        way = Way(self.receiver, SEALER, self.clients.get, self.metrics)
        settings = WebhookSettings(**{"sweep_s": 0.01, "retry_after_s": PAUSES, **how})
        return Deliveries(
            *(self.database, way),
            settings=settings,
            keep_events_s=500,
            clock=lambda: self.now,
            uniform=lambda low, _high: low,
        )

    async def hook(self, webhook_id: str = "whk_1", **values: Any) -> WebhookRow:
        sealed = SEALER.seal(SECRET.encode(), aad=webhook_aad(webhook_id))
        row = webhook_row(webhook_id, **{"sealed": sealed, "url": f"http://{webhook_id}", **values})
        async with self.database.write() as connection:
            await webhooks.insert(connection, row)
        return row

    async def write(self, webhook_id: str = "whk_1", **values: Any) -> DeliveryRow:
        told = {"account": "main", "标题": "x", **values.pop("data", {})}
        row = message(webhook_id, values.pop("kind", "job.failed"), told, self.now)
        async with self.database.write() as connection:
            await deliveries.insert(connection, [row])
        return row

    async def get(self, row: DeliveryRow) -> DeliveryRow:
        async with self.database.read() as connection:
            found = await deliveries.get(connection, row.webhook_id, row.id)
        assert found is not None
        return found

    async def until(self, row: DeliveryRow, state: str, attempts: int = 0) -> DeliveryRow:
        async with asyncio.timeout(20):
            while True:
                found = await self.get(row)
                recorded = state != "pending" or found.next_at - self.now in PAUSES
                if found.state == state and found.attempts >= attempts and recorded:
                    return found
                await asyncio.sleep(0.01)

    async def state_of(self, webhook_id: str = "whk_1") -> str:
        async with self.database.read() as connection:
            row = await webhooks.get(connection, webhook_id)
        assert row is not None
        return row.state


@pytest.fixture
def stand(database: Database) -> Stand:
    return Stand(database)


async def test_a_delivery_arrives_signed(stand: Stand) -> None:
    await stand.hook()
    row = await stand.write()
    async with stand.sender():
        done = await stand.until(row, "delivered")
    assert (done.attempts, done.done_at, done.error) == (1, 1_000.0, None)
    ((url, body, headers),) = stand.receiver.got
    assert url == "http://whk_1"
    assert "标题".encode() in body
    assert headers == signed_headers(SECRET, row.id, 1_000, body)


async def test_one_that_fails_is_sent_again_later_under_the_same_id(stand: Stand) -> None:
    await stand.hook()
    stand.receiver.answers["http://whk_1"] = [500, FetchTimeout(url="x", seconds="10"), 204]
    row = await stand.write()
    async with stand.sender():
        first = await stand.until(row, "pending", 1)
        assert (first.error, first.next_at) == ("HTTP 500", 1_010.0)
        await asyncio.sleep(0.05)
        assert len(stand.receiver.got) == 1
        stand.now = 1_010.0
        second = await stand.until(row, "pending", 2)
        assert (second.error, second.next_at) == ("fetch_timeout", 1_110.0)
        stand.now = 1_110.0
        await stand.until(row, "delivered")
    assert {headers["webhook-id"] for _, _, headers in stand.receiver.got} == {row.id}
    assert len({headers["webhook-timestamp"] for _, _, headers in stand.receiver.got}) == 3


async def test_after_the_last_pause_it_is_given_up_and_the_webhook_disabled(stand: Stand) -> None:
    await stand.hook()
    stand.receiver.answers["http://whk_1"] = [503]
    row, other = await stand.write(), await stand.write()
    async with stand.sender():
        for attempt in (1, 2):
            await stand.until(row, "pending", attempt)
            await stand.until(other, "pending", attempt)
            stand.now += PAUSES[attempt - 1]
        dead = await stand.until(row, "dead")
        await stand.until(other, "dead")
    assert (dead.attempts, dead.error) in ((3, "HTTP 503"), (3, "webhook disabled"))
    assert await stand.state_of() == "disabled"


async def test_a_webhook_that_takes_others_stays(stand: Stand) -> None:
    await stand.hook()
    stand.receiver.answers["http://whk_1"] = [400]
    row = await stand.write()
    async with stand.sender():
        await stand.until(row, "pending", 1)
        stand.receiver.answers["http://whk_1"] = [200]
        await stand.until(await stand.write(), "delivered")
        stand.receiver.answers["http://whk_1"] = [400]
        for attempt in (2, 3):
            stand.now += 1_000
            await stand.until(row, "dead" if attempt == 3 else "pending", attempt)
    assert await stand.state_of() == "active"


async def test_who_is_gone_is_disabled_at_once(stand: Stand) -> None:
    await stand.hook()
    stand.receiver.answers["http://whk_1"] = [410]
    row = await stand.write()
    async with stand.sender():
        dead = await stand.until(row, "dead")
    assert dead.error == "HTTP 410"
    assert await stand.state_of() == "disabled"


async def test_a_redirect_is_a_failure(stand: Stand) -> None:
    await stand.hook()
    stand.receiver.answers["http://whk_1"] = [302]
    row = await stand.write()
    async with stand.sender():
        assert (await stand.until(row, "pending", 1)).error == "HTTP 302"


@pytest.mark.parametrize(
    ("client", "kind"),
    [
        (None, "job.failed"),
        (caller(scopes=["draft"], accounts=["second"]), "job.failed"),
        (caller(scopes=["draft"]), "wechat.text"),
    ],
)
async def test_what_the_client_may_not_hear_any_more_is_not_sent(
    stand: Stand, client: Client | None, kind: str
) -> None:
    stand.clients["blog"] = client
    await stand.hook()
    row = await stand.write(kind=kind)
    async with stand.sender():
        await stand.until(row, "dead")
    assert stand.receiver.got == []
    assert await stand.state_of() == "active"


async def test_a_test_needs_no_account(stand: Stand) -> None:
    await stand.hook()
    row = message("whk_1", TEST, {"webhook_id": "whk_1"}, stand.now)
    async with stand.database.write() as connection:
        await deliveries.insert(connection, [row])
    async with stand.sender():
        await stand.until(row, "delivered")


async def test_a_secret_under_another_master_key_is_not_guessed(stand: Stand) -> None:
    await stand.hook(sealed=b"of another key, and long enough")
    row = await stand.write()
    async with stand.sender():
        dead = await stand.until(row, "dead")
    assert dead.error == "the master key does not open its secret"
    assert stand.receiver.got == []


async def test_a_slow_receiver_holds_nobody_else_up(stand: Stand) -> None:
    stand.receiver.hold = asyncio.Event()
    await stand.hook("whk_1", url="http://slow")
    await stand.hook("whk_2")
    slow = [await stand.write("whk_1") for _ in range(9)]
    quick = [await stand.write("whk_2") for _ in range(9)]
    async with stand.sender(concurrency=4):
        for row in quick:
            await stand.until(row, "delivered")
        assert sum(url == "http://slow" for url, _, _ in stand.receiver.got) == 2
        stand.receiver.hold.set()
        for row in slow:
            await stand.until(row, "delivered")


async def test_two_processes_send_each_delivery_once(stand: Stand) -> None:
    await stand.hook()
    rows = [await stand.write() for _ in range(20)]
    async with stand.sender(), stand.sender():
        for row in rows:
            await stand.until(row, "delivered")
    ids = [headers["webhook-id"] for _, _, headers in stand.receiver.got]
    assert sorted(ids) == sorted(row.id for row in rows)


async def test_what_a_dead_process_had_in_hand_is_sent_by_another(stand: Stand) -> None:
    await stand.hook()
    row = await stand.write()
    async with stand.database.write() as connection:
        await deliveries.claim(connection, "whk_1", now=1_000, until=1_040, limit=1)
    async with stand.sender():
        await asyncio.sleep(0.05)
        assert stand.receiver.got == []
        stand.now = 1_041.0
        assert (await stand.until(row, "delivered")).attempts == 2


async def test_old_deliveries_and_events_are_dropped(stand: Stand) -> None:
    await stand.hook()
    async with stand.database.write() as connection:
        await events.put(connection, event_row(received_at=1.0))
        old = message("whk_1", "job.failed", {"account": "main"}, 1.0)
        await deliveries.insert(connection, [old])
        await deliveries.give_up(connection, "whk_1", "x", 2.0)
    async with stand.sender(keep_s=100):
        async with asyncio.timeout(20):
            while True:
                async with stand.database.read() as connection:
                    left = await deliveries.get(connection, "whk_1", old.id)
                    event = await events.about(connection, "main", "PUBLISHJOBFINISH", "7")
                if left is None and event is None:
                    break
                await asyncio.sleep(0.01)
