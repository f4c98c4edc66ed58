from hashlib import sha256

from store import files, jobs
from store.engine import Database
from tests.store.rows import job_row

A, B = (sha256(data).hexdigest() for data in (b"a", b"b"))


async def test_the_same_bytes_are_kept_once_a_client(database: Database) -> None:
    async with database.write() as connection:
        assert await files.keep(connection, "blog", [b"a", b"b", b"a"], now=1) == [A, B, A]
        assert await files.keep(connection, "other", [b"a"], now=1) == [A]
        assert await files.size(connection, "blog") == 2
        assert await files.touch(connection, "other", [A, B], now=2) == {A}


async def test_a_job_has_its_files_by_path_and_another_has_none(database: Database) -> None:
    async with database.write() as connection:
        for job_id in ("job_1", "job_2"):
            await jobs.insert(connection, job_row(job_id))
        await files.keep(connection, "blog", [b"a", b"b"], now=1)
        await files.name(connection, "blog", "job_1", {"图/a.png": A, "b.png": B, "c.png": A})
        assert await files.of_job(connection, "job_1") == {
            "图/a.png": b"a",
            "b.png": b"b",
            "c.png": b"a",
        }
        assert await files.count(connection, "job_1") == 3
        assert await files.of_job(connection, "job_2") == {}
        await files.drop(connection, "job_1")
        assert await files.of_job(connection, "job_1") == {}


async def test_what_no_job_has_goes_after_a_while(database: Database) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row())
        await files.keep(connection, "blog", [b"a", b"b", b"c"], now=1)
        await files.name(connection, "blog", "job_1", {"a.png": A})
        await files.touch(connection, "blog", [B], now=5)
        assert await files.purge(connection, unused_since=3) == 1
        assert await files.touch(connection, "blog", [A, B], now=9) == {A, B}
        assert await files.size(connection, "blog") == 2
