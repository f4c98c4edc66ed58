from typing import Any

import pytest

from jobs.announce import Announce
from jobs.inbox import Inbox
from store import deliveries, events, intents, jobs, webhooks
from store.engine import Database
from tests.jobs.callers import caller
from tests.store.rows import intent_row, job_row
from tests.store.test_webhooks import webhook_row
from wechat.pushed import PUBLISHED, Pushed


class Post:
    """An inbox, and how often the engine was woken."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.woken = 0
        self.inbox = Inbox(
            *(database, Announce(lambda: 500.0)),
            lambda name: caller(name, scopes=["relay:read"]) if name == "blog" else None,
            self._wake,
            clock=lambda: 500.0,
        )

    def _wake(self) -> None:
        self.woken += 1

    async def put(self, job_id: str, **intent: Any) -> None:
        async with self.database.write() as connection:
            await jobs.insert(connection, job_row(job_id, run_at=9_000.0, state="running"))
            await intents.insert(
                connection, intent_row(job_id, effect="submit", **{"outcome": None, **intent})
            )

    async def run_at(self, job_id: str) -> float:
        async with self.database.read() as connection:
            row = await jobs.head(connection, job_id)
        assert row is not None
        return row.run_at


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database)


def end(publish_id: str | None = "7", key: str = "k") -> Pushed:
    return Pushed(PUBLISHED, key, publish_id, {"文": 1}, sealed=True)


async def test_the_job_of_an_event_is_looked_at_at_once(post: Post) -> None:
    await post.put("job_1", outcome="answered", receipt="7")
    await post.put("job_2", outcome="answered", receipt="8")
    assert await post.inbox.take("main", end())
    assert (await post.run_at("job_1"), await post.run_at("job_2")) == (500.0, 9_000.0)
    async with post.database.read() as connection:
        kept = await events.about(connection, "main", PUBLISHED, "7")
    assert kept is not None
    assert kept.job_id == "job_1"
    assert post.woken == 1


async def test_the_same_publish_id_of_another_account_is_another(post: Post) -> None:
    await post.put("job_1", outcome="answered", receipt="7")
    await post.inbox.take("second", end())
    assert await post.run_at("job_1") == 9_000.0


async def test_an_event_that_comes_again_changes_nothing(post: Post) -> None:
    assert await post.inbox.take("main", end())
    assert not await post.inbox.take("main", end())
    assert post.woken == 1


async def test_those_who_lost_their_answer_look_again(post: Post) -> None:
    await post.put("job_1")
    await post.put("job_2", outcome="answered", receipt="8")
    await post.inbox.take("main", end())
    assert (await post.run_at("job_1"), await post.run_at("job_2")) == (500.0, 9_000.0)


async def test_a_message_touches_no_job(post: Post) -> None:
    await post.put("job_1")
    await post.inbox.take("main", Pushed("text", "k", None, {"Content": "x"}, sealed=True))
    assert await post.run_at("job_1") == 9_000.0


async def test_who_may_read_the_account_is_told(post: Post) -> None:
    hooks = [
        webhook_row("whk_1"),
        webhook_row("whk_2", events=["job.*"]),
        webhook_row("whk_3", client_id="gone"),
        webhook_row("whk_4", accounts=["second"]),
        webhook_row("whk_5", accounts=["main"], events=[f"wechat.{PUBLISHED}"]),
        webhook_row("whk_6", state="disabled"),
    ]
    async with post.database.write() as connection:
        for hook in hooks:
            await webhooks.insert(connection, hook)
    await post.inbox.take("main", end())
    async with post.database.read() as connection:
        told = {
            hook.id: await deliveries.page(connection, hook.id, state=None, before=None, limit=9)
            for hook in hooks
        }
    assert [hook for hook, rows in told.items() if rows] == ["whk_1", "whk_5"]
    (delivery,) = told["whk_1"]
    assert delivery.type == f"wechat.{PUBLISHED}"
    assert delivery.body["data"]["body"] == {"文": 1}
