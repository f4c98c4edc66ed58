import pytest
from markdown_it import MarkdownIt

from content.markdown.quick import quicken

TEXTS = [
    "[a](https://example.com/a?b=c&d=%E4#x)",
    "[a](https://例子.测试/路径)",
    "[a](HTTP://EXAMPLE.COM/) [b](<https://a.com/b c>)",
    "[a](https://example.com/100%) [b](https://a.com:8080) [c](https://u:p@a.com/x)",
    "https://example.com/a_b 与 http://a.com。ftp://x.y/z //a.com/b",
    "没有链接的一句话 example.com",
    "mailto:a@b.com a@b.com",
    "[a](http://[::1]/x) [b](http://a_b.com)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_outcome_is_the_same(text: str) -> None:
    made = []
    for quick in (False, True):
        md = MarkdownIt("gfm-like2")
        assert md.linkify is not None
        md.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
        if quick:
            quicken(md)
        made.append(md.render(text))
    assert made[0] == made[1]
