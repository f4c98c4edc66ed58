import pytest

from jobs.plaintext import text_hash


@pytest.mark.parametrize(
    ("sent", "read_back"),
    [
        ("<p style='color:#FA5151'>红 字</p>", '<p style="color: rgb(250, 81, 81)">红字</p>'),
        ("<div id=a class=b><p>a&nbsp;b</p></div>", "<section>\n<p>a b</p>\n</section>"),
        ("a&lt;b&amp;&#20013;", "<span>a&lt;b&amp;中</span>"),
        ("<style>p{}</style>a<script>x()</script>", "a"),
        ("a\u200bb\ufeff", "ab"),
        ("e\u0301", "é"),
    ],
)
def test_what_wechat_rewrites_does_not_matter(sent: str, read_back: str) -> None:
    assert text_hash(sent) == text_hash(read_back)


@pytest.mark.parametrize(
    ("one", "other"),
    [("<p>ab</p>", "<p>ac</p>"), ("<p>ab</p>", "<p>abb</p>"), ("a", "A"), ("a", "")],
)
def test_other_words_are_another_text(one: str, other: str) -> None:
    assert text_hash(one) != text_hash(other)
