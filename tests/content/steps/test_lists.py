import pytest

from content.manuscript import Body
from content.steps.lists import flatten_lists
from tests.content.conftest import manuscript


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "<ul><li>a</li><ul><li>b</li></ul></ul>"),
        (
            "<ol><li>a<ul><li>b<ol><li>c</li></ol>\n</li></ul></li><li>d</li></ol>",
            "<ol><li>a</li><ul><li>b\n</li><ol><li>c</li></ol></ul><li>d</li></ol>",
        ),
        # moving it would change the order of the text
        (
            "<ul><li>a<ul><li>b</li></ul>tail</li></ul>",
            "<ul><li>a<ul><li>b</li></ul>tail</li></ul>",
        ),
    ],
)
def test_a_nested_list_follows_its_item(before: str, after: str) -> None:
    body = Body(before)
    flatten_lists(manuscript(), body)
    assert body.serialize() == after
