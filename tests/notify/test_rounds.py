import asyncio

from notify.rounds import Rounds
from notify.settings import Route
from server.following import in_background
from store import notifications as rows
from store.engine import Database
from tests.notify.desk import Desk


async def test_what_happens_is_routed_held_released_and_sent(database: Database) -> None:
    desk = Desk(database, routes=(Route(channels=("robot",), digest_s=60),))
    rounds = Rounds(
        *(database, desk.routing, desk.digests),
        settings=lambda: desk.settings,
        clock=lambda: desk.now,
    )
    async with desk.delivery(), in_background(rounds.run(), name="rounds"):
        for _ in range(2):
            await desk.happen()
        rounds.wake()
        async with asyncio.timeout(20):
            while len(await desk.all(state="held")) < 2:
                await asyncio.sleep(0.01)
            desk.now += 60
            while not desk.ways.senders["robot"].got:
                await asyncio.sleep(0.01)
    (message,) = desk.ways.senders["robot"].got
    assert message.subject == "2 条通知"


async def test_what_is_old_is_forgotten(database: Database) -> None:
    desk = Desk(database)
    old, new = await desk.add(), await desk.add()
    await desk.happen()
    await desk.routing.route()
    async with database.write() as connection:
        await rows.change(connection, old.id, {"state": "sent", "created_at": 0.0})
        await rows.change(connection, new.id, {"state": "sent"})
    rounds = Rounds(
        *(database, desk.routing, desk.digests),
        settings=lambda: desk.settings,
        clock=lambda: desk.now,
    )
    await rounds.tidy()
    assert [row.id for row in await desk.all()] == [new.id]
