import pytest

from content.theming.declarations import gather, read, short, write


def _shortest(style: str) -> str:
    return write(gather(read(style)))


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("color: #AABBCC; font-weight: bold", "color:#abc;font-weight:700"),
        ("letter-spacing: 0.50px; line-height: 1.75", "letter-spacing:.50px;line-height:1.75"),
        ("margin: 0px 0px 20px", "margin:0 0 20px"),
        ("margin: 0 0 20px; margin-bottom: 8px", "margin:0 0 8px"),
        ("margin-top: 1px; margin: 2px", "margin:2px"),
        ("padding-left: 4px", "padding-left:4px"),
        ("margin: 1px 2px 1px 2px", "margin:1px 2px"),
        ("color: rgba( 1, 2 , 3, 0.5 )", "color:rgba(1,2,3,.5)"),
        ('font-family: "PingFang SC" , serif', "font-family:'PingFang SC',serif"),
        ("color: red !important; color: blue", "color:blue"),
        ("background-color: #fff", "background:#fff"),
        ("border-left: 4px solid red; border: 0", "border:0"),
        ("border-radius: 4px; border: 0", "border-radius:4px;border:0"),
        ("border: 0; border-left: 4px solid red", "border:0;border-left:4px solid red"),
        ("font-size: 14px; line-height: 2; font: inherit", "font:inherit"),
        ("margin: calc(1px + 2px) 3px", "margin:calc(1px + 2px) 3px"),
    ],
)
def test_styles_are_written_in_their_shortest_form(style: str, expected: str) -> None:
    assert _shortest(style) == expected


def test_a_semicolon_in_quotes_ends_nothing() -> None:
    assert list(read("font-family:'a;b';color:red")) == [("font-family", "'a;b'"), ("color", "red")]


def test_a_longhand_stays_where_its_shorthand_cannot_be_read() -> None:
    assert _shortest("margin:calc(1px + 2px);margin-top:3px") == (
        "margin:calc(1px + 2px);margin-top:3px"
    )


def test_an_address_is_left_as_it_is() -> None:
    address = "url(https://a.com/0px/#AABBCC  x)"
    assert short("background", address) == address


def test_colours_and_numbers_that_only_look_alike_are_left() -> None:
    assert short("color", "#abcdef") == "#abcdef"
    assert short("width", "100px") == "100px"
    assert short("background", "#aabbccdd") == "#aabbccdd"


def test_a_colour_does_not_take_a_background_picture_away() -> None:
    style = "background-image:url('picture:0');background-color:#fff"
    assert write(gather(read(style))) == style
