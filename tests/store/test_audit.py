import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from store import audit
from store.audit import AuditFilter, AuditRow
from store.engine import Database, StorageUnavailable


def _row(seq: int, **values: object) -> AuditRow:
    defaults: dict[str, object] = {
        "at": float(seq),
        "actor": "client:ops",
        "action": "client.create",
        "subject": "blog",
        "account": None,
        "entry": "{}",
        "hash": f"{seq:064}",
    }
    return AuditRow(seq=seq, **{**defaults, **values})  # type: ignore[arg-type]


async def _add(database: Database, *rows: AuditRow) -> None:
    async with database.write() as connection:
        for row in rows:
            await audit.insert(connection, row)


async def test_the_last_row_is_the_one_with_the_highest_number(database: Database) -> None:
    async with database.write() as connection:
        assert await audit.last(connection) is None
    await _add(database, _row(1), _row(2, account="main"))
    async with database.write() as connection:
        assert await audit.last(connection) == _row(2, account="main")


async def test_pages_are_newest_first_and_filtered(database: Database) -> None:
    await _add(
        database,
        _row(1),
        _row(2, action="client.key.revoke"),
        _row(3, action="client_x", account="main", actor="system"),
        _row(4, action="client", subject="other"),
    )

    async def seqs(before: int | None = None, limit: int = 9, **wanted: object) -> list[int]:
        chosen = AuditFilter(**wanted)  # type: ignore[arg-type]
        async with database.read() as connection:
            found = await audit.page(connection, chosen, before=before, limit=limit)
        return [row.seq for row in found]

    assert await seqs(limit=2) == [4, 3]
    assert await seqs(before=3) == [2, 1]
    assert await seqs(action="client") == [4, 2, 1]  # a family, told by its dot
    assert await seqs(action="client.key.revoke") == [2]
    assert await seqs(since=3.0) == [4, 3]
    assert await seqs(account="main") == await seqs(actor="system") == [3]
    assert await seqs(subject="other") == [4]


async def test_all_rows_are_read_in_order_over_several_pages(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_PAGE", 2)
    await _add(database, *(_row(seq) for seq in range(1, 6)))
    async with database.read() as connection:
        assert [row.seq async for row in audit.in_order(connection)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("statement", ["UPDATE audit SET subject = 'x'", "DELETE FROM audit"])
async def test_the_database_itself_refuses_to_change_the_log(
    database: Database, statement: str
) -> None:
    await _add(database, _row(1))
    with pytest.raises((DBAPIError, IntegrityError, StorageUnavailable), match="append-only"):
        async with database.write() as connection:
            await connection.execute(text(statement))
    async with database.read() as connection:
        assert [row async for row in audit.in_order(connection)] == [_row(1)]
