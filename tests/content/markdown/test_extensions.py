from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from content.article import ArticleFields
from content.markdown.extensions import load_extension
from content.refusals import ExtensionBroken
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool

RULE = """
def use(md):
    md.core.ruler.push("shout", shout)

def shout(state):
    for token in state.tokens:
        for child in token.children or []:
            child.content = child.content.upper()
"""


@pytest.fixture
def rule(tmp_path: Path) -> str:
    path = tmp_path / "shout.py"
    path.write_text(RULE, "utf-8")
    return str(path)


async def test_a_rule_of_the_operators_own_shapes_articles(pool: WorkerPool, rule: str) -> None:
    fields = ArticleFields(markdown="# t\n\nhello")
    with_it = await Renderer(pool, ContentSettings(extensions=(rule,))).render(fields)
    without = await Renderer(pool, ContentSettings()).render(fields)
    assert "HELLO" in with_it.content
    assert "hello" in without.content


async def test_one_that_fails_is_named_with_the_reason(pool: WorkerPool, tmp_path: Path) -> None:
    path = str(tmp_path / "missing.py")
    with pytest.raises(ExtensionBroken) as caught:
        await Renderer(pool, ContentSettings(extensions=(path,))).render(
            ArticleFields(markdown="x")
        )
    assert path in caught.value.describe("zh", "r")["message"]


def test_a_module_may_be_named_too(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(rule).parent))
    md = MarkdownIt()
    load_extension("shout")(md)
    assert md.render("a") == "<p>A</p>\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "AttributeError"),
        ("def use(md): md.nosuch()", "AttributeError"),
        ("def use(md:", "SyntaxError"),
        ("import nosuch", "ModuleNotFoundError"),
        ("import sys\nsys.exit(3)", "SystemExit"),
    ],
)
def test_whatever_is_wrong_with_it_is_told(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "rule.py"
    path.write_text(text, "utf-8")
    with pytest.raises(ExtensionBroken) as caught:
        load_extension(str(path))
    assert str(caught.value.values["reason"]).startswith(reason)
