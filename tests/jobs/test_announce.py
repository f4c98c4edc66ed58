from typing import Any

import pytest

from jobs.announce import APPROVAL_WANTED, Announce, may_hear, wants
from jobs.failures import Quarantined, stored_error
from jobs.states import State
from store import deliveries, webhooks
from store.deliveries import DeliveryRow
from store.engine import Database
from tests.jobs.callers import caller
from tests.jobs.happenings import happened
from tests.jobs.office import Office, article
from tests.jobs.rig import Rig
from tests.store.rows import job_row
from tests.store.test_webhooks import webhook_row


async def hook(database: Database, webhook_id: str = "whk_1", **values: Any) -> None:
    async with database.write() as connection:
        await webhooks.insert(connection, webhook_row(webhook_id, **values))


async def told(database: Database, webhook_id: str = "whk_1") -> list[DeliveryRow]:
    async with database.read() as connection:
        rows = await deliveries.page(connection, webhook_id, state=None, before=None, limit=99)
    return rows[::-1]


@pytest.mark.parametrize(
    ("events", "kind", "expected"),
    [
        (["*"], "job.failed", True),
        (["job.*"], "job.failed", True),
        (["job.*"], "wechat.text", False),
        (["job.failed", "wechat.text"], "wechat.text", True),
        (["job.fail"], "job.failed", False),
        ([], "job.failed", False),
    ],
)
def test_a_star_at_the_end_stands_for_anything(
    events: list[str],
    kind: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert wants(events, kind) is expected


def test_what_readers_write_is_told_to_those_who_may_read_it() -> None:
    reader, writer = caller(scopes=["relay:read"]), caller(scopes=["draft"])
    assert may_hear(reader, "main", "wechat.text")
    assert not may_hear(writer, "main", "wechat.text")
    assert may_hear(writer, "main", "job.failed")
    assert not may_hear(reader, "nobodys", "job.failed")
    assert not may_hear(None, "main", "job.failed")


async def test_the_end_of_a_job_is_told_with_its_result(rig: Rig) -> None:
    await hook(rig.database)
    await hook(rig.database, "whk_2", client_id="other")
    row = await rig.submit(title="标题")
    ended = await rig.until(row.id)
    (delivery,) = await told(rig.database)
    assert await told(rig.database, "whk_2") == []
    assert delivery.type == delivery.body["type"] == "job.succeeded"
    assert delivery.body["data"]["title"] == "标题"  # known only once it was built
    data = delivery.body["data"]
    assert (data["id"], data["account"], data["title"]) == (row.id, "main", "标题")
    assert data["result"]["url"] == (ended.result or {})["url"]
    assert "images" not in data["result"]
    assert data["error"] is None


async def test_a_failure_is_told_in_both_languages(database: Database) -> None:
    await hook(database, events=["job.failed"])
    error = stored_error(Quarantined(starts=5), publish_id="7")
    async with database.write() as connection:
        announce = Announce(lambda: 100.0)
        await announce.job_ended(connection, job_row(), State.FAILED, error=error)
        await announce.job_ended(connection, job_row(), State.CANCELLED)
        await announce.job_ended(connection, job_row(parent_id="job_0"), State.FAILED, error=error)
    (delivery,) = await told(database)
    assert delivery.body["timestamp"] == "1970-01-01T00:01:40.000Z"
    assert delivery.body["data"]["error"]["code"] == "quarantined"
    assert delivery.body["data"]["error"]["message"].keys() == {"zh", "en"}
    # People hear of all of them, but for the item of a batch.
    assert [each.event for each in await happened(database)] == ["job.failed", "job.cancelled"]


async def test_who_cancels_is_told_too(office: Office) -> None:
    await hook(office.database)
    row = await office.jobs.submit(article())
    await office.jobs.cancel(row.id, "blog")
    assert [each.type for each in await told(office.database)] == ["job.cancelled"]


async def test_a_job_that_waits_for_approval_says_so(office: Office) -> None:
    await hook(office.database)
    row = await office.jobs.submit(article(needs_approval=True, action="publish"))
    (delivery,) = await told(office.database)
    assert delivery.type == APPROVAL_WANTED
    assert delivery.body["data"]["id"] == row.id
    assert [(e.event, e.key) for e in await happened(office.database)] == [
        (APPROVAL_WANTED, row.id)
    ]


async def test_a_transaction_that_fails_tells_nobody(database: Database) -> None:
    await hook(database)
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            await Announce(lambda: 1.0).job_ended(connection, job_row(), State.FAILED)
            raise ZeroDivisionError
    assert await told(database) == []
    assert await happened(database) == []


async def test_only_what_was_in_review_is_so_no_more(database: Database) -> None:
    async with database.write() as connection:
        announce = Announce(lambda: 1.0)
        for row in (job_row(state="failed"), job_row(state="needs_review", parent_id="job_0")):
            await announce.review_over(connection, row)
    assert await happened(database) == []
