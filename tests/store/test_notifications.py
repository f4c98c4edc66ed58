from typing import Any

import pytest

from store import files, notifications, uploads
from store.engine import Database
from store.notifications import NotificationRow
from store.uploads import UploadRow


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
async def test_repetitions(database: Database, same: dict[str, Any]) -> None:
    async def repeated(
        since: float, channel: str = "mail", client_id: str | None = None
    ) -> str | None:
        async with database.read() as connection:
            whose = (connection, channel, client_id)
            return await notifications.repeated(*whose, since=since, **same)

    async with database.write() as connection:
        await notifications.insert(connection, notification_row(dedupe_key="k"))
    assert await repeated(100.0) == "ntf_1"
    assert await repeated(101.0) is None
    assert await repeated(100.0, "other") is None
    assert await repeated(100.0, client_id="blog") is None
    async with database.write() as connection:
        await notifications.change(connection, "ntf_1", {"state": "dead"})
    assert await repeated(100.0) is None


async def test_files_go_along_with_a_resend_too(database: Database) -> None:
    async with database.write() as connection:
        sent = []
        for number, sha256 in enumerate(
            await files.keep(connection, "blog", [b"1", b"2"], now=1.0)
        ):
            named: Any = {"name": f"文件{number}", "media_type": "text/plain", "size": 1}
            times: Any = {"created_at": 1.0, "expires_at": 2.0}
            sent.append(
                UploadRow(id=str(number), client_id="blog", sha256=sha256, **named, **times)
            )
        for each in ("ntf_1", "ntf_2"):
            await notifications.insert(connection, notification_row(each))
        await uploads.attach(connection, "ntf_1", sent, now=1.0)
        await notifications.copy_files(connection, "ntf_1", "ntf_2")
        assert await notifications.file_names(connection, "ntf_2") == ["文件0", "文件1"]
        assert [file.data for file in await uploads.attached(connection, "ntf_2")] == [b"1", b"2"]


async def test_what_waits_is_not_forgotten(database: Database) -> None:
    async with database.write() as connection:
        for state in ("pending", "held", "sent", "dead", "needs_review", "suppressed"):
            await notifications.insert(connection, notification_row(state, state=state))
        assert await notifications.purge(connection, before=100.0) == 0
        assert await notifications.purge(connection, before=101.0) == 4
        assert await notifications.get(connection, "held") is not None
