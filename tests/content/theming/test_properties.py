import pytest

from content.theming.properties import KEPT, LOST_VALUE


def test_every_side_and_corner_is_kept() -> None:
    assert {"margin-left", "border-top-color", "border-bottom-right-radius"} <= KEPT
    assert not KEPT & {"position", "transform", "animation", "flex", "content"}


@pytest.mark.parametrize(
    "value", ["url(x)", "URL (x)", "linear-gradient(red,blue)", "var(--x)", "flex", "a\\62"]
)
def test_values_that_wechat_loses_are_known(value: str) -> None:
    assert LOST_VALUE.search(value)


@pytest.mark.parametrize("value", ["#fff", "1px solid red", "flexible", "rgb(1,2,3)"])
def test_other_values_are_not(value: str) -> None:
    assert not LOST_VALUE.search(value)
