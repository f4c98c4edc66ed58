from typing import Any

import pytest

from store import files, notifications
from store.engine import Database
from store.notifications import FileRow, NotificationRow


def notification_row(notification_id: str = "ntf_1", **values: Any) -> NotificationRow:
    defaults: dict[str, Any] = {
        "id": notification_id,
        "channel": "mail",
        "content": {"subject": "标题\x00", "text": "x"},
        "content_hash": "0" * 64,
        "next_at": 100.0,
        "created_at": 100.0,
    }
    return NotificationRow(**{**defaults, **values})


async def test_what_was_put_in_comes_out(database: Database) -> None:
    row = notification_row(client_id="blog", recipients={"to": ["a@test"]}, event="job.failed")
    async with database.write() as connection:
        assert await notifications.insert(connection, row)
        assert await notifications.get(connection, "ntf_1") == row
        assert await notifications.get(connection, "ntf_1", "blog") == row
        assert await notifications.get(connection, "ntf_1", "other") is None
        await notifications.change(connection, "ntf_1", {"state": "dead"})
        assert (await notifications.get(connection, "ntf_1")).state == "dead"  # type: ignore[union-attr]


async def test_an_idempotency_key_is_used_once(database: Database) -> None:
    async with database.write() as connection:
        assert await notifications.insert(connection, notification_row(key_hash="k"))
        assert not await notifications.insert(connection, notification_row("ntf_2", key_hash="k"))
        made = await notifications.made_by(connection, "k")
        assert await notifications.made_by(connection, "other") is None
    assert made is not None
    assert made.id == "ntf_1"


@pytest.mark.parametrize("same", [{"key": "k"}, {"content_hash": "0" * 64}])
async def test_repetitions(database: Database, same: dict[str, str]) -> None:
    async def repeated(since: float, channel: str = "mail") -> str | None:
        async with database.read() as connection:
            return await notifications.repeated(connection, channel, since=since, **same)

    async with database.write() as connection:
        await notifications.insert(connection, notification_row(dedupe_key="k"))
    assert await repeated(100.0) == "ntf_1"
    assert await repeated(101.0) is None
    assert await repeated(100.0, "other") is None
    async with database.write() as connection:
        await notifications.change(connection, "ntf_1", {"state": "dead"})
    assert await repeated(100.0) is None


async def test_files_go_along_in_their_order(database: Database) -> None:
    async with database.write() as connection:
        names = await files.keep(connection, "blog", [b"one", b"two"], now=1.0)
        sent = [
            FileRow(name=f"文件{n}", media_type="text/plain", client_id="blog", sha256=sha256)
            for n, sha256 in enumerate(names)
        ]
        await notifications.insert(connection, notification_row())
        await notifications.attach(connection, "ntf_1", sent)
        assert await notifications.files(connection, "ntf_1") == sent
        assert [await notifications.data_of(connection, each) for each in sent] == [b"one", b"two"]


async def test_what_waits_is_not_forgotten(database: Database) -> None:
    async with database.write() as connection:
        for state in ("pending", "held", "sent", "dead", "needs_review", "suppressed"):
            await notifications.insert(connection, notification_row(state, state=state))
        assert await notifications.purge(connection, before=100.0) == 0
        assert await notifications.purge(connection, before=101.0) == 4
        assert await notifications.get(connection, "held") is not None
