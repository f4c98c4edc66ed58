from collections.abc import Sequence

import pytest

from store import templates as rows
from store.engine import Database
from templates.errors import (
    TemplateInvalid,
    TemplateKindWrong,
    TemplateMissing,
    VariableInvalid,
)
from templates.shelf import MAX_DEPTH, Bundle, find_bundle
from templates.variables import Variable
from tests.store.templates import add
from tests.templates.library import NOW


async def _bundle(database: Database, reference: str, pins: dict[str, int] | None = None) -> Bundle:
    async with database.read() as connection:
        return await find_bundle(connection, reference, pins)


async def _chain(database: Database, names: Sequence[str]) -> None:
    for name, used in zip(names, [*names[1:], None], strict=True):
        await add(database, name, uses=[used] if used else [])


async def test_a_template_comes_with_all_that_it_names(database: Database) -> None:
    await add(database, "page", uses=["head", "foot@1"], variables=[{"name": "a", "max": 1}])
    await add(database, "head", variables=[{"name": "a", "max": 9}, {"name": "b"}])
    await add(database, "foot")
    await add(database, "foot", number=2)
    bundle = await _bundle(database, "page")
    assert {name: part.number for name, part in bundle.parts.items()} == {
        "page": 1,
        "head": 1,
        "foot@1": 1,
    }
    # The page's own declaration wins over its part's.
    assert bundle.variables == (Variable(name="a", max=1), Variable(name="b"))
    assert bundle.pins == {"page": 1, "head": 1}


async def test_pins_hold_what_is_named_without_a_version(database: Database) -> None:
    await add(database, "page", uses=["foot"])
    await add(database, "foot")
    pins = (await _bundle(database, "page")).pins
    await add(database, "foot", number=2)
    await add(database, "page", number=2, uses=["foot"])
    assert (await _bundle(database, "page")).pins == {"page": 2, "foot": 2}
    assert (await _bundle(database, "page", pins)).pins == {"page": 1, "foot": 1}


async def test_a_request_holds_texts_values_and_their_types(database: Database) -> None:
    await add(database, "page", uses=["foot"], variables=[{"name": "n", "type": "integer"}])
    await add(database, "foot")
    bundle = await _bundle(database, "page@1")
    request = bundle.request({"n": "3"}, at=NOW, account="main")
    assert request == {
        "kind": "article",
        "entry": "page@1",
        "texts": {"page@1": "page 1", "foot": "foot 1"},
        "values": {"n": 3},
        "types": {"n": "integer"},
        "at": NOW,
        "account": "main",
    }
    with pytest.raises(VariableInvalid):
        bundle.request({}, at=NOW, account="main")


async def test_templates_that_name_each_other_are_refused(database: Database) -> None:
    await add(database, "a", uses=["b"])
    await add(database, "b", uses=["a@1"])
    with pytest.raises(TemplateInvalid, match="name each other"):
        await _bundle(database, "a")


async def test_so_is_what_is_too_deep(database: Database) -> None:
    names = [f"t{n}" for n in range(MAX_DEPTH + 1)]
    await _chain(database, names)
    assert len((await _bundle(database, names[1])).parts) == MAX_DEPTH
    with pytest.raises(TemplateInvalid, match="too deep"):
        await _bundle(database, names[0])


async def test_so_is_what_is_not_there_or_of_another_kind(database: Database) -> None:
    await add(database, "page", uses=["gone"])
    for reference in ("page", "nope", "page@9", "Page", ""):
        with pytest.raises(TemplateMissing):
            await _bundle(database, reference)
    async with database.read() as connection:
        await add(database, "note", kind="message")
        with pytest.raises(TemplateKindWrong):
            await find_bundle(connection, "note", kind="article")


async def test_a_built_in_one_stands_where_the_store_has_none(database: Database) -> None:
    assert (await _bundle(database, "weekly-report")).entry.builtin
    await add(database, "weekly-report", number=2)
    assert (await _bundle(database, "weekly-report")).entry.number == 2
    assert (await _bundle(database, "weekly-report@1")).entry.builtin
    async with database.write() as connection:
        await rows.remove(connection, "weekly-report")
    assert (await _bundle(database, "weekly-report")).entry.builtin
