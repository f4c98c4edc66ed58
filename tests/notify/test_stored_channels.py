from cache.windows import MemoryWindows
from notify.channel_errors import ChannelLocked
from notify.channel_forms import checked, revealed
from notify.channels import Channels
from notify.happening import tell_nobody
from notify.kinds import Means
from notify.stored_channels import StoredChannels
from store import channels as rows
from store.channels import ChannelRow
from store.engine import Database

ENTRY = {"name": "ops", "type": "wecom", "url": "https://qyapi.weixin.qq.com/x?key=1"}


def row(name: str, sealed: bytes) -> ChannelRow:
    return ChannelRow(
        name=name,
        type="wecom",
        sealed=sealed,
        disabled=False,
        version=1,
        created_at=1.0,
        updated_at=1.0,
    )


async def test_those_that_open_are_there_and_the_others_locked(database: Database) -> None:
    means = Means(None, database, tell_nobody, MemoryWindows(), lambda: 1.0)  # type: ignore[arg-type]
    channels = Channels([], means)
    good = revealed(checked(ENTRY))
    async with database.write() as connection:
        for name, sealed in (("ops", good), ("odd", b'{"type": "pigeon"}'), ("shut", b"shut")):
            await rows.insert(connection, row(name, sealed))
    stored = StoredChannels(
        database, lambda kept: None if kept.sealed == b"shut" else kept.sealed, channels
    )
    await stored.load()
    assert channels.all() == (checked(ENTRY),)
    for name in ("odd", "shut"):
        try:
            channels.get(name)
        except ChannelLocked:
            continue
        raise AssertionError(name)
    async with database.write() as connection:
        await rows.remove(connection, "ops")
    await stored.load()
    assert channels.all() == ()
