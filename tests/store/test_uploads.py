from store import files, uploads
from store.engine import Database
from store.tables import notification
from store.uploads import AttachedFile, UploadRow


def _row(upload_id: str, sha256: str, **values: object) -> UploadRow:
    given: dict[str, object] = {"client_id": "blog", "name": f"{upload_id}.txt", **values}
    defaults = {"media_type": "text/plain", "size": 1, "created_at": 1.0, "expires_at": 10.0}
    return UploadRow(id=upload_id, sha256=sha256, **{**defaults, **given})  # type: ignore[arg-type]


async def _notification(database: Database) -> None:
    values = {
        "id": "ntf_1",
        "severity": "info",
        "channel": "mail",
        "recipients": {},
        "content": {},
        "content_hash": "",
        "state": "pending",
        "attempts": 0,
        "next_at": 0,
        "created_at": 0,
    }
    async with database.write() as connection:
        await connection.execute(notification.insert(), values)


async def test_a_client_has_its_own_uploads_until_they_expire(database: Database) -> None:
    async with database.write() as connection:
        (kept,) = await files.keep(connection, "blog", [b"a"], now=1)
        await uploads.insert(connection, _row("file_1", kept))
        ids = ["file_1", "file_2"]
        found = await uploads.of_client(connection, "blog", ids, now=9)
        assert list(found) == ["file_1"]
        assert await uploads.of_client(connection, "other", ids, now=9) == {}
        assert await uploads.of_client(connection, "blog", ids, now=10) == {}


async def test_a_notification_keeps_what_it_takes_along_in_its_order(database: Database) -> None:
    await _notification(database)
    async with database.write() as connection:
        a, b = await files.keep(connection, "blog", [b"a", b"b"], now=1)
        rows = [_row("file_2", b, name="第二.txt"), _row("file_1", a), _row("file_3", b)]
        for row in rows:
            await uploads.insert(connection, row)
        await uploads.attach(connection, "ntf_1", rows, now=2)
        assert await uploads.purge(connection, now=10) == 3
        assert await files.purge(connection, unused_since=100) == 0
        assert await uploads.attached(connection, "ntf_1") == [
            AttachedFile(name="第二.txt", media_type="text/plain", data=b"b"),
            AttachedFile(name="file_1.txt", media_type="text/plain", data=b"a"),
            AttachedFile(name="file_3.txt", media_type="text/plain", data=b"b"),
        ]
        await connection.execute(notification.delete())
        assert await files.purge(connection, unused_since=100) == 2


async def test_the_bytes_of_an_upload_stay_as_long_as_it_does(database: Database) -> None:
    async with database.write() as connection:
        (kept,) = await files.keep(connection, "blog", [b"a"], now=1)
        await uploads.insert(connection, _row("file_1", kept))
        assert await files.purge(connection, unused_since=100) == 0
        assert await uploads.purge(connection, now=9) == 0
        assert await uploads.purge(connection, now=10) == 1
        assert await files.purge(connection, unused_since=100) == 1
