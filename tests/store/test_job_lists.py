from typing import Any

import anyio.from_thread
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import intents, job_lists, jobs, tags
from store.engine import Database
from store.job_lists import JobFilter
from store.tables import job
from tests.store.rows import intent_row, job_row


async def _add(database: Database, *rows: jobs.JobRow) -> None:
    async with database.write() as connection:
        for row in rows:
            await jobs.insert(connection, row)


async def _ids(
    database: Database, before: str | None = None, limit: int = 9, **wanted: Any
) -> list[str]:
    async with database.read() as connection:
        found = await job_lists.page(connection, JobFilter(**wanted), before=before, limit=limit)
    return [row.id for row in found]


async def test_pages_go_from_new_to_old(database: Database) -> None:
    await _add(database, *(job_row(f"job_{n}") for n in range(1, 5)))
    assert await _ids(database, limit=2) == ["job_4", "job_3"]
    assert await _ids(database, before="job_3") == ["job_2", "job_1"]
    assert await _ids(database, before="job_1") == []


async def test_each_filter_narrows_the_list(database: Database) -> None:
    await _add(
        database,
        job_row("job_1", title="Wxgate 周报 第一期", created_at=10),
        job_row("job_2", client_id="other", schedule_id="sch_1", due_at=50.0, created_at=20),
        job_row("job_3", state="failed", error={"code": "draft_title_too_long"}, created_at=30),
        job_row("job_4", account="second", kind="batch", approval="pending", created_at=40),
        job_row("job_5", state="cancelled", title="100% 的周报", created_at=50),
    )
    for wanted, numbers in (
        ({"client_id": "other"}, [2]),
        ({"client_id": "other", "reviews": ["second"]}, [4, 2]),
        ({"account": "second"}, [4]),
        ({"kinds": ["batch"]}, [4]),
        ({"states": ["failed", "cancelled"]}, [5, 3]),
        ({"approval": "pending"}, [4]),
        ({"schedule_id": "sch_1"}, [2]),
        ({"ids": ["job_3", "job_1", "job_9"]}, [3, 1]),
        ({"ids": []}, []),
        ({"created": (20, 40)}, [3, 2]),
        ({"created": (None, 20)}, [1]),
        ({"due": (50, None)}, [2]),
        ({"due": (None, 50)}, []),
        ({"words": ["周报"]}, [5, 1]),
        ({"words": ["周报", "wxgate"]}, [1]),
        ({"words": ["%"]}, [5]),  # no wildcard
        ({"words": ["draft_title_too_long"]}, [3]),
        ({"words": ["draft_title"]}, []),
    ):
        assert await _ids(database, **wanted) == [f"job_{n}" for n in numbers], wanted


async def test_items_of_a_batch_are_listed_by_their_batch_or_id_alone(database: Database) -> None:
    await _add(database, job_row("job_1", kind="batch"))
    await _add(database, *(job_row(f"job_1{n}", parent_id="job_1", position=n) for n in range(3)))
    assert await _ids(database) == ["job_1"]
    assert await _ids(database, parent_id="job_1") == ["job_12", "job_11", "job_10"]
    assert await _ids(database, ids=["job_11"]) == ["job_11"]
    assert await _ids(database, parent_id="job_1", states=["failed"]) == []


async def test_an_error_that_is_over_is_found_no_more(database: Database) -> None:
    await _add(database, job_row("job_1", error={"code": "quota_spent"}))
    async with database.write() as connection:
        await jobs.move(connection, "job_1", 0, {"error": None, "title": "新标题"})
    assert await _ids(database, words=["quota_spent"]) == []
    assert await _ids(database, words=["新标"]) == ["job_1"]


@pytest.mark.parametrize("few", [2_000, 1])
async def test_tags_of_few_and_of_many_jobs_find_the_same(
    database: Database, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_lists, "_FEW", few)
    rows = [job_row(f"job_{n}", account="main" if n % 2 else "second") for n in range(6)]
    await _add(database, *rows)
    async with database.write() as connection:
        for row in rows[:4]:
            await tags.add(connection, row.account, "job", row.id, ["a"])
        await tags.add(connection, "main", "draft", "job_5", ["a"])
    assert await _ids(database, tag="a") == ["job_3", "job_2", "job_1", "job_0"]
    assert await _ids(database, tag="a", account="main") == ["job_3", "job_1"]
    assert await _ids(database, tag="b") == []


async def test_a_job_is_found_by_the_ids_of_what_it_made(database: Database) -> None:
    await _add(database, job_row("job_1"), job_row("job_2", subject="D2"), job_row("job_3"))
    async with database.write() as connection:
        await intents.insert(connection, intent_row("job_1", media_id="D1"))
        submit = intent_row("job_1", effect="submit", article_id="A1")
        await intents.insert(connection, submit)
    for said, found in (
        ("job_3", {"job_3"}),
        ("D1", {"job_1"}),
        ("A1", {"job_1"}),
        ("D2", {"job_2"}),
        ("D3", set()),
    ):
        async with database.read() as connection:
            assert await job_lists.named(connection, said, ["main"]) == found
            elsewhere = await job_lists.named(connection, said, ["second"])
        assert elsewhere == found.intersection({"job_3"})


async def test_jobs_are_counted_by_state(database: Database) -> None:
    await _add(
        database,
        *(job_row(f"job_{n}", state="failed" if n % 3 else "succeeded") for n in range(6)),
        job_row("job_7", parent_id="job_1", position=0),
    )
    async with database.read() as connection:
        counted = await job_lists.count_by_state(connection, JobFilter(account="main"))
    assert counted == {"failed": 4, "succeeded": 2}


async def test_paging_shows_each_job_once_whatever_is_added_or_removed_meanwhile(
    database: Database,
) -> None:
    @settings(max_examples=25, deadline=None)
    @given(
        first=st.integers(0, 30),
        limit=st.integers(1, 7),
        meanwhile=st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=20),
    )
    def check(first: int, limit: int, meanwhile: list[tuple[bool, int]]) -> None:
        anyio.from_thread.run(_visit, database, first, limit, meanwhile)

    await anyio.to_thread.run_sync(check)


async def _visit(
    database: Database, first: int, limit: int, meanwhile: list[tuple[bool, int]]
) -> None:
    """Page through jobs of even numbers, while any number is removed or an odd one added."""
    there = {_named(2 * n) for n in range(first)}
    async with database.write() as connection:
        await connection.execute(job.delete())
    await _add(database, *map(job_row, there))
    changes, added, removed = iter(meanwhile), set[str](), set[str]()
    seen: list[str] = []
    while page := await _ids(database, before=seen[-1] if seen else None, limit=limit):
        seen += page
        adds, number = next(changes, (False, 99))
        async with database.write() as connection:
            if not adds:
                await connection.execute(job.delete().where(job.c.id == _named(number)))
                removed.add(_named(number))
            elif _named(2 * number + 1) not in added:
                await jobs.insert(connection, job_row(_named(2 * number + 1)))
                added.add(_named(2 * number + 1))
    assert seen == sorted(set(seen), reverse=True)
    assert there - removed <= set(seen) <= there | added


def _named(number: int) -> str:
    return f"job_{number:03}"
