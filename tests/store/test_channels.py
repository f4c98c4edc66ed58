from dataclasses import replace

from store import channels
from store.channels import ChannelRow
from store.engine import Database

ROW = ChannelRow(
    name="ops",
    type="dingtalk",
    sealed=b"sealed",
    disabled=False,
    version=1,
    created_at=1.0,
    updated_at=1.0,
)


async def test_a_channel_is_kept_changed_and_removed(database: Database) -> None:
    async with database.write() as connection:
        assert await channels.insert(connection, ROW)
        assert not await channels.insert(connection, replace(ROW, type="wecom"))
        assert await channels.find(connection, "ops", lock=True) == ROW
        assert await channels.find(connection, "other") is None
        newer = replace(ROW, version=2, disabled=True, sealed=b"other", updated_at=2.0)
        await channels.put(connection, newer)
        await channels.insert(connection, replace(ROW, name="a"))
    async with database.read() as connection:
        assert await channels.channels(connection) == [replace(ROW, name="a"), newer]
    async with database.write() as connection:
        await channels.put_sealed(connection, "ops", b"third")
        await channels.remove(connection, "a")
        assert await channels.channels(connection) == [replace(newer, sealed=b"third")]


def test_a_row_shows_nothing_of_what_is_sealed() -> None:
    assert "sealed" not in repr(ROW)
