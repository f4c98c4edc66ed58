from typing import Any

import pytest

from store import intents, jobs, repeats
from store.engine import Database
from tests.store.rows import intent_row, job_row

HASH = "a" * 64
ONE = {"title": "t", "cover": "c", "digest": "", "text_hash": "h"}


async def put(database: Database, job_id: str = "job_1", **values: Any) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row(job_id, **values))


async def put_sent(database: Database, job_id: str = "job_1", **values: Any) -> None:
    async with database.write() as connection:
        said = {"articles": [ONE], "media_id": "M"}
        row = intent_row(job_id, **{"effect": "submit", "fingerprint": said, **values})
        await intents.insert(connection, row)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"state": "accepted", "updated_at": 1.0}, True),  # under way for however long
        ({"state": "succeeded", "updated_at": 100.0}, True),
        ({"state": "succeeded", "updated_at": 99.0}, False),
        ({"state": "needs_review", "updated_at": 100.0}, True),
        ({"state": "failed", "updated_at": 100.0}, False),
        ({"state": "cancelled", "updated_at": 100.0}, False),
        ({"state": "succeeded", "updated_at": 100.0, "result": {"mode": "draft_ready"}}, False),
        ({"state": "accepted", "account": "second"}, False),
    ],
)
async def test_what_counts_as_published_of_late(
    database: Database, values: dict[str, Any], *, found: bool
) -> None:
    await put(database, content_hash=HASH, **values)
    async with database.read() as connection:
        earlier = await repeats.same_content(connection, "main", HASH, since=100)
    assert earlier == ("job_1" if found else None)


@pytest.mark.parametrize(
    ("values", "state", "found"),
    [
        ({}, "running", True),
        ({"outcome": "answered"}, "succeeded", True),
        ({"outcome": "absent"}, "needs_review", True),
        ({"outcome": "refused"}, "succeeded", False),
        ({"outcome": "answered"}, "failed", False),  # WeChat said that it was not published
        ({"sent_at": 99.0}, "succeeded", False),
        ({"effect": "draft"}, "succeeded", False),
    ],
)
async def test_what_counts_as_sent_of_late(
    database: Database, values: dict[str, Any], state: str, *, found: bool
) -> None:
    await put(database, state=state)
    await put_sent(database, **values)
    wanted = {"articles": [{**ONE, "digest": "another"}], "media_id": "N"}
    async with database.read() as connection:
        how: dict[str, Any] = {"since": 100, "job_id": "job_2"}
        earlier = await repeats.same_sent(connection, "main", wanted, **how)
        assert (
            await repeats.same_sent(connection, "main", wanted, **{**how, "job_id": "job_1"})
            is None
        )
    assert earlier == ("job_1" if found else None)


async def test_the_same_draft_counts_whatever_it_says_by_now(database: Database) -> None:
    await put(database)
    await put_sent(database)
    wanted = {"articles": [{**ONE, "title": "changed"}], "media_id": "M"}
    async with database.read() as connection:
        found = await repeats.same_sent(connection, "main", wanted, since=0, job_id="job_2")
    assert found == "job_1"
