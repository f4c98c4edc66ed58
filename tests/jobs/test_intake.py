import asyncio
from collections.abc import Callable

import pytest

from jobs.draft_publication import DraftPublication
from jobs.intake import FilesMissing, Handed
from store import files as kept_files
from store import job_lists, tags
from store.job_lists import JobFilter
from tests.jobs.office import Office, article

HASH = "ab" * 32


async def test_a_file_sent_before_is_the_jobs_too(office: Office) -> None:
    async with office.database.write() as connection:
        (sha256,) = await kept_files.keep(connection, "blog", [b"x"], now=0)
    row = await office.jobs.submit(article(files={"b.png": b"y"}, kept={"a.png": sha256}))
    async with office.database.read() as connection:
        assert await kept_files.of_job(connection, row.id) == {"a.png": b"x", "b.png": b"y"}
    assert row.payload["files"] == 2


async def test_a_file_of_another_client_is_none(office: Office) -> None:
    async with office.database.write() as connection:
        (sha256,) = await kept_files.keep(connection, "other", [b"x"], now=0)
    for missing in (sha256, HASH):
        with pytest.raises(FilesMissing) as refused:
            await office.jobs.submit(article(kept={"a.png": missing}))
        assert "a.png" in refused.value.describe("en", "")["message"]
    async with office.database.read() as connection, office.database.read() as connection:
        assert await job_lists.page(connection, JobFilter(), before=None, limit=9) == []


async def test_sent_along_or_before_it_is_the_samearticle(office: Office) -> None:
    first = await office.jobs.submit(article(files={"a.png": b"x"}, idempotency_key="k"))
    async with office.database.write() as connection:
        (sha256,) = await kept_files.keep(connection, "blog", [b"x"], now=0)
    again = await office.jobs.submit(article(kept={"a.png": sha256}, idempotency_key="k"))
    assert again.id == first.id


async def test_a_job_is_filed_under_the_tags_it_came_with(office: Office) -> None:
    row = await office.jobs.submit(article(tags=("周报", "a")))
    async with office.database.read() as connection:
        assert await tags.of(connection, "main", "job", row.id) == ("a", "周报")


@pytest.mark.parametrize("handed", [
    lambda: article(action="publish", idempotency_key="k"),
    lambda: DraftPublication(
        client_id="blog", account="main", media_id="m", idempotency_key="k"
    ),
])  # fmt: skip
async def test_the_first_of_the_same_key_does_not_stand_in_the_way_of_the_second(
    office: Office, handed: Callable[[], Handed]
) -> None:
    rows = await asyncio.gather(*(office.jobs.submit(handed()) for _ in range(10)))
    assert len({row.id for row in rows}) == 1


async def test_pictures_of_one_client_are_no_trap_for_those_that_come_together(
    office: Office,
) -> None:
    pictures = [("1.png", b"a"), ("2.png", b"b")]

    async def hand_in(number: int) -> None:
        files = dict(reversed(pictures) if number % 2 else pictures)
        await office.jobs.submit(article(str(number), files=files))

    for first in (0, 100, 110, 120):  # those after the first find both files there
        await asyncio.gather(*(hand_in(first + n) for n in range(10 if first else 1)))
