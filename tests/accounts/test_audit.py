import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from accounts.audit import AuditEntry, AuditLog
from store import audit as rows
from store.audit import AuditFilter, AuditRow
from store.engine import Database, DatabaseSettings, open_database

KEY = b"k" * 32


def entry(subject: str = "blog", **values: Any) -> AuditEntry:
    return AuditEntry(
        **{"actor": "client:ops", "action": "client.create", **values}, subject=subject
    )


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database, KEY, clock=lambda: 100.5)


async def tamper(database: Database, *statements: str) -> None:
    """What somebody does who owns the database: first away with the triggers."""
    if database.is_sqlite:
        drops = ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"]
    else:
        drops = ["DROP TRIGGER audit_no_change ON audit"]
    async with database.write() as connection:
        for statement in (*drops, *statements):
            await connection.execute(text(statement))


async def test_entries_come_back_newest_first_page_by_page(log: AuditLog) -> None:
    for name in ("a", "b", "c"):
        await log.note(entry(name, account="main", detail={"scopes": ["draft"]}, ip="1.2.3.4"))
    first, cursor = await log.page(AuditFilter(), limit=2)
    assert [each["subject"] for each in first] == ["c", "b"]
    second, end = await log.page(AuditFilter(), before=cursor, limit=2)
    assert end is None
    assert second == [
        {
            "seq": 1,
            "at": 100.5,
            "actor": "client:ops",
            "action": "client.create",
            "subject": "a",
            "account": "main",
            "ip": "1.2.3.4",
            "detail": {"scopes": ["draft"]},
        }
    ]


async def test_an_entry_lives_and_dies_with_its_transaction(
    database: Database, log: AuditLog
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            await log.append(connection, entry("undone"))
            raise ZeroDivisionError
    async with database.write() as connection:
        await log.append(connection, entry("first"))
        await log.append(connection, entry("second"))
    found, _ = await log.page(AuditFilter(), limit=9)
    assert [(each["seq"], each["subject"]) for each in found] == [(2, "second"), (1, "first")]
    assert (await log.verify()).reason is None


async def test_many_writers_of_two_processes_make_one_chain(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as other:
        logs = [AuditLog(each, KEY, clock=lambda: 1.0) for each in (database, other)]
        await asyncio.gather(*(logs[n % 2].note(entry(str(n))) for n in range(40)))
    verdict = await logs[0].verify()
    assert (verdict.rows, verdict.reason) == (40, None)


@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        (["UPDATE audit SET entry = replace(entry, '\"b\"', '\"x\"') WHERE seq = 2"], 2),
        (["UPDATE audit SET subject = 'x' WHERE seq = 2"], 2),
        (["UPDATE audit SET at = 7 WHERE seq = 3"], 3),
        (["UPDATE audit SET account = 'x' WHERE seq = 1"], 1),
        (["UPDATE audit SET hash = 'x' WHERE seq = 3"], 3),
        (["DELETE FROM audit WHERE seq = 1"], 2),
        (["DELETE FROM audit WHERE seq = 2"], 3),
        (["DELETE FROM audit WHERE seq = 2", "UPDATE audit SET seq = seq - 1 WHERE seq > 2"], 2),
        (
            [
                "UPDATE audit SET seq = 9 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 9",
            ],
            2,
        ),
        (["UPDATE audit SET hash = 'é' WHERE seq = 3"], 3),
        (["UPDATE audit SET entry = 'no json' WHERE seq = 4"], 4),
        (
            [
                "CREATE TABLE copy AS SELECT * FROM audit WHERE seq = 4",
                "UPDATE copy SET seq = 5",
                "INSERT INTO audit SELECT * FROM copy",
            ],
            5,
        ),
    ],
    ids=[
        *("edited", "column edited", "time edited", "account edited", "hash edited"),
        *("first deleted", "deleted", "deleted and renumbered", "swapped", "hash garbage"),
        *("garbage", "inserted"),
    ],
)
async def test_the_first_row_that_does_not_hold_is_named(
    database: Database, log: AuditLog, statements: list[str], broken: int
) -> None:
    for name in ("a", "b", "c", "d"):
        await log.note(entry(name))
    assert (await log.verify()).broken_seq is None
    await tamper(database, *statements)
    verdict = await log.verify()
    assert verdict.broken_seq == broken
    assert verdict.reason is not None


async def test_a_removed_tail_is_seen_by_who_kept_the_head(
    database: Database, log: AuditLog
) -> None:
    for name in ("a", "b", "c"):
        await log.note(entry(name))
    kept = (await log.verify()).head
    await log.note(entry("d"))
    assert (await log.verify(head=kept)).reason is None  # the log may grow
    await tamper(database, "DELETE FROM audit WHERE seq > 2")
    assert (await log.verify()).reason is None
    assert (await log.verify(head=kept)).broken_seq == 3


async def test_nobody_without_the_master_key_can_write_a_row_that_holds(
    database: Database, log: AuditLog
) -> None:
    await log.note(entry("a"))
    await AuditLog(database, b"x" * 32, clock=lambda: 1.0).note(entry("forged"))
    assert (await log.verify()).broken_seq == 2


async def test_rows_of_an_earlier_master_key_hold_with_that_key_and_only_before_the_newer(
    database: Database, log: AuditLog
) -> None:
    await log.note(entry("a"))
    newer = AuditLog(database, b"n" * 32, clock=lambda: 1.0)
    await newer.note(entry("b"))
    assert (await newer.verify()).broken_seq == 1
    assert (await newer.verify(earlier_master_keys=[KEY])).reason is None
    await log.note(entry("a thief has found the old key"))
    assert (await newer.verify(earlier_master_keys=[KEY])).broken_seq == 3


async def test_an_empty_log_holds(log: AuditLog) -> None:
    verdict = await log.verify()
    assert (verdict.rows, verdict.head, verdict.reason) == (0, "0" * 64, None)


async def test_what_is_written_is_bounded_and_holds_no_credential(log: AuditLog) -> None:
    key = "wxg_blog_0123456789abcdefghijklmnop"
    await log.note(
        entry(
            f"{key} " + "长" * 999,
            account="\x00\ud800",
            detail={
                "app_secret": "s3cret-value",
                "errmsg": "x" * 9_999,
                "items": [f"access_token={'t' * 40}"] * 99,
                "n": 1.5,
                "none": None,
            },
        )
    )
    (found,), _ = await log.page(AuditFilter(), limit=1)
    said = json.dumps(found, ensure_ascii=False)
    assert key not in said
    assert "s3cret" not in said
    assert "tttt" not in said
    assert (len(found["subject"]), found["account"]) == (200, "\ufffd?")
    assert (len(found["detail"]["errmsg"]), len(found["detail"]["items"])) == (500, 50)
    assert (found["detail"]["n"], found["detail"]["none"]) == (1.5, None)
    assert (await log.verify()).reason is None


@pytest.mark.parametrize("spoilt", ["no JSON", "[]", "{}"])
async def test_a_row_that_somebody_spoilt_is_shown_by_its_columns(
    database: Database, spoilt: str
) -> None:
    log = AuditLog(database, b"k" * 32, clock=lambda: 1.0)
    async with database.write() as connection:
        said: dict[str, Any] = {"actor": "cli:x", "action": "a.b", "subject": "s", "account": None}
        row = AuditRow(seq=1, at=1.0, **said, entry=spoilt, hash="0")
        await rows.insert(connection, row)
    entries, _ = await log.page(AuditFilter(), limit=9)
    assert entries == [
        {"seq": 1, "at": 1.0, **said, "detail": {"broken": "see wxgate audit verify"}}
    ]
