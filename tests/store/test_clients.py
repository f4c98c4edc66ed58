import asyncio

from store import clients as rows
from store.clients import ClientRow, KeyRow, UseRow
from store.engine import Database

SHOP = ClientRow("shop", {"a": 1}, disabled=False, version=1, created_at=1.0, updated_at=1.0)


def key(digest: str, client_id: str = "shop", created_at: float = 1.0) -> KeyRow:
    return KeyRow(digest, client_id, "abcd", b"sealed", created_at, None)


async def test_an_id_is_taken_by_the_first(database: Database) -> None:
    async def insert() -> bool:
        async with database.write() as connection:
            return await rows.insert(connection, SHOP)

    assert sorted(await asyncio.gather(insert(), insert(), insert())) == [False, False, True]
    async with database.read() as connection:
        assert await rows.clients(connection) == [SHOP]


async def test_keys_come_newest_first_and_go_with_their_client(database: Database) -> None:
    async with database.write() as connection:
        await rows.insert(connection, SHOP)
        await rows.insert_key(connection, key("old", created_at=1.0))
        await rows.insert_key(connection, key("new", created_at=2.0))
        await rows.put_uses(connection, [UseRow("old", "shop", 5.0, "10.0.0.1")])
    async with database.write() as connection:
        assert [row.digest for row in await rows.keys(connection, "shop")] == ["new", "old"]
        assert await rows.keys(connection, "blog") == []
        await rows.end_key(connection, "old", 9.0)
        assert (await rows.keys(connection))[1].expires_at == 9.0
        await rows.forget_sealed(connection, "shop")
        assert [row.sealed for row in await rows.keys(connection)] == [None, None]
        assert await rows.remove(connection, "shop")
        assert not await rows.remove(connection, "shop")
        assert await rows.keys(connection) == []
        assert await rows.uses(connection) == {}


async def test_a_removed_key_takes_its_use_along(database: Database) -> None:
    async with database.write() as connection:
        await rows.insert(connection, SHOP)
        for digest in ("old", "new"):
            await rows.insert_key(connection, key(digest))
            await rows.put_uses(connection, [UseRow(digest, "shop", 5.0, None)])
        await rows.remove_keys(connection, ["old"])
        assert [row.digest for row in await rows.keys(connection)] == ["new"]
        assert list(await rows.uses(connection, "shop")) == ["new"]
        await rows.remove_keys(connection, [])
        assert list(await rows.uses(connection)) == ["new"]


async def test_who_has_found_a_client_to_change_it_keeps_others_waiting(
    database: Database,
) -> None:
    async with database.write() as connection:
        await rows.insert(connection, SHOP)

    async def grow() -> None:
        async with database.write() as connection:
            row = await rows.find(connection, "shop", lock=True)
            assert row is not None
            await asyncio.sleep(0.01)
            await rows.put(
                connection,
                ClientRow("shop", {}, False, row.version + 1, row.created_at, 2.0),
            )

    await asyncio.gather(*(grow() for _ in range(5)))
    async with database.read() as connection:
        row = await rows.find(connection, "shop")
        assert row is not None
        assert row.version == 6


async def test_the_latest_use_is_kept_whoever_writes_last(database: Database) -> None:
    async with database.write() as connection:
        await rows.put_uses(connection, [UseRow("a", "shop", 5.0, "10.0.0.5")])
        older = [UseRow("a", "shop", 4.0, "10.0.0.4"), UseRow("b", "shop", 4.0, None)]
        await rows.put_uses(connection, older)
        uses = await rows.uses(connection)
    assert {use.digest: use.ip for use in uses.values()} == {"a": "10.0.0.5", "b": None}
