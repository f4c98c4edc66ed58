import pytest

from content.message import write_message
from content.templated import fill_template
from templates.builtin import load_builtin
from templates.inspect import inspect
from templates.shelf import Bundle
from templates.values import check_default
from templates.variables import BUILT_IN
from tests.content.conftest import Render
from tests.templates.library import NOW

NAMES = ("event-notice", "new-product", "season-greetings", "weekly-report")
MESSAGES = ("event", "event-en", "notice")


def test_these_come_with_wxgate() -> None:
    kinds = {name: version.kind for name, version in load_builtin().items()}
    assert kinds == dict.fromkeys(MESSAGES, "message") | dict.fromkeys(NAMES, "article")


@pytest.mark.parametrize("name", MESSAGES)
def test_examples_make_a_message_in_all_its_forms(name: str) -> None:
    version = load_builtin()[name]
    request = Bundle(version, {name: version}).request({}, at=NOW, account="", examples=True)
    made = write_message(request)[0]
    assert all(made[form] for form in ("subject", "text", "markdown", "html"))
    assert "{{" not in made["text"]


@pytest.mark.parametrize("name", (*NAMES, *MESSAGES))
def test_each_declares_just_what_it_reads_and_explains_it(name: str) -> None:
    version = load_builtin()[name]
    found = inspect(name, version.text)
    declared = {variable.name for variable in version.variables}
    assert set(found["reads"]) - BUILT_IN == declared
    assert found["uses"] == []
    for variable in version.variables:
        check_default(variable, name, NOW)


@pytest.mark.parametrize("name", NAMES)
def test_its_examples_make_an_article_without_a_warning(name: str, render: Render) -> None:
    version = load_builtin()[name]
    request = Bundle(version, {name: version}).request({}, at=NOW, account="", examples=True)
    markdown = fill_template(request)[0]["text"]
    article = render(markdown)
    assert article["title"]
    assert article["warnings"] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_must_be_given_is_enough(name: str, render: Render) -> None:
    version = load_builtin()[name]
    given = {each.name: each.example for each in version.variables if each.required}
    given = {name: value for name, value in given.items() if value is not None}
    request = Bundle(version, {name: version}).request(given, at=NOW, account="")
    assert render(fill_template(request)[0]["text"])["title"]
