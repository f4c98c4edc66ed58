from store import digests, notifications
from store.digests import HeldGroup
from store.engine import Database
from tests.store.test_notifications import notification_row

GROUP = HeldGroup("mail", "g")


async def test_what_is_held_long_enough_is_gathered(database: Database) -> None:
    async with database.write() as connection:
        for number, until in enumerate((100.0, 100.0, 200.0)):
            row = notification_row(
                f"n{number}", state="held", held_with="g", next_at=until, event="job.failed"
            )
            await notifications.insert(connection, row)
        await notifications.insert(
            connection, notification_row("other", state="held", held_with="x", next_at=300.0)
        )
        assert await digests.due(connection, 99.0) == []
        assert await digests.due(connection, 100.0) == [GROUP]
        assert await digests.next_release(connection, GROUP, after=99.0) == 100.0
        assert await digests.next_release(connection, GROUP, after=100.0) == 200.0
        assert await digests.next_release(connection, GROUP, after=200.0) is None
        assert await digests.gather(connection, GROUP, "d", 100.0) == 2
        assert await digests.tally(connection, "d") == [("job.failed", "info", None, 2)]
        assert [row.id for row in await digests.newest(connection, "d", limit=1)] == ["n1"]
        assert await digests.due(connection, 100.0) == []


async def test_one_alone_goes_out_by_itself(database: Database) -> None:
    async with database.write() as connection:
        row = notification_row(state="held", held_with="g")
        await notifications.insert(connection, row)
        assert await digests.gather(connection, GROUP, "d", 100.0) == 1
        await digests.let_go(connection, "d", 101.0)
        found = await notifications.get(connection, row.id)
    assert found is not None
    assert (found.state, found.next_at, found.digest_id, found.done_at) == (
        *("pending", 101.0),
        *(None, None),
    )
