import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from content.markdown.typography import Piece, improve
from content.options import RenderOptions
from content.workers import WorkerPool, WorkRefused
from tests.content.conftest import Render, request

ALL = RenderOptions(space_cjk=True, cjk_punctuation=True, smart_quotes=True)
SWITCHES = [
    ALL,
    RenderOptions(space_cjk=True),
    RenderOptions(cjk_punctuation=True),
    RenderOptions(smart_quotes=True),
]
_PARTS = st.text(
    alphabet="中文的年日aB1 9,.!?:;()\"'“”（），。%+#$/<>-=@\n", max_size=12
) | st.sampled_from(
    ["https://a.com/x?y=1,2", "it's", "2026年", "中文", "English", "3.14", "...", "'90s", "$a,b$"]
)
PIECES = st.lists(
    st.builds(Piece, _PARTS, st.integers(0, 2), st.just(False))
    | st.builds(Piece, st.just("\ufffc"), st.integers(0, 2), st.just(True)),
    max_size=6,
)


@pytest.mark.parametrize("options", SWITCHES)
@given(pieces=PIECES)
@example(pieces=[Piece("中:)(中:)")])
def test_doing_it_twice_changes_nothing_more(options: RenderOptions, pieces: list[Piece]) -> None:
    once = improve(pieces, options)
    again = [piece._replace(text=text) for piece, text in zip(pieces, once, strict=True)]
    assert improve(again, options) == once


@given(pieces=PIECES)
def test_letters_and_digits_stay_and_frozen_pieces_too(pieces: list[Piece]) -> None:
    done = improve(pieces, ALL)
    for piece, text in zip(pieces, done, strict=True):
        assert re.sub(r"[\W_]", "", text) == re.sub(r"[\W_]", "", piece.text)
        assert not piece.frozen or text == piece.text


@given(
    st.sampled_from(["https://a.com/x?y=(1),2;'\"z", "www.a.b/c,d", "me@a.com", "$中a,'b'$"]),
    st.text(alphabet="中a ,.", max_size=5),
)
def test_addresses_and_formulas_stay(address: str, around: str) -> None:
    assert address in "".join(improve([Piece(f"{around} {address} {around}")], ALL))


def test_off_nothing_happens(render: Render) -> None:
    text = '中文English,"引用"(a)'
    assert text in render(text)["content"].replace("&quot;", '"')


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("中文**English**中文", "中文 <strong>English</strong> 中文"),
        ("**中文**English", "<strong>中文</strong> English"),
        ("用`npm,run`装,好了", "用<code>npm,run</code>装，好了"),
        ('说"**粗体**",好', "说“<strong>粗体</strong>”，好"),
        ("见<https://a.b/c,d>,好", "https://a.b/c,d"),
        ("看[文字text](https://a.b/中a,'x')", "文字 text"),
        ("# 标题Title\n\n中文,", "中文，"),
        ("用<code>中a,</code>好,是", "<code>中a,</code>好，是"),
        ("| 中a | b中 |\n|--|--|\n| x中, | y |", "x 中，"),
    ],
)
def test_it_works_across_markup_and_beside_what_stays(
    render: Render, markdown: str, html: str
) -> None:
    content = render(markdown, options=ALL.given())["content"]
    assert html in re.sub(r' style="[^"]*"', "", content)


def test_a_frozen_piece_stays_and_its_neighbours_do_not() -> None:
    pieces = [Piece("见"), Piece("a,中b", 1, frozen=True), Piece("文,好")]
    assert improve(pieces, ALL) == ["见 ", "a,中b", " 文，好"]


def test_code_stays(render: Render) -> None:
    content = render("```\n中a,'b'\n```\n\n    中a,\"b\"\n\n字", options=ALL.given())["content"]
    text = re.sub("<[^>]*>", "", content).replace("&quot;", '"')
    assert "中a,'b'" in text
    assert '中a,"b"' in text


def test_the_title_of_a_heading_is_improved_too(render: Render) -> None:
    assert render("# 用Python写,好\n\n正文", options=ALL.given())["title"] == "用 Python 写，好"


async def test_many_pieces_of_a_paragraph_take_linear_work(pool: WorkerPool) -> None:
    # In the time of a worker; quadratic work would take four times as long.
    arguments = request("http://a.b " * 4_000, title="t", options=ALL.given())
    with pytest.raises(WorkRefused) as caught:
        await pool.run("render", arguments)
    assert caught.value.code == "draft_content_too_long"
