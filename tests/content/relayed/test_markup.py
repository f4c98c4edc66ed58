import pytest

from content.relayed.markup import pictures_of, wrapper_of

A, B = "https://a.invalid/1.png", "https://a.invalid/2.png?x=1&y=2"


def sources(html: str) -> list[str]:
    return [named.src for named in pictures_of(html)]


def without(html: str) -> str:
    for span in reversed(wrapper_of(html)):
        html = html[: span.start] + html[span.end :]
    return html


@pytest.mark.parametrize(
    "html",
    [
        f'<img src="{A}">',
        f"<img src='{A}'/>",
        f"<IMG alt=x SRC={A}>",
        f'<img\n  src = "{A}"\n>',
        f'<img data-src=" {A} ">',
        f'<p title="a>b"><img alt="<" src="{A}"></p>',
        '<img src="//a.invalid/1.png">',
        f'<section style="background-image:url({A})">',
        f"<section style=\"background: red url( '{A}' ) no-repeat\">",
        f'<section style="background:URL(&quot;{A}&quot;)">',
        f"<section style='background:url(\"{A}\")'>",
    ],
)
def test_a_picture_is_found_however_it_is_written(html: str) -> None:
    assert sources(html) == [A]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://mmbiz.qpic.cn/mmbiz_png/x/0?wx_fmt=png">',
        f'<!-- <img src="{A}"> -->',
        f'<a href="{A}">x</a>',
        f"<p>url({A})</p>",
        '<img src="">',
        '<section style="filter:url(#blur)">',
        '<section style="background:url(https://a\\2e b/1.png)">',
    ],
)
def test_what_is_there_or_is_no_picture_is_left_alone(html: str) -> None:
    assert sources(html) == []


def test_the_span_is_the_address_alone() -> None:
    html = f'<img src="{B.replace("&", "&amp;")}"><i style="background:url(&quot;{A}&quot;)">'
    first, second = pictures_of(html)
    assert (first.src, html[slice(*first.span)]) == (B, B.replace("&", "&amp;"))
    assert (second.src, html[slice(*second.span)], second.is_background) == (A, A, True)


@pytest.mark.parametrize(
    "wrapped",
    [
        "<html><head></head><body>{}</body></html>",
        "<!DOCTYPE html>\n<html lang=zh>\n<head><meta x></head>\n<body style='x'>{}</body>\n</html>\n",
        "<HTML><BODY>{}</BODY></HTML>",
        "<body>{}</body>",
        "<html>{}</html>",
    ],
)
def test_a_wrapper_goes(wrapped: str) -> None:
    assert without(wrapped.format("<p>一</p>")) == "<p>一</p>"


@pytest.mark.parametrize("html", ["", "<p>x</p>", "  <section>x</section>", "<p><body></p>"])
def test_what_has_none_stays(html: str) -> None:
    assert wrapper_of(html) == []


@pytest.mark.parametrize(
    "hostile",
    [
        *("<" * 200_000, "<img " * 60_000, "url(" * 60_000, "<!--" * 60_000),
        *("<html><head>" * 30_000, "<img src='" * 40_000, '<a style="url(' * 30_000),
        '<i style="' + "url(&quot;" * 40_000,
    ],
)
def test_whatever_comes_takes_linear_time(hostile: str) -> None:
    """Quadratic, any of these takes minutes, which the suite's own limit ends."""
    list(pictures_of(hostile))
    wrapper_of(hostile)
