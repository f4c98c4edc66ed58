from typing import Any

from jobs.shelving import shelve
from store import library
from store.engine import Database
from tests.store.rows import job_row

CHECKPOINT = {"articles": [{"title": "第一", "digest": "摘要"}, {"title": "第二"}]}


async def _shelve(database: Database, result: Any, **values: Any) -> None:
    async with database.write() as connection:
        await shelve(connection, job_row("job_1", checkpoint=CHECKPOINT, **values), result, 50.0)


async def _get(database: Database, kind: Any, thing_id: str) -> Any:
    async with database.read() as connection:
        return await library.get(connection, "main", kind, thing_id)


async def test_a_draft_is_there_until_it_is_published(database: Database) -> None:
    await _shelve(database, {"mode": "draft", "media_id": "D1", "url": "http://x/1"})
    draft = await _get(database, "draft", "D1")
    assert (draft.title, draft.url, draft.job_id) == ("第一", "http://x/1", "job_1")
    assert draft.search == "第一\n第二\n摘要"
    urls = ["http://x/s/1", "http://x/s/2"]
    done = {"mode": "published", "media_id": "D1", "article_id": "A1", "urls": urls}
    await _shelve(database, done)
    assert await _get(database, "draft", "D1") is None
    article = await _get(database, "publication", "A1")
    assert [each["url"] for each in article.facts["articles"]] == urls
    assert (article.update_time, article.job_id) == (50.0, "job_1")


async def test_a_draft_that_a_person_has_to_publish_stays_a_draft(database: Database) -> None:
    await _shelve(database, {"mode": "draft_ready", "media_id": "D2"})
    assert (await _get(database, "draft", "D2")).title == "第一"


async def test_what_made_nothing_changes_nothing(database: Database) -> None:
    for result in (None, {}, {"url": "http://x"}, {"mode": "published", "media_id": "D3"}):
        await _shelve(database, result)
    async with database.read() as connection:
        for kind in ("draft", "publication"):
            assert await library.count(connection, "main", kind, ()) == 0
