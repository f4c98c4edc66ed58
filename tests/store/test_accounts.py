from dataclasses import replace

from store import accounts
from store.accounts import AccountRow, SealedSecret
from store.engine import Database

ROW = AccountRow(
    "main",
    "wx0000000000000001",
    {"app_secret": SealedSecret("c2VhbGVk", 5.0)},
    {"a": 1},
    1,
    5.0,
    6.0,
)


async def test_an_account_comes_back_as_it_was_put(database: Database) -> None:
    async with database.write() as connection:
        assert await accounts.insert(connection, ROW)
        assert await accounts.find(connection, "main") == ROW
        assert await accounts.find(connection, "main", lock=True) == ROW
        assert await accounts.find(connection, "other") is None
        changed = replace(ROW, version=2, sealed={})
        await accounts.put(connection, changed)
        assert await accounts.accounts(connection) == [changed]
        await accounts.remove(connection, "main")
        assert await accounts.accounts(connection) == []


async def test_name_and_app_id_are_taken_once(database: Database) -> None:
    async with database.write() as connection:
        assert await accounts.insert(connection, ROW)
        assert not await accounts.insert(connection, replace(ROW, name="other"))
        assert not await accounts.insert(connection, replace(ROW, app_id="wx0000000000000002"))
        assert await accounts.accounts(connection) == [ROW]


def test_no_ciphertext_shows_in_a_traceback() -> None:
    assert "c2Vh" not in repr(ROW)
