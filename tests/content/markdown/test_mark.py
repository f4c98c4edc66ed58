import pytest

from tests.content.markdown.conftest import Html


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("==标记==", "<mark>标记</mark>"),
        ("前==“引”==后", "前<mark>“引”</mark>后"),
        ("==a **b** c==", "<mark>a <strong>b</strong> c</mark>"),
        ("**a ==b== c**", "<strong>a <mark>b</mark> c</strong>"),
        (
            "[==a==](https://mp.weixin.qq.com/s/x)",
            '<a href="https://mp.weixin.qq.com/s/x"><mark>a</mark></a>',
        ),
        # no marks
        ("a == b == c", "a == b == c"),
        ("=a= ===b=== ==", "=a= ===b=== =="),
        ("`==a==`", "<code>==a==</code>"),
    ],
)
def test_two_equals_signs_mark(html: Html, text: str, inner: str) -> None:
    assert html(text) == f"<p>{inner}</p>\n"
