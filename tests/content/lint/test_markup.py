import pytest

from tests.content.lint.conftest import Lint


@pytest.mark.parametrize(
    "tag", ["script", "iframe", "object", "embed", "video", "audio", "select", "canvas", "link"]
)
def test_what_wechat_removes_with_its_content_is_told(lint: Lint, tag: str) -> None:
    told = lint(html=f"<p>a</p>\n<{tag}></{tag}>")["tag_banned"]
    assert (told["level"], told["position"], told["mendable"]) == ("warning", (2, 1), True)


def test_tags_that_only_lose_themselves_are_noted_once(lint: Lint) -> None:
    told = lint(html="<font>a</font><font>b</font>")["tag_unwrapped"]
    assert "<font> (2 of them)" in told["message"][1]


def test_honest_markup_is_left_in_peace(lint: Lint) -> None:
    html = "<html><head><title>t</title></head><body><div><section><p>a<b>b</b><br></p></div>"
    told = lint(html=html, title="t")
    assert not [rule for rule in told if rule.startswith(("tag", "attribute", "svg"))]


def test_parts_of_drawings_that_wechat_drops_are_told(lint: Lint) -> None:
    html = "<p>a</p><svg><defs></defs><path d='M0'/></svg>"
    assert "<defs>" in lint(html=html)["svg_part"]["message"][1]


def test_attributes_that_do_not_survive_are_told(lint: Lint) -> None:
    told = lint(html="<p class=a id=b onclick='x()'>a</p>")
    assert "onclick" in told["attribute_event"]["message"][1]
    assert told["attribute_class"]["level"] == "info"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("行\n<iframe src=a></iframe>", 2),
        ("a\n\n<div>\n<video>\n</div>\n\nb", 4),
        ("- x\n- b <input> y", 2),
        ("a\nb <b\n><video>", 3),
    ],
)
def test_html_in_markdown_is_judged_by_its_line(lint: Lint, text: str, line: int) -> None:
    assert lint(text)["tag_banned"]["position"] == (line, None)


def test_a_style_in_markdown_is_judged_too(lint: Lint) -> None:
    assert "position" in str(lint('字 <span style="position:fixed">x</span>'))


@pytest.mark.parametrize("text", ["a < b", "`<form>`", "```\n<form>\n```", "\\<form>"])
def test_a_sign_in_the_text_or_in_code_is_no_html(lint: Lint, text: str) -> None:
    assert "tag_banned" not in lint(text)
