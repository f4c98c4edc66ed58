from typing import Any

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.message import write_message

NASTY = "[x](https://evil.test) <at id=all></at> <!channel> `c` @all\n# 大标题"


def written(text: str, **values: Any) -> dict[str, Any]:
    types = {name: "markdown" if name == "md" else "text" for name in values}
    about = {"kind": "message", "entry": "t", "at": 0.0, "account": "main"}
    return write_message({**about, "texts": {"t": text}, "values": values, "types": types})[0]


def test_the_subject_is_the_front_matters_or_the_first_line() -> None:
    assert written("---\nsubject: {{ a }}：好了\n---\n正文", a="文")["subject"] == "文：好了"
    assert written("# 标题\n\n正文")["subject"] == "标题"


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y", "a\u2028b", "长" * 500])
def test_a_subject_is_one_line_whatever_is_put_in(value: str) -> None:
    subject = written("---\nsubject: {{ a }}\n---\nx", a=value)["subject"]
    assert subject.isprintable()
    assert len(subject) <= 200


def test_one_text_is_written_for_mail_for_chats_and_plain() -> None:
    text = "---\nsubject: s\n---\n**{{ a }}** 见 [这里]({{ u }})\n第二行\n\n- {{ a }}"
    made = written(text, a="甲 & <乙>", u="https://gate.test/j?a=1&b=(2)")
    assert made["text"] == (
        "甲 & <乙> 见 这里（https://gate.test/j?a=1&b=(2)）\n第二行\n\n• 甲 & <乙>"
    )
    assert made["markdown"].startswith(
        "**甲 & ＜乙＞** 见 [这里](https://gate.test/j?a=1&b=%282%29)\n第二行"
    )
    assert 'href="https://gate.test/j?a=1&amp;b=(2)"' in made["html"]
    assert "<strong>甲 &amp; &lt;乙&gt;</strong>" in made["html"]


def test_what_somebody_typed_is_no_link_no_mention_and_no_tag() -> None:
    made = written("正文 {{ a }}", a=NASTY)
    assert "](" not in made["markdown"]
    assert "<" not in made["markdown"]
    assert "<a" not in made["html"]
    assert "<br># 大标题" in made["html"]
    assert "\n# 大标题" in made["text"]


def test_an_address_that_runs_is_no_link() -> None:
    assert "javascript" not in written("[x]({{ u }})", u="javascript:alert(1)")["html"]


def test_a_markdown_value_is_markdown() -> None:
    assert "<strong>b</strong>" in written("a {{ md }}", md="**b**")["html"]


@given(st.text(max_size=200), st.text(max_size=60))
def test_whatever_is_put_in_ends_as_sound_html(text: str, value: str) -> None:
    clean = "".join(c for c in text + value if c.isprintable() or c == "\n")
    made = written("{{ a }}\n\n> {{ a }} [b]({{ a }})", a=clean)
    html5lib.HTMLParser(strict=True).parseFragment(made["html"])
