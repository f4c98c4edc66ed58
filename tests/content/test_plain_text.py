import pytest

from content.manuscript import Body
from content.plain_text import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一</p><p>二<br>三</p>", "一\n\n二\n三"),
        ("<p> 多  个\n空格 </p>", "多 个 空格"),
        ("<h2>题</h2>文", "题\n\n文"),
        ("<ul><li>一</li><li><section>二</section><ul><li>三</li></ul></li></ul>x",
         "• 一\n• 二\n  • 三\n\nx"),
        ('<ol start="3"><li>三</li><li><p>四</p></li></ol>', "3. 三\n4. 四"),
        ("<ul><li>☑ 一</li><li>二</li></ul>", "☑ 一\n• 二"),
        ("<pre><code>a\n\tb  c\n\nd</code></pre>", "a\n    b  c\n\nd"),
        ("<pre>a<br>&nbsp;&nbsp;b</pre>", "a\n  b"),
        ("<table>\n<tr> <th>a</th> <th>b</th> </tr>\n<tr><td>1</td><td></td></tr></table>",
         "a | b\n1 |"),
        ('<a href="https://a.com/x">看</a>、<a href="https://a.com">a.com</a>、<a href="#x">锚</a>',
         "看（https://a.com/x）、a.com、锚"),
        ("a &lt;b&gt; a&lt;b 1 &lt; 2 &lt;/p", "a ＜b> a＜b 1 < 2 ＜/p"),
        ("<style>p{}</style><script>x()</script><p>留\u200b下\u202e</p><img src=a>", "留下"),
        ("<div>一</div><div>二</div><hr>三", "一\n二\n\n三"),
        ("", ""),
        ("<p></p><p>  </p>", ""),
    ],
)  # fmt: skip
def test_what_is_read_stays_in_its_lines(html: str, text: str) -> None:
    assert plain_text(Body(html)) == text


def test_markup_nested_without_end_is_no_trouble() -> None:
    assert plain_text(Body("<div>" * 20_000 + "x")) == "x"
