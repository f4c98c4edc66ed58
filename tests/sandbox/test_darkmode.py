import pytest

from sandbox.darkmode import blend, darken, parse_color


@pytest.mark.parametrize(
    ("light", "dark"),
    [
        # Near white becomes the page's own grey, other greys are inverted.
        ('<p style="background:#ffffff;color:#000">', "background:rgb(25,25,25)"),
        ('<p style="background:#f6f6f6;color:#000">', "background:rgb(34,34,34)"),
        # A bright colour is held at a brightness of 190, a dark one raised to 22 %.
        ('<p style="background:#d0f0e0;color:#000">', "background:rgb(173,199,186)"),
        ('<p style="background:#101020;color:#fff">', "background:rgb(37,37,75)"),
        # Dark text is inverted, bright text stays.
        ('<p style="color:#333333">', "color:rgb(178,178,178)"),
        ('<p style="color:#ffffff">', "color:rgb(255,255,255)"),
        # Hardly visible tints are left alone.
        ('<p style="background:rgba(0,0,0,0.04);color:#fff">', "background:rgba(0,0,0,0.04)"),
    ],
)
def test_colours_are_turned_as_wechats_app_turns_them(light: str, dark: str) -> None:
    assert dark in darken(light + "x</p>")


def test_text_without_a_colour_gets_one_that_fits_a_new_background() -> None:
    assert "color:rgb(" in darken('<p style="background:#f6f6f6">x</p>').partition("background")[2]


def test_a_border_is_turned_like_text() -> None:
    assert darken('<p style="border-top:1px solid #333333">x</p>') == (
        '<p style="border-top:1px solid rgb(178,178,178)">x</p>'
    )


def test_colours_are_read_in_their_notations() -> None:
    assert parse_color("#abc") == ((170, 187, 204), 1.0)
    assert parse_color("#00000080") == ((0, 0, 0), 128 / 255)
    assert parse_color("rgba(1, 2, 3, .5)") == ((1, 2, 3), 0.5)
    assert parse_color("white") == ((255, 255, 255), 1.0)
    assert parse_color("#12345") is None
    assert blend((0, 0, 0), (100, 200, 50), 0.5) == (50, 100, 25)
