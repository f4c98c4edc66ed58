import asyncio

from accounts.audit import AuditLog
from accounts.edits import Editor, StaleEdit
from accounts.master_key import Sealer
from cache.windows import MemoryWindows
from handlers.channel_desk import ChannelDesk
from notify.channels import Channels
from notify.happening import tell_nobody
from notify.kinds import Means
from store import revisions
from store.audit import AuditFilter
from store.engine import Database

ENTRY = {"name": "ops", "type": "wecom", "url": "https://qyapi.weixin.qq.com/x?key=canary"}
EDITOR = Editor("client:boss")


def desk(database: Database) -> tuple[ChannelDesk, AuditLog]:
    means = Means(None, database, tell_nobody, MemoryWindows(), lambda: 1.0)  # type: ignore[arg-type]
    audit = AuditLog(database, bytes(32), clock=lambda: 1.0)
    made = ChannelDesk(
        *(database, Sealer(bytes(32)), audit, Channels([], means)), clock=lambda: 1.0
    )
    return made, audit


async def number(database: Database) -> int:
    async with database.read() as connection:
        return (await revisions.read(connection)).get(revisions.CHANNELS, 0)


async def test_each_change_is_written_down_and_noticed_by_the_others(database: Database) -> None:
    channels, audit = desk(database)
    await channels.add(ENTRY, EDITOR)
    await channels.change("ops", {"enabled": False}, EDITOR, version=1)
    await channels.remove("ops", EDITOR, version=None)
    assert await number(database) == 3
    entries, _ = await audit.page(AuditFilter(), limit=5)
    assert [(each["action"], each["actor"], each["subject"]) for each in entries] == [
        ("channel.remove", "client:boss", "ops"),
        ("channel.change", "client:boss", "ops"),
        ("channel.create", "client:boss", "ops"),
    ]


async def test_what_the_store_holds_is_sealed(database: Database) -> None:
    channels, _ = desk(database)
    row = await channels.add(ENTRY, EDITOR)
    assert b"canary" not in row.sealed
    opened = channels.open(row)
    assert opened is not None
    assert b"canary" in opened


async def test_of_two_changes_of_one_version_one_counts(database: Database) -> None:
    channels, _ = desk(database)
    await channels.add(ENTRY, EDITOR)
    ends = await asyncio.gather(
        *(
            channels.change("ops", {"language": language}, EDITOR, version=1)
            for language in ("en", "zh")
        ),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["ChannelRow", StaleEdit.__name__]
