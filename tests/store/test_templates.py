import pytest

from store import schedules
from store import templates as rows
from store.engine import Database
from tests.store.templates import add
from tests.store.test_schedules import row


async def test_a_template_is_shown_at_the_version_in_use(database: Database) -> None:
    await add(database, "weekly")
    await add(database, "weekly", number=2)
    async with database.read() as connection:
        template = await rows.find(connection, "weekly", lock=True)
        assert template is not None
        assert (template.current, template.created_at, template.updated_at) == (2, 1.0, 2.0)
        shown = [await rows.version(connection, "weekly", number) for number in (None, 1)]
    assert [row and row.text for row in shown] == ["weekly 2", "weekly 1"]


async def test_versions_come_newest_first_page_by_page(database: Database) -> None:
    for number in (1, 2, 3):
        await add(database, "weekly", number=number)
    async with database.read() as connection:
        page = await rows.versions(connection, "weekly", below=None, limit=2)
        assert [row.number for row in page] == [3, 2]
        rest = await rows.versions(connection, "weekly", below=2, limit=2)
        assert [row.number for row in rest] == [1]
        assert await rows.version(connection, "weekly", 9) is None
        assert await rows.find(connection, "nope") is None


@pytest.mark.parametrize(
    ("kind", "search", "expected"),
    [
        (None, "", ["a", "b", "c"]),
        ("message", "", ["c"]),
        (None, "REPORT", ["b"]),
        (None, "周", ["a"]),
        (None, "%", []),
        (None, "c", ["c"]),
    ],
)
async def test_a_list_is_searched_by_kind_name_and_description(
    database: Database, kind: str | None, search: str, expected: list[str]
) -> None:
    await add(database, "a", description="周报")
    await add(database, "b", description="Report")
    await add(database, "c", kind="message")
    async with database.read() as connection:
        found = await rows.page(connection, kind=kind, search=search, after="", limit=9)
        assert [template.name for template, _ in found] == expected
        after = await rows.page(connection, kind=kind, search=search, after="a", limit=1)
        assert [version.name for _, version in after] == [n for n in expected if n > "a"][:1]


async def test_a_name_is_taken_once_and_free_again_with_its_versions(database: Database) -> None:
    await add(database, "a", uses=["b"])
    async with database.write() as connection:
        template = await rows.find(connection, "a")
        assert template is not None
        assert not await rows.insert(connection, template)
        assert await rows.users(connection) == [("a", ["b"])]
        await rows.remove(connection, "a")
        assert await rows.version(connection, "a", 1) is None


async def test_schedules_that_are_over_need_nothing(database: Database) -> None:
    async with database.write() as connection:
        for name, state in (("on", "active"), ("off", "paused"), ("over", "ended")):
            await schedules.insert(connection, row(name, name=name, state=state, work={"a": name}))
        live = {each.name: each.work for each in await rows.live_schedules(connection)}
    assert live == {"on": {"a": "on"}, "off": {"a": "off"}}
