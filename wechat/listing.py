from collections.abc import Mapping
from typing import Any, NamedTuple

from wechat.call import BadAnswer


class Page(NamedTuple):
    """A page of one of WeChat's lists, newest first."""

    items: list[Mapping[str, Any]]
    total: int  # of the whole list


def read_page(answer: Mapping[str, Any]) -> Page:
    """The page that a batchget answered with. Raises BadAnswer."""
    total = answer.get("total_count")
    if not isinstance(total, int) or isinstance(total, bool):
        raise BadAnswer(reason="no total_count")
    return Page(read_items(answer, "item"), total)


def read_items(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The list of objects under `name`. Raises BadAnswer."""
    items = answer.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadAnswer(reason=f"no list {name}")
    return items
