import pytest
from pydantic import SecretStr
from sqlalchemy import update

from accounts.account_forms import AccountChanges
from accounts.official import AccountLocked, UnknownAccount
from store.engine import Database
from store.tables import official_account
from tests.accounts.account_books import EDITOR, IN_FILE, OTHER_KEY, account, open_shelf


async def test_the_directory_follows_the_store_while_others_hold_it(database: Database) -> None:
    shelf = open_shelf(database)
    held = shelf.accounts
    await shelf.book.add(account(), EDITOR)
    await shelf.stored.load()
    assert held.get("main").app_secret.get_secret_value() == "canary-secret-1"
    assert held.get(account().app_id).name == "main"
    await shelf.book.remove("main", EDITOR)
    await shelf.stored.load()
    with pytest.raises(UnknownAccount):
        held.get("main")
    assert list(held) == [IN_FILE]


async def test_it_is_told_since_when_an_app_secret_counts(database: Database) -> None:
    shelf = open_shelf(database)
    await shelf.book.add(account(), EDITOR)
    shelf.now = 200
    await shelf.book.change("main", AccountChanges(max_concurrent=7), EDITOR)
    await shelf.stored.load()
    assert shelf.since == {account().app_id: 100}
    shelf.now = 300
    await shelf.book.change("main", AccountChanges(app_secret=SecretStr("x")), EDITOR)
    await shelf.stored.load()
    assert shelf.since == {account().app_id: 300}


async def test_with_another_master_key_accounts_are_locked_until_a_secret_is_set(
    database: Database,
) -> None:
    await open_shelf(database).book.add(account(), EDITOR)
    other = open_shelf(database, OTHER_KEY)
    await other.book.add(account("fresh", 2), EDITOR)
    await other.stored.load()
    for name in ("main", account().app_id):
        with pytest.raises(AccountLocked):
            other.accounts.get(name)
    assert other.accounts.get("fresh").name == "fresh"  # the others do not suffer
    assert len(other.accounts) == 2
    assert [view.state for view in await other.book.list()] == ["active", "active", "locked"]
    view = await other.book.get("main")
    assert (view.app_secret.set, view.app_secret.fingerprint) == (True, None)
    await other.book.change("main", AccountChanges(app_secret=SecretStr("again")), EDITOR)
    await other.stored.load()
    assert other.accounts.get("main").app_secret.get_secret_value() == "again"


async def test_the_file_comes_before_the_store(database: Database) -> None:
    shelf = open_shelf(database)
    await shelf.book.add(account("soon-in-file", 7), EDITOR)
    async with database.write() as connection:
        await connection.execute(update(official_account).values(app_id=IN_FILE.app_id))
    await shelf.stored.load()
    assert list(shelf.accounts) == [IN_FILE]
    (_, shadowed) = await shelf.book.list()
    assert shadowed.state == "shadowed"


async def test_settings_that_are_not_understood_lock_their_account_alone(
    database: Database,
) -> None:
    shelf = open_shelf(database)
    await shelf.book.add(account(), EDITOR)
    await shelf.book.add(account("other", 2), EDITOR)
    async with database.write() as connection:
        await connection.execute(
            update(official_account)
            .where(official_account.c.name == "main")
            .values(settings={"of_a_newer_version": 1})
        )
    await shelf.stored.load()
    with pytest.raises(AccountLocked):
        shelf.accounts.get("main")
    assert shelf.accounts.get("other")
