import pytest

from content.roundtrip.compare import compare
from sandbox.filters import ArticleFilter
from tests.content.conftest import Render

PICTURE = "https://mmbiz.qpic.cn/a/0?wx_fmt=png"


def _told(sent: str, kept: str) -> list[tuple[object, ...]]:
    return [
        (each["what"], each["change"], each["name"], each["count"]) for each in compare(sent, kept)
    ]


@pytest.mark.parametrize(
    ("sent", "kept", "told"),
    [
        ("<p>a<video>x</video></p>", "<p>ax</p>", [("tag", "dropped", "video", 1)]),
        ("<p>a</p><p>b</p>", "<p><b>a</b></p><p><b>b</b></p>", [("tag", "added", "b", 2)]),
        ("<div><p>a</p></div>", "<p>a</p>", [("tag", "dropped", "div", 1)]),
        ("<p style='top:0'>a</p>", "<p>a</p>", [("style", "dropped", "top", 1)]),
        ("<p align=left>a</p>", "<p align=right>a</p>", [("attribute", "changed", "align", 1)]),
        ("<a href='https://a.com'>x</a>", "<a>x</a>", [("link", "dropped", "href", 1)]),
        ("a<img src='https://a.com/b'>c", "ac", [("picture", "dropped", "img", 1)]),
        ("<p>一二三</p>", "<p>一X三</p>", [("text", "changed", "", 1)]),
        ("<p>一二三</p>", "<p>一三</p>", [("text", "dropped", "", 1)]),
        ("<p>a</p>", "", [("tag", "dropped", "p", 1), ("text", "dropped", "", 1)]),
    ],
)
def test_what_is_gone_is_told(sent: str, kept: str, told: list[tuple[object, ...]]) -> None:
    assert _told(sent, kept) == told


def test_wechats_own_spelling_is_no_change() -> None:
    sent = f"<p style='color:#FA5151;margin:0'>a <b>b</b></p><img src='{PICTURE}' alt='x'>"
    kept = (
        '<p data-x="1" style="margin: 0px; color: rgb(250, 81, 81);">a&nbsp;<b>b</b></p>'
        f'<img alt="x" data-ratio="1" data-src="{PICTURE.replace("https", "http")}&from=appmsg">'
    )
    assert compare(sent, kept) == []


def test_an_article_of_ours_comes_back_as_it_was_sent(render: Render) -> None:
    text = "# 题\n\n**粗** `码`\n\n- a\n- b\n\n> 引\n\n|a|b|\n|-|-|\n|1|2|\n\n```py\nx = 1\n```\n"
    sent = f"{render(text)['content']}<img src='{PICTURE}' alt='a'>"
    assert compare(sent, ArticleFilter().clean(sent)) == []


def test_what_the_filter_takes_is_told_the_worst_first() -> None:
    sent = (
        "<section style='position:fixed;color:red'>a<video></video>"
        "<img src='https://a.com/x.png'></section>"
    )
    told = _told(sent, ArticleFilter().clean(sent))
    assert told == [
        ("picture", "dropped", "img", 1),
        ("tag", "dropped", "video", 1),
        ("style", "dropped", "position", 1),
    ]


def test_changes_are_bounded_in_number_and_length() -> None:
    sent = "".join(f"a<img src='https://a.com/{n}{'x' * 200}'>" for n in range(100))
    told = compare(sent, "a" * 100)
    assert len(told) == 30
    assert all(len(str(value)) <= 81 for each in told for value in each.values())
