import pytest

from tests.content.markdown.conftest import Html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (":smile: 和 :+1:", "😄 和 👍"),
        ("**:tada:**", "<strong>🎉</strong>"),
        ("10:30:45 与 a:b:c :nosuch: : :", "10:30:45 与 a:b:c :nosuch: : :"),
        ("`:smile:`", "<code>:smile:</code>"),
        (r"\:smile:", ":smile:"),
    ],
)
def test_names_between_colons_are_emoji(html: Html, text: str, shown: str) -> None:
    assert html(text) == f"<p>{shown}</p>\n"


def test_the_option_leaves_them_as_typed(html: Html) -> None:
    assert html(":smile:", emoji=False) == "<p>:smile:</p>\n"
