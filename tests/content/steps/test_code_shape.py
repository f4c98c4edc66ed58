import pytest

from content.manuscript import Body
from content.steps.code_shape import keep_code_shape
from tests.content.conftest import Render, manuscript


def _shaped(html: str) -> str:
    body = Body(html)
    keep_code_shape(manuscript(html, is_markdown=False), body)
    return body.serialize().replace("\u00a0", "·").replace("&nbsp;", "·")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<pre>a\n  b\n\nc</pre>", "<pre>a<br>··b<br><br>c</pre>"),
        ("<pre><code>a\tb</code></pre>", "<pre><code>a····b</code></pre>"),
        ("<pre><b>x </b>\n<i>y</i>\n</pre>", "<pre><b>x·</b><br><i>y</i><br></pre>"),
        ("<pre>a &lt;b&gt;\r\n&amp;</pre>", "<pre>a·&lt;b&gt;<br>&amp;</pre>"),
        ("<p>a  b\nc</p><pre>d</pre>", "<p>a  b\nc</p><pre>d</pre>"),
    ],
)
def test_lines_and_spaces_of_code_stay(before: str, after: str) -> None:
    assert _shaped(before) == after


def test_an_article_of_html_keeps_its_code(render: Render) -> None:
    html = render(html="<pre>if x:\n    y</pre>", title="t")["content"]
    assert html == "<pre>if&nbsp;x:<br>&nbsp;&nbsp;&nbsp;&nbsp;y</pre>"


def test_our_own_code_blocks_are_left_as_they_came() -> None:
    html = "<pre>if x:<br>&nbsp;y z</pre>"
    body = Body(html)
    keep_code_shape(manuscript(html), body)
    assert body.serialize() == html


def test_so_does_code_written_as_html_in_markdown(render: Render) -> None:
    html = render("a\n\n<pre>if x:\n    y</pre>\n\nb", title="t", theme="blank")["content"]
    assert ">if&nbsp;x:<br>&nbsp;&nbsp;&nbsp;&nbsp;y</pre>" in html
