from typing import Any

import pytest

from store import intents, jobs, library, tags
from store.engine import Database
from store.library import Holding, LibraryFilter, Synced
from tests.store.rows import intent_row, job_row


def holding(thing_id: str = "D1", **values: Any) -> Holding:
    defaults: dict[str, Any] = {
        "account": "main",
        "kind": "draft",
        "id": thing_id,
        "type": "news",
        "title": "第一篇",
        "search": "第一篇\n小王",
        "update_time": 100.0,
    }
    return Holding(**{**defaults, **values})


async def _put(database: Database, *rows: Holding, now: float = 1) -> int:
    async with database.write() as connection:
        return await library.put(connection, rows, now=now)


async def _ids(
    database: Database, before: tuple[float, str] | None = None, limit: int = 9, **wanted: Any
) -> list[str]:
    filters = LibraryFilter(**{"account": "main", "kind": "draft", **wanted})
    async with database.read() as connection:
        found = await library.page(connection, filters, before=before, limit=limit)
    return [row.id for row in found]


async def test_what_is_put_is_found_as_it_is(database: Database) -> None:
    row = holding(facts={"articles": [{"title": "第一篇"}]}, url="http://x")
    assert await _put(database, row, holding("D2")) == 2
    assert await _put(database, row, holding("D2", update_time=101)) == 1
    assert await _put(database) == 0
    async with database.read() as connection:
        assert await library.get(connection, "main", "draft", "D1") == row
        for where in (("other", "draft", "D1"), ("main", "material", "D1"), ("main", "draft", "x")):
            assert await library.get(connection, *where) is None


async def test_each_filter_narrows_the_list(database: Database) -> None:
    await _put(
        database,
        holding("D1", update_time=10),
        holding("D2", update_time=20, type="newspic", search="100% 图"),
        holding("D3", update_time=20, search="wxgate 周报"),
    )
    await _put(database, holding("M1", kind="material", type="image"))
    await _put(database, holding("D4", account="other"))
    for wanted, found in (
        ({}, ["D3", "D2", "D1"]),
        ({"types": ["newspic"]}, ["D2"]),
        ({"ids": ["D1", "D4", "x"]}, ["D1"]),
        ({"updated": (20, None)}, ["D3", "D2"]),
        ({"updated": (None, 20)}, ["D1"]),
        ({"words": ["周报"]}, ["D3"]),
        ({"words": ["周报", "小王"]}, []),
        ({"words": ["%"]}, ["D2"]),
        ({"kind": "material"}, ["M1"]),
        ({"account": "other"}, ["D4"]),
    ):
        assert await _ids(database, **wanted) == found, wanted


async def test_pages_follow_the_place_of_their_last(database: Database) -> None:
    await _put(database, *(holding(f"D{n}", update_time=n // 2) for n in range(7)))
    assert await _ids(database, limit=3) == ["D6", "D5", "D4"]
    assert await _ids(database, (2, "D4"), limit=3) == ["D3", "D2", "D1"]
    assert await _ids(database, (0, "D1"), limit=3) == ["D0"]


@pytest.mark.parametrize("few", [2_000, 1])
async def test_tags_of_few_and_of_many_find_the_same(
    database: Database, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "_FEW", few)
    await _put(database, *(holding(f"D{n}") for n in range(4)))
    async with database.write() as connection:
        for thing_id in ("D1", "D3"):
            await tags.add(connection, "main", "draft", thing_id, ["a"])
        await tags.add(connection, "main", "job", "D2", ["a"])
    assert await _ids(database, tag="a") == ["D3", "D1"]
    assert await _ids(database, tag="b") == []


async def test_a_draft_of_ours_names_its_job(database: Database) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row("job_1"))
        await intents.insert(connection, intent_row("job_1", media_id="D1"))
    await _put(database, holding("D1"), holding("D2"), holding("D3", job_id="job_9"))
    await _put(database, holding("D3", update_time=200))
    async with database.read() as connection:
        rows = [await library.get(connection, "main", "draft", f"D{n}") for n in (1, 2, 3)]
    assert [row and row.job_id for row in rows] == ["job_1", None, "job_9"]


async def test_what_is_removed_loses_its_tags(database: Database) -> None:
    await _put(database, holding("D1"), holding("D2"))
    async with database.write() as connection:
        await tags.add(connection, "main", "draft", "D1", ["a"])
        assert await library.remove(connection, "main", "draft", ["D1", "x"]) == 1
        assert await tags.of(connection, "main", "draft", "D1") == ()
        assert await library.count(connection, "main", "draft", ()) == 1


async def test_what_nobody_saw_since_is_told_by_type(database: Database) -> None:
    old, new = holding("M1", kind="material", type="image"), holding("M2", kind="material")
    await _put(database, old, now=1)
    await _put(database, new, now=5)
    async with database.read() as connection:
        for types, since, found in ((("image",), 5, ["M1"]), (("video",), 9, []), ((), 5, ["M1"])):
            unseen = await library.unseen(
                connection, "main", "material", types, since=since, limit=9
            )
            assert unseen == found
        assert await library.count(connection, "main", "material", ("image",)) == 1


async def test_how_far_a_list_was_read_is_kept_by_shelf(database: Database) -> None:
    async with database.write() as connection:
        await library.set_synced(connection, "main", "image", Synced(1.0, 0))
        await library.set_synced(connection, "main", "image", Synced(2.0, 3))
        found = await library.synced(connection, "main", ["image", "video"])
    assert found == {"image": Synced(2.0, 3)}
