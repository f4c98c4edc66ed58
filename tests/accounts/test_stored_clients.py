import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from accounts.client_errors import ClientUnknown
from store.engine import Database
from tests.accounts.books import OPS, Shelf, Time


async def test_a_row_that_cannot_be_used_keeps_nobody_else_out(database: Database) -> None:
    shelf = Shelf(database, Time())
    good, bad = await shelf.add(), await shelf.add("odd")
    async with database.write() as connection:
        statement = """UPDATE client SET settings = '{"colour": "red"}' WHERE id = 'odd'"""
        await connection.execute(text(statement))
    with capture_logs() as logs:
        await shelf.load()
    assert shelf.clients.by_key(good) is not None
    assert shelf.clients.by_key(bad) is None
    assert [(entry["event"], entry["client"]) for entry in logs] == [
        ("stored client unusable", "odd")
    ]
    assert [view.id for view in await shelf.book.list()] == ["blog", "shop"]
    with pytest.raises(ClientUnknown):
        await shelf.book.get("odd")
    with pytest.raises(ClientUnknown):
        await shelf.book.rotate("odd", OPS, overlap_s=0)


async def test_another_process_reads_what_one_has_made(database: Database) -> None:
    one, other = Shelf(database, Time()), Shelf(database, Time())
    key = await one.add()
    await other.load()
    assert other.clients.by_key(key) is not None
    assert other.clients.signing_keys("shop") == [key.encode()]


async def test_under_another_master_key_a_key_can_be_shown_but_not_sign(database: Database) -> None:
    key = await Shelf(database, Time()).add()
    stranger = Shelf(database, Time(), master_key=b"x" * 32)
    with capture_logs() as logs:
        await stranger.load()
    assert stranger.clients.by_key(key) is not None
    assert stranger.clients.signing_keys("shop") == []
    assert [entry["event"] for entry in logs] == ["client key sealed under another master key"]


async def test_a_row_whose_id_no_client_can_have_keeps_nobody_else_out(database: Database) -> None:
    shelf = Shelf(database, Time())
    good = await shelf.add()
    async with database.write() as connection:
        statement = "INSERT INTO client SELECT 'No Id', settings, disabled, 1, 1, 1 FROM client"
        await connection.execute(text(statement))
    await shelf.load()
    assert shelf.clients.by_key(good) is not None
    assert [view.id for view in await shelf.book.list()] == ["blog", "shop"]
