from jobs.files import Files
from jobs.uploads import KEEP_S, Uploads
from store import files as kept_files
from store import uploads as rows
from store.engine import Database


async def test_a_file_is_kept_once_and_named_as_often_as_it_is_sent(database: Database) -> None:
    kept = Files(database, max_bytes=100, clock=lambda: 5.0)
    uploads = Uploads(database, kept, clock=lambda: 5.0)
    first = await uploads.keep("blog", b"abc", name="x/报表.pdf", media_type="")
    second = await uploads.keep("blog", b"abc", name="b.pdf", media_type="text/plain")
    assert first.id != second.id
    assert first.sha256 == second.sha256
    assert (first.name, first.media_type, first.size) == ("报表.pdf", "application/pdf", 3)
    assert first.expires_at == 5.0 + KEEP_S
    async with database.read() as connection:
        assert await kept_files.size(connection, "blog") == 3
        found = await rows.of_client(connection, "blog", [first.id, second.id], now=6)
    assert found == {first.id: first, second.id: second}
