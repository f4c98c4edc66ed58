import pytest

from tests.content.markdown.conftest import Html

_CAPTION = "<figcaption>说明 &lt;1&gt;</figcaption>"


@pytest.mark.parametrize(
    "text",
    [
        '![a](b.png "说明 <1>")',
        '![a](b.png "说明 <1>"){width=50%}',
        '[![a](b.png "说明 <1>")](https://a.com)',
        '- ![a](b.png "说明 <1>")',
        '> ![a](b.png "说明 <1>")',
    ],
)
def test_the_title_of_a_picture_alone_stands_below_it(html: Html, text: str) -> None:
    out = html(text)
    assert "<figure><img" in out.replace('<a href="https://a.com">', "")
    assert _CAPTION + "</figure>" in out


@pytest.mark.parametrize(
    "text",
    ['字 ![a](b.png "t")', '![a](b.png "t") ![c](d.png "u")', "![a](b.png)", '[a](b "t")'],
)
def test_other_pictures_have_none(html: Html, text: str) -> None:
    assert "fig" not in html(text)


def test_the_option_leaves_it_out(html: Html) -> None:
    assert "fig" not in html('![a](b.png "t")', captions=False)
