import asyncio

import pytest

from accounts.edits import StaleEdit
from store.engine import Database
from templates.errors import (
    TemplateExists,
    TemplateInUse,
    TemplateInvalid,
    TemplateKindWrong,
    TemplateMissing,
    TemplateUnknown,
    VariableInvalid,
)
from templates.forms import TemplateChanges
from tests.jobs.journals import noted
from tests.templates.library import ALICE, book_of, form, new

TITLE = {"name": "title"}


async def test_each_save_is_a_version_and_in_the_audit_log(database: Database) -> None:
    book = book_of(database)
    first = await book.add(new("weekly", "{{ title }}", TITLE, note="begin"), ALICE)
    second = await book.save("weekly", form("# {{ title }}", TITLE), ALICE, version=1)
    assert (first.number, second.number, second.author) == (1, 2, "client:alice")
    found, cursor = await book.history("weekly", below=None, limit=9)
    assert ([version.number for version in found], cursor) == ([2, 1], None)
    assert (await book.get("weekly")).text == "# {{ title }}"
    assert (await book.get("weekly", 1)).note == "begin"
    entries = [(entry["action"], entry["detail"]["version"]) for entry in await noted(database)]
    assert entries == [("template.create", 1), ("template.save", 2)]


async def test_saving_what_is_there_makes_no_version(database: Database) -> None:
    book = book_of(database)
    await book.save("weekly", form("a"), ALICE)
    again = await book.save("weekly", form("a", note="the same"), ALICE)
    assert again.number == 1
    assert (await book.save("weekly", form("a", description="d"), ALICE)).number == 2


async def test_of_two_who_change_the_same_version_one_is_told(database: Database) -> None:
    book = book_of(database)
    await book.save("weekly", form("a"), ALICE)
    saves = (book.save("weekly", form(f"a{n}"), ALICE, version=1) for n in range(4))
    done = await asyncio.gather(*saves, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["StaleEdit"] * 3 + ["Version"]
    changes = (book.change("weekly", TemplateChanges(text=f"b{n}"), ALICE) for n in range(4))
    done = await asyncio.gather(*changes, return_exceptions=True)
    found, _ = await book.history("weekly", below=None, limit=99)
    numbers = [version.number for version in found]
    assert numbers == list(range(len(numbers), 0, -1))
    assert {type(each).__name__ for each in done} <= {"StaleEdit", "Version"}


async def test_one_name_is_made_once_by_however_many(database: Database) -> None:
    book = book_of(database)
    made = await asyncio.gather(
        *(book.add(new("a", f"text {n}"), ALICE) for n in range(4)), return_exceptions=True
    )
    refused = [each for each in made if isinstance(each, BaseException)]
    assert len(refused) == 3
    assert all(isinstance(each, TemplateExists | StaleEdit) for each in refused)


async def test_a_change_leaves_the_rest_and_a_rollback_brings_it_back(database: Database) -> None:
    book = book_of(database)
    await book.add(new("weekly", "{{ title }}", TITLE, description="d"), ALICE)
    changed = await book.change("weekly", TemplateChanges(text="x", note="why"), ALICE)
    assert (changed.text, changed.description, changed.note) == ("x", "d", "why")
    back = await book.roll_back("weekly", 1, ALICE, version=2)
    assert (back.number, back.text, back.note) == (3, "{{ title }}", "= @1")
    with pytest.raises(StaleEdit):
        await book.roll_back("weekly", 1, ALICE, version=2)
    with pytest.raises(TemplateUnknown):
        await book.roll_back("weekly", 9, ALICE)


async def test_what_cannot_be_filled_in_is_not_saved(database: Database) -> None:
    book = book_of(database)
    with pytest.raises(
        TemplateInvalid, match="titel is not declared, did you mean title"
    ) as caught:
        await book.save("a", form("\n{{ titel }}", TITLE), ALICE)
    assert caught.value.values["line"] == 2
    with pytest.raises(TemplateInvalid):
        await book.save("a", form("{% if %}"), ALICE)
    with pytest.raises(TemplateMissing):
        await book.save("a", form('{% include "b" %}'), ALICE)
    with pytest.raises(VariableInvalid):
        await book.save("a", form("{{ n }}", {"name": "n", "type": "date", "default": "x"}), ALICE)
    with pytest.raises(TemplateUnknown):
        await book.get("a")


async def test_a_template_may_read_what_those_it_names_declare(database: Database) -> None:
    book = book_of(database)
    await book.save("base", form("{{ title }}{% block b %}{% endblock %}", TITLE), ALICE)
    text = '{% extends "base" %}{% block b %}{{ title }}{{ today }}{{ account }}{% endblock %}'
    await book.save("page", form(text), ALICE)
    bundle = await book.bundle("page", None)
    assert [variable.name for variable in bundle.variables] == ["title"]
    with pytest.raises(TemplateInvalid, match="name each other"):
        await book.save("base", form('{% include "page" %}{{ title }}', TITLE), ALICE)


async def test_what_others_need_is_removed_only_by_force(database: Database) -> None:
    book = book_of(database)
    await book.save("foot", form("x"), ALICE)
    await book.save("page", form('{% include "foot" %}'), ALICE)
    with pytest.raises(TemplateInUse, match="template page"):
        await book.remove("foot", ALICE)
    with pytest.raises(StaleEdit):
        await book.remove("foot", ALICE, version=2, force=True)
    await book.remove("foot", ALICE, version=1, force=True)
    with pytest.raises(TemplateUnknown):
        await book.remove("foot", ALICE)
    assert (await noted(database))[-1]["action"] == "template.remove"


async def test_a_kind_is_for_good(database: Database) -> None:
    book = book_of(database)
    await book.save("a", form("x"), ALICE)
    with pytest.raises(TemplateKindWrong):
        await book.save("a", form("x", kind="message"), ALICE)


async def test_built_in_ones_are_listed_until_one_of_the_same_name_is_saved(
    database: Database,
) -> None:
    book = book_of(database)
    await book.save("zebra", form("x"), ALICE)
    found, cursor = await book.page(kind=None, search="", after="", limit=6)
    assert [version.builtin for version in found] == [True] * 6
    assert cursor is not None
    rest, cursor = await book.page(kind=None, search="", after=cursor, limit=3)
    assert ([version.name for version in rest], cursor) == (["weekly-report", "zebra"], None)
    mine = await book.change("weekly-report", TemplateChanges(description="ours"), ALICE, version=1)
    assert (mine.number, mine.builtin) == (2, False)
    history, _ = await book.history("weekly-report", below=None, limit=9)
    assert [(version.number, version.builtin) for version in history] == [(2, False), (1, True)]
    found, _ = await book.page(kind="article", search="OURS", after="", limit=9)
    assert [version.number for version in found] == [2]
    with pytest.raises(TemplateUnknown):
        await book.remove("new-product", ALICE)
