from hypothesis import given
from hypothesis import strategies as st

from content.manuscript import Body
from content.words.folding import BARRIER
from content.words.visible import VisibleText


def text_of(html: str) -> str:
    return VisibleText(Body(html)).text.replace(BARRIER, "|")


def test_inline_markup_joins_and_blocks_part() -> None:
    assert text_of("<p>敏<b>感</b><a>词</a></p><p>乙</p>") == "敏感词|乙"
    assert text_of("<section>甲<p>乙</p>丙</section>丁") == "甲|乙|丙|丁"
    assert text_of("<table><tr><td>甲</td><td>乙</td></tr></table>") == "甲|乙"
    assert text_of("<p>甲<br>乙<span>丙</span></p>") == "甲\n乙丙"
    assert text_of("<pre><code>a<span>b</span></code></pre>") == "ab"


def test_readings_above_characters_part_no_word() -> None:
    ruby = "<p><ruby>敏<rp>(</rp><rt>mǐn</rt><rp>)</rp>感<rt>gǎn</rt></ruby>词</p><p>乙</p>"
    assert text_of(ruby) == "敏感词|乙|(|mǐn|)|gǎn"
    assert text_of("<svg><text>敏<tspan>感</tspan>词</text></svg>") == "敏感词"


def test_what_readers_do_not_see_is_not_text() -> None:
    assert text_of("甲<style>p{乙}</style><script>丙</script><p>丁</p>") == "甲|丁"
    assert text_of("") == ""


def test_offsets_count_what_readers_see() -> None:
    visible = VisibleText(Body("<p>甲</p><p>乙</p><p>丙</p>"))
    assert [visible.offset(visible.text.index(char)) for char in "甲乙丙"] == [0, 1, 2]


def test_replacing_leaves_the_markup() -> None:
    body = Body("<p>x敏<b>感</b><i>词</i>y</p><p>甲乙</p>")
    visible = VisibleText(body)
    at = visible.text.index("敏")
    last = visible.text.index("乙")
    visible.replace([(at, at + 3, "<好>"), (last, last + 1, "")])
    assert body.serialize() == "<p>x&lt;好&gt;<b></b><i></i>y</p><p>甲</p>"


@given(
    st.lists(st.sampled_from(["甲", "乙丙", "<b>丁", "</b>", "<br>", "<p>戊</p>"]), max_size=12),
    st.data(),
)
def test_replacing_changes_what_it_says_and_nothing_else(
    pieces: list[str], data: st.DataObject
) -> None:
    body = Body("".join(pieces))
    visible = VisibleText(body)
    text = visible.text
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [
        (start, end, "☆")
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
        if text[start] not in "\n\0"
        and text[end - 1] not in "\n\0"
        and BARRIER not in text[start:end]
    ]
    visible.replace(spans)
    for start, end, new in reversed(spans):
        text = text[:start] + new + text[end:]
    said = text.replace(BARRIER, "").replace("\n", "")
    assert body.plain().replace("\n", "") == said
