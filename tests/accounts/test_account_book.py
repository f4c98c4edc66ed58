import pytest
from pydantic import SecretStr

from accounts.account_errors import AccountBusy, AccountExists, AccountInFile, AccountInvalid
from accounts.account_forms import AccountChanges
from accounts.edits import StaleEdit
from accounts.official import UnknownAccount
from store import jobs, revisions
from store.audit import AuditFilter
from store.engine import Database
from tests.accounts.account_books import EDITOR, IN_FILE, Shelf, account, open_shelf
from tests.store.rows import job_row


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return open_shelf(database)


async def test_an_account_is_shown_without_its_secrets(shelf: Shelf) -> None:
    await shelf.book.add(
        account(encoding_aes_key="canaryAes" + 34 * "x", limits={"/a": "1/day"}), EDITOR
    )
    view = await shelf.book.get("main")
    assert (view.source, view.state, view.version) == ("store", "active", 1)
    assert view.app_secret.set
    assert len(view.app_secret.fingerprint or "") == 8
    assert (view.callback_token.set, view.encoding_aes_key.set) == (False, True)
    assert view.limits == {"/a": "1/day"}
    assert "canary" not in view.model_dump_json()


async def test_the_list_has_those_of_the_file_too(shelf: Shelf) -> None:
    await shelf.book.add(account("zeta"), EDITOR)
    assert [(v.name, v.source) for v in await shelf.book.list()] == [
        ("filed", "file"),
        ("zeta", "store"),
    ]
    assert (await shelf.book.get("filed")).version == 0


async def test_name_and_app_id_belong_to_one_account(shelf: Shelf) -> None:
    await shelf.book.add(account(), EDITOR)
    for taken in (account("main", 2), account("other", 1)):
        with pytest.raises(AccountExists):
            await shelf.book.add(taken, EDITOR)
    assert len(await shelf.book.list()) == 2


async def test_accounts_of_the_file_are_left_to_the_file(shelf: Shelf) -> None:
    for taken in (account("filed"), account("other", app_id=IN_FILE.app_id)):
        with pytest.raises(AccountInFile):
            await shelf.book.add(taken, EDITOR)
    with pytest.raises(AccountInFile):
        await shelf.book.change("filed", AccountChanges(max_concurrent=1), EDITOR)
    with pytest.raises(AccountInFile):
        await shelf.book.remove("filed", EDITOR)


async def test_a_change_touches_what_it_names_alone(shelf: Shelf) -> None:
    await shelf.book.add(account(callback_token="canary-token", max_concurrent=5), EDITOR)
    before = await shelf.book.get("main")
    await shelf.book.change("main", AccountChanges(app_secret=SecretStr("canary-new")), EDITOR)
    after = await shelf.book.get("main")
    assert after.app_secret.fingerprint != before.app_secret.fingerprint
    assert (after.callback_token, after.max_concurrent) == (before.callback_token, 5)
    assert after.version == 2
    changes = AccountChanges(callback_token=SecretStr(""), max_concurrent=6)
    await shelf.book.change("main", changes, EDITOR)
    last = await shelf.book.get("main")
    assert (last.callback_token.set, last.max_concurrent) == (False, 6)
    assert last.app_secret == after.app_secret


async def test_words_of_an_account_are_kept_and_changed(shelf: Shelf) -> None:
    await shelf.book.add(account(words=["甲", "乙\twarn"]), EDITOR)
    assert (await shelf.book.get("main")).words == ["甲", "乙\twarn"]
    await shelf.book.change("main", AccountChanges(words=["丙\treplace\t丁"]), EDITOR)
    assert (await shelf.book.get("main")).words == ["丙\treplace\t丁"]
    with pytest.raises(AccountInvalid) as caught:
        await shelf.book.change("main", AccountChanges(words=["丙\tshout"]), EDITOR)
    assert caught.value.field == "words.0"


async def test_what_the_file_would_refuse_the_store_refuses_too(shelf: Shelf) -> None:
    await shelf.book.add(account(), EDITOR)
    with pytest.raises(AccountInvalid) as caught:
        await shelf.book.change("main", AccountChanges(max_concurrent=0), EDITOR)
    assert caught.value.field == "max_concurrent"
    assert (await shelf.book.get("main")).version == 1


async def test_a_change_of_what_was_changed_since_is_refused(shelf: Shelf) -> None:
    await shelf.book.add(account(), EDITOR)
    await shelf.book.change("main", AccountChanges(max_concurrent=5), EDITOR, version=1)
    with pytest.raises(StaleEdit):
        await shelf.book.change("main", AccountChanges(max_concurrent=6), EDITOR, version=1)
    with pytest.raises(StaleEdit):
        await shelf.book.remove("main", EDITOR, version=1)
    await shelf.book.remove("main", EDITOR, version=2)
    with pytest.raises(UnknownAccount):
        await shelf.book.get("main")


@pytest.mark.parametrize("name", ["none", "\x00"])
async def test_there_is_no_such_account(shelf: Shelf, name: str) -> None:
    with pytest.raises(UnknownAccount):
        await shelf.book.get(name)
    with pytest.raises(UnknownAccount):
        await shelf.book.change(name, AccountChanges(), EDITOR)
    with pytest.raises(UnknownAccount):
        await shelf.book.remove(name, EDITOR)


async def test_an_account_with_jobs_under_way_stays(shelf: Shelf, database: Database) -> None:
    await shelf.book.add(account(), EDITOR)
    async with database.write() as connection:
        await jobs.insert(connection, job_row("job_1"))
        await jobs.insert(connection, job_row("job_2", state="waiting"))
        await jobs.insert(connection, job_row("job_3", state="succeeded"))
        await jobs.insert(connection, job_row("job_4", account="other"))
    with pytest.raises(AccountBusy) as caught:
        await shelf.book.remove("main", EDITOR)
    assert caught.value.values["count"] == 2


async def test_every_change_is_in_the_log_and_seen_by_other_processes(
    shelf: Shelf, database: Database
) -> None:
    async def number() -> int:
        async with database.read() as connection:
            return (await revisions.read(connection)).get(revisions.ACCOUNTS, 0)

    await shelf.book.add(account(), EDITOR)
    await shelf.book.change(
        "main", AccountChanges(app_secret=SecretStr("canary-new"), max_concurrent=9), EDITOR
    )
    await shelf.book.remove("main", EDITOR)
    assert await number() == 3
    entries, _ = await shelf.audit.page(AuditFilter(account="main"), limit=9)
    assert [entry["action"] for entry in entries] == [
        *("account.remove", "account.change", "account.create")
    ]
    assert entries[1]["actor"] == "cli:root"
    assert entries[1]["detail"]["settings"] == ["max_concurrent"]
    assert "canary" not in str(entries)


async def test_no_secret_stands_in_the_database(shelf: Shelf, database: Database) -> None:
    from sqlalchemy import select

    from store.tables import audit, official_account

    await shelf.book.add(account(callback_token="canary-token"), EDITOR)
    async with database.read() as connection:
        rows = [
            *(await connection.execute(select(official_account))).all(),
            *(await connection.execute(select(audit))).all(),
        ]
    assert "canary" not in repr(rows)
