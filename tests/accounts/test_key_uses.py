import asyncio
from contextlib import suppress

from accounts.clients import Credential
from accounts.key_uses import KeyUses
from accounts.keys import digest_of
from store import clients as rows
from store.engine import Database
from store.engine import StorageUnavailable as Unavailable
from tests.accounts.books import NOW, Shelf, Time


async def credential(shelf: Shelf, client_id: str = "shop") -> Credential:
    found = shelf.clients.by_key(await shelf.add(client_id))
    assert found is not None
    return found


async def written(database: Database) -> dict[str, tuple[float, str | None]]:
    async with database.read() as connection:
        uses = await rows.uses(connection)
    return {use.client_id: (use.used_at, use.ip) for use in uses.values()}


async def test_the_last_use_is_written_and_shown(database: Database) -> None:
    time = Time()
    shelf, uses = Shelf(database, time), KeyUses(database, clock=time)
    shop = await credential(shelf)
    uses.note(shop, "10.0.0.1")
    time.now += 5
    uses.note(shop, "10.0.0.2")
    assert await written(database) == {}
    await uses.flush()
    assert await written(database) == {"shop": (NOW + 5, "10.0.0.2")}
    (key,) = (await shelf.book.get("shop")).keys
    assert (key.last_used_at, key.last_used_ip) == ("2026-11-21T22:26:45.000Z", "10.0.0.2")


async def test_an_earlier_use_written_later_by_another_process_changes_nothing(
    database: Database,
) -> None:
    time = Time()
    shelf = Shelf(database, time)
    shop, blog = await credential(shelf), await credential(shelf, "other")
    early, late = KeyUses(database, clock=time), KeyUses(database, clock=time)
    early.note(shop, "10.0.0.1")
    early.note(blog, None)
    time.now += 5
    late.note(shop, "10.0.0.2")
    await late.flush()
    await early.flush()
    assert await written(database) == {"shop": (NOW + 5, "10.0.0.2"), "other": (NOW, None)}


async def test_uses_of_clients_in_the_file_are_kept_too(database: Database) -> None:
    shelf, uses = Shelf(database, Time()), KeyUses(database, clock=Time())
    client = shelf.clients.by_id("blog")
    assert client is not None
    uses.note(Credential(client, digest_of("wxg_blog_0123456789abcdefghijklmn")), None)
    await uses.flush()
    (key,) = (await shelf.book.get("blog")).keys
    assert key.last_used_at is not None


async def test_a_store_that_is_away_loses_no_note(database: Database) -> None:
    class Away(Database):
        def __init__(self) -> None:
            pass

        def write(self) -> object:  # type: ignore[override]
            raise Unavailable(reason="test")

    time = Time()
    shop = await credential(Shelf(database, time))
    uses = KeyUses(Away(), clock=time)
    uses.note(shop, "10.0.0.1")
    with suppress(Unavailable):
        await uses.flush()
    time.now += 1
    uses.note(shop, "10.0.0.2")
    uses._database = database  # the store is back
    await uses.flush()
    assert await written(database) == {"shop": (NOW + 1, "10.0.0.2")}


async def test_they_are_written_in_the_background_and_once_more_at_the_end(
    database: Database,
) -> None:
    time = Time()
    uses = KeyUses(database, flush_s=0.01, clock=time)
    shop = await credential(Shelf(database, time))
    task = asyncio.ensure_future(uses.run())
    uses.note(shop, "10.0.0.1")
    async with asyncio.timeout(20):
        while not await written(database):
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    last = KeyUses(database, flush_s=1_000, clock=time)
    task = asyncio.ensure_future(last.run())
    await asyncio.sleep(0)
    time.now += 1
    last.note(shop, "10.0.0.3")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await written(database) == {"shop": (NOW + 1, "10.0.0.3")}
