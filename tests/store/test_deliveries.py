import asyncio
from typing import Any

import pytest

from store import deliveries, webhooks
from store.deliveries import DeliveryRow
from store.engine import Database
from tests.store.test_webhooks import webhook_row


def delivery_row(delivery_id: str = "msg_1", **values: Any) -> DeliveryRow:
    defaults: dict[str, Any] = {
        "id": delivery_id,
        "webhook_id": "whk_1",
        "type": "job.failed",
        "body": {"data": {"标题": "\x00"}},
        "next_at": 100.0,
        "created_at": 100.0,
    }
    return DeliveryRow(**{**defaults, **values})


@pytest.fixture
async def store(database: Database) -> Database:
    async with database.write() as connection:
        for webhook_id in ("whk_1", "whk_2"):
            await webhooks.insert(connection, webhook_row(webhook_id))
    return database


async def _claim(store: Database, now: float = 100.0, limit: int = 9) -> list[DeliveryRow]:
    async with store.write() as connection:
        return await deliveries.claim(connection, "whk_1", now=now, until=now + 60, limit=limit)


async def test_a_claimed_delivery_is_nobody_elses_until_its_time(store: Database) -> None:
    async with store.write() as connection:
        await deliveries.insert(connection, [delivery_row(), delivery_row("msg_2", next_at=101.0)])
    (taken,) = await _claim(store)
    assert (taken.id, taken.attempts) == ("msg_1", 1)
    assert await _claim(store) == []
    assert [row.attempts for row in await _claim(store, now=160.0)] == [2, 1]


async def test_several_share_the_deliveries(store: Database) -> None:
    async with store.write() as connection:
        await deliveries.insert(connection, [delivery_row(f"msg_{n}") for n in range(20)])
    shares = await asyncio.gather(*(_claim(store, limit=7) for _ in range(4)))
    taken = [row.id for share in shares for row in share]
    assert len(taken) == len(set(taken)) == 20


async def test_webhooks_that_something_waits_for(store: Database) -> None:
    rows = [delivery_row(), delivery_row("msg_2"), delivery_row("msg_3", webhook_id="whk_2")]
    async with store.write() as connection:
        await deliveries.insert(connection, rows)
        found = await deliveries.webhooks_due(connection, 100.0, busy=[], limit=9)
        assert sorted(found) == ["whk_1", "whk_2"]
        assert await deliveries.webhooks_due(connection, 100.0, busy=["whk_1"], limit=9) == [
            "whk_2"
        ]
        assert await deliveries.webhooks_due(connection, 99.0, busy=[], limit=9) == []


async def test_only_the_newest_attempt_is_recorded(store: Database) -> None:
    async with store.write() as connection:
        await deliveries.insert(connection, [delivery_row()])
    (first,) = await _claim(store)
    (second,) = await _claim(store, now=200.0)
    async with store.write() as connection:
        assert not await deliveries.settle(connection, first, state="dead")
        assert await deliveries.settle(connection, second, state="delivered", done_at=201.0)
        assert await deliveries.reached_since(connection, "whk_1", 201.0)
        assert not await deliveries.reached_since(connection, "whk_1", 202.0)
        await deliveries.again(connection, "msg_1", 300.0)
        again = await deliveries.get(connection, "whk_1", "msg_1")
        assert await deliveries.get(connection, "whk_2", "msg_1") is None
    assert again is not None
    assert (again.state, again.attempts, again.next_at) == ("pending", 0, 300.0)


async def test_what_waits_for_a_webhook_is_given_up_together(store: Database) -> None:
    rows = [delivery_row(), delivery_row("msg_2", webhook_id="whk_2")]
    async with store.write() as connection:
        await deliveries.insert(connection, rows)
        await deliveries.give_up(connection, "whk_1", "disabled", 200.0)
        mine = await deliveries.page(connection, "whk_1", state="dead", before=None, limit=9)
        others = await deliveries.page(connection, "whk_2", state="dead", before=None, limit=9)
        assert await deliveries.purge(connection, before=201.0) == 1
    assert [(row.id, row.error) for row in mine] == [("msg_1", "disabled")]
    assert others == []


async def test_deliveries_are_listed_newest_first(store: Database) -> None:
    async with store.write() as connection:
        await deliveries.insert(connection, [delivery_row(f"msg_{n}") for n in range(3)])
        page = await deliveries.page(connection, "whk_1", state=None, before="msg_2", limit=1)
    assert [row.id for row in page] == ["msg_1"]
