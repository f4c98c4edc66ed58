from hashlib import sha256

import pytest

from jobs.files import FileHashMismatch, Files, FilesFull
from store import files as kept_files
from store import jobs
from store.engine import Database
from tests.store.rows import job_row

HOUR_S = 3_600


def _sha256(data: bytes) -> str:
    return sha256(data).hexdigest()


A, B = _sha256(b"a"), _sha256(b"b")


class Desk:
    """Files with a clock that the test sets."""

    def __init__(self, database: Database) -> None:
        self.now = 1_000.0
        self.files = Files(database, max_bytes=10, clock=lambda: self.now)

    async def put(self, data: bytes, client: str = "blog") -> bool:
        return await self.files.put(client, _sha256(data), data)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_a_file_is_new_once_and_only_its_sender_has_it(desk: Desk) -> None:
    assert await desk.put(b"a")
    assert not await desk.put(b"a")
    assert await desk.files.missing("blog", [B, A, B]) == [B]
    assert await desk.files.missing("other", [A]) == [A]
    assert await desk.put(b"a", "other")


async def test_what_is_not_what_it_says_is_not_kept(desk: Desk) -> None:
    with pytest.raises(FileHashMismatch):
        await desk.files.put("blog", A, b"b")
    assert await desk.files.missing("blog", [A, B]) == [A, B]


async def test_a_client_that_is_full_keeps_no_more_and_others_do(desk: Desk) -> None:
    await desk.put(b"x" * 8)
    with pytest.raises(FilesFull):
        await desk.put(b"abc")
    assert not await desk.put(b"x" * 8)
    assert await desk.put(b"ab")
    assert await desk.put(b"abc", "other")


async def test_what_nobody_needs_makes_room_after_an_hour(desk: Desk, database: Database) -> None:
    await desk.put(b"x" * 4)
    await desk.put(b"y" * 4)
    async with database.write() as connection:
        await jobs.insert(connection, job_row())
        await kept_files.name(connection, "blog", "job_1", {"x.png": _sha256(b"x" * 4)})
    desk.now += HOUR_S + 1
    assert await desk.put(b"z" * 6)
    names = [_sha256(data) for data in (b"x" * 4, b"y" * 4, b"z" * 6)]
    assert await desk.files.missing("blog", names) == [names[1]]
    with pytest.raises(FilesFull):
        await desk.put(b"y" * 4)


async def test_what_is_kept_is_given_back_to_its_sender_alone(desk: Desk) -> None:
    assert await desk.files.keep("blog", b"a") == A
    assert await desk.files.keep("blog", b"a") == A
    assert await desk.files.get("blog", A, max_bytes=1) == b"a"
    assert await desk.files.get("blog", A, max_bytes=0) is None
    assert await desk.files.get("other", A, max_bytes=1) is None
    with pytest.raises(FilesFull):
        await desk.files.keep("blog", bytes(11))
