import pytest
from pydantic import TypeAdapter, ValidationError

from store import tags
from store.engine import Database
from store.tags import TAGS_A_THING, TagName, TooManyTags

NAMES: TypeAdapter[str] = TypeAdapter(TagName)


async def test_a_thing_stands_under_what_was_added_and_not_removed(database: Database) -> None:
    async with database.write() as connection:
        await tags.add(connection, "main", "draft", "D1", ["周报", "b", "周报"])
        await tags.add(connection, "main", "draft", "D1", ["a", "b"])
        await tags.remove(connection, "main", "draft", "D1", ["b", "none"])
        await tags.add(connection, "main", "draft", "D1", [])
        assert await tags.of(connection, "main", "draft", "D1") == ("a", "周报")
        await tags.replace(connection, "main", "draft", "D1", ["c"])
        assert await tags.of(connection, "main", "draft", "D1") == ("c",)


async def test_tags_are_of_one_account_one_kind_one_thing(database: Database) -> None:
    async with database.write() as connection:
        await tags.add(connection, "main", "draft", "D1", ["a"])
        for where in (("other", "draft", "D1"), ("main", "job", "D1"), ("main", "draft", "D2")):
            assert await tags.of(connection, where[0], where[1], where[2]) == ()
        await tags.add(connection, "other", "draft", "D2", ["b"])
        found = await tags.of_each(
            connection, "draft", [("main", "D1"), ("main", "D3"), ("other", "D2")]
        )
        assert found == {("main", "D1"): ("a",), ("other", "D2"): ("b",)}
        await tags.forget(connection, "main", "draft", ["D1", "D2"])
        assert await tags.of_each(connection, "draft", [("main", "D1")]) == {}


async def test_no_thing_has_more_tags_than_a_person_can_read(database: Database) -> None:
    with pytest.raises(TooManyTags):
        async with database.write() as connection:
            await tags.add(connection, "main", "job", "J", [str(n) for n in range(TAGS_A_THING)])
            await tags.add(connection, "main", "job", "J", ["0"])
            await tags.add(connection, "main", "job", "J", ["one more"])
    async with database.read() as connection:
        assert await tags.of(connection, "main", "job", "J") == ()


def test_names_are_trimmed_and_of_one_form() -> None:
    assert NAMES.validate_python("  周 报 ") == "周 报"
    assert NAMES.validate_python("e\u0301") == "é"
    assert NAMES.validate_python("x" * 32) == "x" * 32
    for bad in ("", "  ", "x" * 33, "a\nb", "a\x00", "a,b"):
        with pytest.raises(ValidationError):
            NAMES.validate_python(bad)
