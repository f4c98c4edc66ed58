import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.tasks import TaskSet
from jobs.library_settings import LibrarySettings
from jobs.library_sync import LibrarySync, ListQuotaLow
from jobs.shelves import Shelf, articles_holding
from store import library
from store.engine import Database
from store.library import LibraryFilter
from wechat.call import NotSent
from wechat.listing import Page


class Box:
    """A list of WeChat's, newest first, and what is asked of it."""

    def __init__(self) -> None:
        self.things: list[tuple[str, int]] = []  # (id, update_time)
        self.asked: list[int] = []
        self.hidden = 0
        self.left: int | None = None
        self.before: Any = None
        self.failure: Exception | None = None
        self.shelf = Shelf(
            *("draft", "draft", (), "/cgi-bin/draft/batchget"),
            read=self._read,
            holding=lambda account, item: articles_holding(
                account, "draft", item["id"], [{"title": item["id"]}], update_time=item["at"]
            ),
        )

    def add(self, *ids: str, at: int) -> None:
        self.things = [(each, at) for each in ids] + self.things

    def remaining(self, _account: str, _path: str) -> int | None:
        return self.left

    async def _read(self, _account: str, offset: int) -> Page:
        self.asked.append(offset)
        if self.failure is not None:
            raise self.failure
        if self.before is not None:
            await self.before(offset)
        part = self.things[offset : offset + 20]
        items: list[Any] = [{"id": thing_id, "at": at} for thing_id, at in part]
        return Page(items, len(self.things) + self.hidden)


class Stand:
    """A LibrarySync before a Box."""

    def __init__(self, database: Database, tasks: TaskSet, **settings: Any) -> None:
        self.database = database
        self.box = Box()
        self.now = 1_000.0
        self.sync = LibrarySync(
            database, self.box, LibrarySettings(**settings), tasks, clock=lambda: self.now
        )

    async def read(self) -> list[int]:
        """Read the list; the offsets that it took."""
        self.box.asked.clear()
        self.now += 1
        await self.sync.read("main", self.box.shelf)
        return list(self.box.asked)

    async def known(self) -> set[str]:
        async with self.database.read() as connection:
            wanted = LibraryFilter(account="main", kind="draft")
            rows = await library.page(connection, wanted, before=None, limit=1_000)
        return {row.id for row in rows}


@pytest.fixture
async def tasks() -> AsyncIterator[TaskSet]:
    opened = TaskSet()
    yield opened
    await opened.aclose()


@pytest.fixture
def stand(database: Database, tasks: TaskSet) -> Stand:
    return Stand(database, tasks)


def _many(count: int, prefix: str = "D") -> list[str]:
    return [f"{prefix}{n:03}" for n in range(count)]


async def test_the_first_reading_is_of_the_whole_list(stand: Stand) -> None:
    stand.box.add(*_many(45), at=1)
    assert await stand.read() == [0, 20, 40, 0]
    assert await stand.known() == set(_many(45))


async def test_a_list_without_news_costs_one_call(stand: Stand) -> None:
    stand.box.add(*_many(45), at=1)
    await stand.read()
    assert await stand.read() == [0]
    stand.box.add("new", at=2)
    assert await stand.read() == [0, 20]
    assert "new" in await stand.known()
    assert await stand.read() == [0]


async def test_what_was_deleted_elsewhere_is_missed_by_the_total(stand: Stand) -> None:
    stand.box.add(*_many(45), at=1)
    await stand.read()
    del stand.box.things[30]
    stand.box.add("new", at=2)  # as many as before
    assert await stand.read() == [0, 20, 40, 0]
    assert await stand.known() == {*_many(45), "new"} - {"D030"}


async def test_an_empty_list_empties_the_shelf(stand: Stand) -> None:
    stand.box.add("D1", at=1)
    await stand.read()
    stand.box.things.clear()
    assert await stand.read() == [0]
    assert await stand.known() == set()


async def test_what_wechat_counts_and_never_shows_is_not_looked_for_again(stand: Stand) -> None:
    stand.box.add(*_many(25), at=1)
    stand.box.hidden = 2
    await stand.read()
    assert await stand.read() == [0]


async def test_nothing_is_lost_when_the_list_moves_while_it_is_read(stand: Stand) -> None:
    """A deletion moves the rest up, a change takes its draft to the front."""
    stand.box.add(*_many(70), at=1)

    async def change(offset: int) -> None:
        if offset == 20:
            del stand.box.things[3]
            stand.box.things.insert(0, (stand.box.things.pop(60)[0], 9))

    stand.box.before = change
    await stand.read()
    assert await stand.known() == set(_many(70))  # the deleted one had been seen
    stand.box.before = None
    await stand.read()
    assert await stand.known() == {thing_id for thing_id, _ in stand.box.things}


async def test_the_last_calls_of_the_day_are_left_to_others(stand: Stand) -> None:
    stand.box.add("D1", at=1)
    stand.box.left = 30
    with pytest.raises(ListQuotaLow):
        await stand.read()
    assert stand.box.asked == []
    fresh = await stand.sync.freshen("main", [stand.box.shelf])
    assert fresh.synced_at is None
    assert isinstance(fresh.error, ListQuotaLow)
    stand.box.left = 31
    assert await stand.read() == [0]


async def test_a_fresh_list_is_not_read_again_unless_it_must_be(stand: Stand) -> None:
    stand.box.add("D1", at=1)
    shelves = [stand.box.shelf]
    first = await stand.sync.freshen("main", shelves)
    assert (first.synced_at, first.refreshing, first.error) == (1_000.0, False, None)
    stand.now += 299
    await stand.sync.freshen("main", shelves)
    assert len(stand.box.asked) == 1
    await stand.sync.freshen("main", shelves, force=True)
    stand.now += 300
    await stand.sync.freshen("main", shelves)
    assert len(stand.box.asked) == 3


async def test_many_who_look_at_once_share_one_reading(stand: Stand) -> None:
    stand.box.add("D1", at=1)
    found = await asyncio.gather(*(stand.sync.freshen("main", [stand.box.shelf]) for _ in range(9)))
    assert stand.box.asked == [0]
    assert {each.synced_at for each in found} == {1_000.0}


async def test_nobody_waits_long_for_a_slow_list(database: Database, tasks: TaskSet) -> None:
    stand = Stand(database, tasks, wait_s=0)
    go_on = asyncio.Event()

    async def wait(_offset: int) -> None:
        await go_on.wait()

    stand.box.before = wait
    fresh = await stand.sync.freshen("main", [stand.box.shelf])
    assert (fresh.synced_at, fresh.refreshing) == (None, True)
    go_on.set()
    fresh = await stand.sync.freshen("main", [stand.box.shelf], force=True)
    assert (fresh.synced_at, fresh.refreshing) == (1_000.0, False)


async def test_a_list_that_cannot_be_read_is_told_and_not_asked_for_all_the_time(
    stand: Stand,
) -> None:
    stand.box.failure = NotSent(reason="gone")
    shelves = [stand.box.shelf]
    for _ in range(3):
        fresh = await stand.sync.freshen("main", shelves)
        assert isinstance(fresh.error, NotSent)
    assert len(stand.box.asked) == 1
    with pytest.raises(NotSent):
        await stand.sync.freshen("main", shelves, force=True)
    stand.box.failure = None
    fresh = await stand.sync.freshen("main", shelves, force=True)
    assert (fresh.synced_at, fresh.error) == (1_000.0, None)
