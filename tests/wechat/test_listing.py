from typing import Any

import pytest

from wechat.call import BadAnswer
from wechat.listing import Page, read_page


def test_a_page_is_its_items_and_the_length_of_the_list() -> None:
    answer = {"total_count": 41, "item_count": 1, "item": [{"media_id": "M"}]}
    assert read_page(answer) == Page([{"media_id": "M"}], 41)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"item": []},
        {"item": [], "total_count": "1"},
        {"item": [], "total_count": True},
        {"item": None, "total_count": 0},
        {"item": [1], "total_count": 1},
    ],
)
def test_anything_else_is_no_page(answer: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer):
        read_page(answer)
