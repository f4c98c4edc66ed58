"""faults.md J: secrets at rest, files and the audit log."""

import gzip
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from accounts.audit import AuditEntry
from accounts.master_key import Sealer, SecretsSettings, load_master_key
from accounts.official import AccountLocked
from accounts.reseal import Reseal
from cache.kept_tokens import KeptTokenStore
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, MemoryTokenStore
from core.metrics import Metrics
from server.backup.making import Target, make_backup
from store.engine import Database
from store.tables import official_account
from tests.accounts.account_books import EDITOR, KEY, OTHER_KEY, account, open_shelf


async def _sealed(database: Database) -> dict[str, dict[str, dict[str, object]]]:
    async with database.read() as connection:
        rows = await connection.execute(select(official_account.c.name, official_account.c.sealed))
        return {row.name: row.sealed for row in rows}


async def _put_sealed(database: Database, name: str, sealed: object) -> None:
    async with database.write() as connection:
        await connection.execute(
            update(official_account).where(official_account.c.name == name).values(sealed=sealed)
        )


async def test_168_a_stolen_database_file_holds_no_secret(
    database: Database, tmp_path: Path
) -> None:
    shelf = open_shelf(database)
    await shelf.book.add(account(callback_token="canary-token"), EDITOR)
    assert b"canary" not in repr(await _sealed(database)).encode()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"canary" not in file.read_bytes(), file


async def test_168_swapped_rows_and_swapped_fields_do_not_open(database: Database) -> None:
    shelf = open_shelf(database)
    await shelf.book.add(account("first", 1), EDITOR)
    await shelf.book.add(account("second", 2, callback_token="canary-token"), EDITOR)
    await shelf.book.add(account("third", 3), EDITOR)
    sealed = await _sealed(database)
    await _put_sealed(database, "first", sealed["second"])
    second = sealed["second"]
    fields = {"app_secret": second["callback_token"], "callback_token": second["app_secret"]}
    await _put_sealed(database, "second", fields)
    await shelf.stored.load()
    for name in ("first", "second"):
        with pytest.raises(AccountLocked):
            shelf.accounts.get(name)
    assert shelf.accounts.get("third").app_secret.get_secret_value() == "canary-secret-3"


async def test_169_a_wrong_master_key_locks_and_the_right_one_opens_again(
    database: Database,
) -> None:
    right, wrong = open_shelf(database), open_shelf(database, OTHER_KEY)
    await right.book.add(account(), EDITOR)
    await wrong.stored.load()
    with pytest.raises(AccountLocked) as caught:
        wrong.accounts.get("main")
    assert caught.value.status == 503
    assert "reseal" in caught.value.describe("en", "")["hint"]
    await right.stored.load()
    assert right.accounts.get("main")


async def test_169_a_truncated_value_locks_its_account_alone(database: Database) -> None:
    shelf = open_shelf(database)
    await shelf.book.add(account(), EDITOR)
    await shelf.book.add(account("other", 2), EDITOR)
    for cut in ("", "AAAA", "not base64"):
        await _put_sealed(database, "main", {"app_secret": {"value": cut, "since": 1.0}})
        await shelf.stored.load()
        with pytest.raises(AccountLocked):
            shelf.accounts.get("main")
        assert shelf.accounts.get("other")


async def test_169_a_rotation_wraps_anew_and_changes_no_secret(database: Database) -> None:
    before, after = open_shelf(database), open_shelf(database, OTHER_KEY)
    await before.book.add(account(), EDITOR)
    await before.stored.load()
    reseal = Reseal(database, Sealer(KEY), Sealer(OTHER_KEY), after.audit)
    assert (await reseal.run(EDITOR)).unopened == []
    await after.stored.load()
    assert after.accounts.get("main") == before.accounts.get("main")


def test_169_no_two_seals_of_one_text_are_alike() -> None:
    sealer = Sealer(KEY)
    nonces = {sealer.seal(b"text", aad=b"a")[:12] for _ in range(10_000)}
    assert len(nonces) == 10_000


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_umask")
async def test_173_files_with_secrets_are_their_owners_whatever_the_umask(tmp_path: Path) -> None:
    load_master_key(SecretsSettings(), tmp_path)
    local = MemoryTokenStore(CacheStatistics(Metrics()).register)
    kept = KeptTokenStore(local, tmp_path / "tokens", Sealer(KEY))
    await kept.put("wx0000000000000001", AccessToken("canary-token", 4e9, 1))
    for name in ("master.key", "tokens"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name
    assert b"canary" not in (tmp_path / "tokens").read_bytes()


async def test_174_an_edited_row_of_the_log_is_found(database: Database) -> None:
    audit = open_shelf(database).audit
    for name in ("a", "b", "c"):
        await audit.note(AuditEntry(actor="client:x", action="publish.submit", subject=name))
    triggers = (
        ("DROP TRIGGER audit_no_update",)
        if database.is_sqlite
        else ("DROP TRIGGER audit_no_change ON audit",)
    )
    async with database.write() as connection:
        for statement in (*triggers, "UPDATE audit SET actor = 'client:y' WHERE seq = 2"):
            await connection.execute(text(statement))
    verdict = await audit.verify()
    assert verdict.broken_seq == 2


async def test_173_a_backup_shows_no_secret(database: Database, tmp_path: Path) -> None:
    await open_shelf(database).book.add(account(callback_token="canary-token"), EDITOR)
    (tmp_path / "master.key").write_text("canary")
    files = {"master.key": tmp_path / "master.key"}
    plain = await make_backup(database, Target(tmp_path / "plain", files=files), now=1.0)
    assert b"canary" not in gzip.decompress(plain.path.read_bytes())
    sealed = await make_backup(database, Target(tmp_path / "sealed", "p" * 12, files), now=1.0)
    assert b"canary" not in sealed.path.read_bytes()
