import pytest

from content.steps.srcset import largest_of


@pytest.mark.parametrize(
    ("srcset", "picture"),
    [
        ("", ""),
        (" , ,", ""),
        ("a.png", "a.png"),
        ("a.png 1x, b.png 1.5x", "b.png"),
        ("a.png 480w,b.png 1200w , c.png 800w", "b.png"),
        ("a.png, b.png 2x", "b.png"),
        ("https://a.com/x,y.png 2x, b.png", "https://a.com/x,y.png"),
        ("data:image/png;base64,AAAA 1x, b.png 2x", "b.png"),
        ("a.png huge, b.png", "a.png"),
    ],
)
def test_the_largest_candidate_is_taken(srcset: str, picture: str) -> None:
    assert largest_of(srcset) == picture
