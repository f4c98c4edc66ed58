import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from accounts.client_errors import (
    AccountNotThere,
    ClientExists,
    ClientInFile,
    ClientUnknown,
    KeyUnknown,
)
from accounts.client_forms import ClientChanges
from accounts.clients import ClientDisabled, KeyExpired, Scope
from accounts.edits import StaleEdit
from accounts.keys import digest_of, hint_of
from core.errors import GatewayError
from store import revisions
from store.audit import AuditFilter
from store.engine import Database
from tests.accounts.books import FILE_KEY, OPS, Shelf, Time, new

DAY_S = 86_400


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database, Time())


def changes(**named: Any) -> ClientChanges:
    return ClientChanges.model_validate(named)


async def revision(database: Database) -> int:
    async with database.read() as connection:
        return (await revisions.read(connection)).get(revisions.CLIENTS, 0)


async def test_a_new_client_may_call_with_the_key_that_was_told_once(shelf: Shelf) -> None:
    key = await shelf.add(allow_ips=["10.0.0.0/8"], expires_at="2099-01-01T00:00:00+08:00")
    found = shelf.clients.by_key(key)
    assert found is not None
    assert found.client.id == "shop"
    assert found.client.scopes == {Scope.RELAY_READ, Scope.DRAFT}
    view = await shelf.book.get("shop")
    assert (view.source, view.version, view.disabled) == ("store", 1, False)
    assert [each.hint for each in view.keys] == [hint_of(key)]
    assert key not in view.model_dump_json()
    assert await revision(shelf.database) == 1


async def test_nothing_in_the_database_gives_a_key_away(shelf: Shelf) -> None:
    keys = [await shelf.add(), await shelf.add("plain", signing=False)]
    async with shelf.database.read() as connection:
        for table in ("client", "client_key", "client_use", "audit"):
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
            assert table == "client_use" or rows
            for key in keys:
                secret = key.split("_", 2)[2]
                assert secret not in repr(rows)


async def test_only_a_client_that_signs_has_its_key_in_the_clear_in_memory(shelf: Shelf) -> None:
    signs, plain = await shelf.add(), await shelf.add("plain", signing=False)
    assert shelf.clients.signing_keys("shop") == [signs.encode()]
    assert shelf.clients.signing_keys("plain") == []
    assert shelf.clients.by_key(plain) is not None
    await shelf.book.change("shop", changes(signing=False), OPS)
    await shelf.load()
    assert shelf.clients.signing_keys("shop") == []
    assert shelf.clients.by_key(signs) is not None


async def test_an_id_is_taken_once(shelf: Shelf) -> None:
    await shelf.add()
    for taken, error in (("shop", ClientExists), ("blog", ClientInFile)):
        with pytest.raises(error):
            await shelf.book.add(new(taken), OPS)
    with pytest.raises(AccountNotThere):
        await shelf.book.add(new("other", accounts=["main", "nowhere"]), OPS)
    assert await revision(shelf.database) == 1


async def test_what_is_changed_is_what_was_named(shelf: Shelf) -> None:
    key = await shelf.add(rate_limit="5/minute")
    await shelf.book.change("shop", changes(scopes=["stats"], accounts=["second"]), OPS)
    await shelf.load()
    found = shelf.clients.by_key(key)
    assert found is not None
    assert found.client.scopes == {Scope.STATS}
    assert found.client.accounts == ("second",)
    assert found.client.rate_limit == "5/minute"
    assert (await shelf.book.get("shop")).version == 2
    with pytest.raises(AccountNotThere):
        await shelf.book.change("shop", changes(accounts=["nowhere"]), OPS)


async def test_an_end_can_be_set_and_taken_back(shelf: Shelf) -> None:
    key = await shelf.add()
    await shelf.book.change("shop", changes(expires_at="2020-01-01T00:00:00Z"), OPS)
    await shelf.load()
    with pytest.raises(KeyExpired):
        shelf.clients.by_key(key)
    await shelf.book.change("shop", changes(expires_at=None), OPS)
    await shelf.load()
    assert shelf.clients.by_key(key) is not None


async def test_a_disabled_client_is_refused_until_it_is_enabled(shelf: Shelf) -> None:
    key = await shelf.add()
    await shelf.book.change("shop", changes(disabled=True), OPS)
    await shelf.load()
    with pytest.raises(ClientDisabled):
        shelf.clients.by_key(key)
    await shelf.book.change("shop", changes(disabled=False), OPS)
    await shelf.load()
    assert shelf.clients.by_key(key) is not None


async def test_a_change_to_what_somebody_else_changed_is_refused(shelf: Shelf) -> None:
    await shelf.add()
    await shelf.book.change("shop", changes(max_concurrent=5), OPS, version=1)
    with pytest.raises(StaleEdit):
        await shelf.book.change("shop", changes(max_concurrent=6), OPS, version=1)
    with pytest.raises(StaleEdit):
        await shelf.book.remove("shop", OPS, version=1)
    assert (await shelf.book.get("shop")).max_concurrent == 5


async def test_of_two_at_once_who_read_the_same_version_one_succeeds(shelf: Shelf) -> None:
    await shelf.add()

    async def edit(number: int) -> bool:
        try:
            await shelf.book.change("shop", changes(max_concurrent=number), OPS, version=1)
        except StaleEdit:
            return False
        return True

    done = await asyncio.gather(*(edit(number) for number in range(1, 7)))
    assert sum(done) == 1
    assert (await shelf.book.get("shop")).max_concurrent == done.index(True) + 1


async def test_a_removed_client_is_gone_with_its_keys(shelf: Shelf) -> None:
    key = await shelf.add()
    await shelf.book.remove("shop", OPS)
    await shelf.load()
    assert shelf.clients.by_key(key) is None
    with pytest.raises(ClientUnknown):
        await shelf.book.get("shop")
    again = await shelf.add()
    assert shelf.clients.by_key(again) is not None
    assert shelf.clients.by_key(key) is None


async def test_a_rotation_lets_the_old_key_live_on_for_a_while(shelf: Shelf) -> None:
    old = await shelf.add()
    shelf.time.now += 1
    made = await shelf.book.rotate("shop", OPS, overlap_s=DAY_S)
    await shelf.load()
    assert shelf.clients.by_key(old) is not None
    assert shelf.clients.by_key(made) is not None
    assert shelf.clients.signing_keys("shop") == [made.encode(), old.encode()]
    shelf.time.now += DAY_S
    with pytest.raises(KeyExpired):
        shelf.clients.by_key(old)
    assert shelf.clients.by_key(made) is not None


async def test_without_an_overlap_the_old_key_ends_at_once(shelf: Shelf) -> None:
    old = await shelf.add()
    made = await shelf.book.rotate("shop", OPS, overlap_s=0)
    await shelf.load()
    assert shelf.clients.by_key(old) is None
    assert shelf.clients.by_key(made) is not None


async def test_there_are_never_more_than_two_live_keys(shelf: Shelf) -> None:
    keys = [await shelf.add()]
    for _ in range(4):
        shelf.time.now += 1
        keys.append(await shelf.book.rotate("shop", OPS, overlap_s=DAY_S))
        await shelf.load()
        live = [key for key in keys if shelf.clients.by_key(key)]
        assert live == keys[-2:]


async def test_a_rotation_never_lengthens_the_life_of_a_key(shelf: Shelf) -> None:
    await shelf.add()
    shelf.time.now += 1
    middle = await shelf.book.rotate("shop", OPS, overlap_s=60)
    shelf.time.now += 1
    await shelf.book.rotate("shop", OPS, overlap_s=10)
    shelf.time.now += 10
    await shelf.load()
    with pytest.raises(KeyExpired):
        shelf.clients.by_key(middle)


@pytest.mark.parametrize("by", ["id", "digest", "hint"])
async def test_one_key_is_revoked_and_the_other_goes_on(shelf: Shelf, by: str) -> None:
    old = await shelf.add()
    made = await shelf.book.rotate("shop", OPS, overlap_s=DAY_S)
    digest = digest_of(old)
    which = {"id": digest[:8], "digest": digest, "hint": hint_of(old)}[by]
    await shelf.book.revoke("shop", which, OPS)
    await shelf.load()
    assert shelf.clients.by_key(old) is None
    assert shelf.clients.by_key(made) is not None


@pytest.mark.parametrize("which", ["", "0", "zzzzzzzz", "é"])
async def test_a_key_that_is_not_there_cannot_be_revoked(shelf: Shelf, which: str) -> None:
    key = await shelf.add()
    for wrong in (which, digest_of(key)[:7]):
        with pytest.raises(KeyUnknown):
            await shelf.book.revoke("shop", wrong, OPS)


async def test_clients_of_the_file_are_shown_and_never_changed(shelf: Shelf) -> None:
    view = await shelf.book.get("blog")
    assert (view.source, [key.hint for key in view.keys]) == ("file", [hint_of(FILE_KEY)])
    assert FILE_KEY not in view.model_dump_json()
    for attempt in (
        shelf.book.change("blog", changes(disabled=True), OPS),
        shelf.book.remove("blog", OPS),
        shelf.book.rotate("blog", OPS, overlap_s=0),
        shelf.book.revoke("blog", hint_of(FILE_KEY), OPS),
    ):
        with pytest.raises(ClientInFile):
            await attempt


@pytest.mark.parametrize("client_id", ["nobody", "", "NOBODY", "a\x00b", "x" * 5_000, "é"])
async def test_an_id_that_nobody_has_is_told_so(shelf: Shelf, client_id: str) -> None:
    for attempt in (
        shelf.book.get(client_id),
        shelf.book.change(client_id, changes(disabled=True), OPS),
        shelf.book.remove(client_id, OPS),
        shelf.book.rotate(client_id, OPS, overlap_s=0),
        shelf.book.revoke(client_id, "abcd", OPS),
    ):
        with pytest.raises(ClientUnknown):
            await attempt


async def test_all_are_listed_by_id(shelf: Shelf) -> None:
    for name in ("zebra", "ant"):
        await shelf.add(name)
    assert [view.id for view in await shelf.book.list()] == ["ant", "blog", "zebra"]


async def test_every_change_stands_in_the_audit_log_and_no_key_does(shelf: Shelf) -> None:
    keys = [await shelf.add()]
    await shelf.book.change("shop", changes(disabled=True, scopes=["draft"]), OPS)
    keys.append(await shelf.book.rotate("shop", OPS, overlap_s=60))
    await shelf.book.revoke("shop", hint_of(keys[1]), OPS)
    await shelf.book.remove("shop", OPS)
    entries, _ = await shelf.audit.page(AuditFilter(), limit=50)
    assert [entry["action"] for entry in reversed(entries)] == [
        *("client.create", "client.change", "client.key_made"),
        *("client.key_revoked", "client.remove"),
    ]
    assert {entry["actor"] for entry in entries} == {"client:ops"}
    assert all(key not in str(entries) for key in keys)
    assert entries[3]["detail"] == {"disabled": True, "scopes": ["draft"]}


async def test_a_change_that_cannot_be_logged_is_not_made(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise GatewayError

    monkeypatch.setattr(shelf.audit, "append", fail)
    with pytest.raises(GatewayError):
        await shelf.book.add(new(), OPS)
    assert [view.id for view in await shelf.book.list()] == ["blog"]
    assert await revision(shelf.database) == 0
