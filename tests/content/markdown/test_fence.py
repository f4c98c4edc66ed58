import pytest

from content.markdown.fence import Fence


@pytest.mark.parametrize(
    ("info", "fence"),
    [
        ("", Fence()),
        ("python", Fence("python")),
        ("js:src/app.js", Fence("js", "src/app.js")),
        ('python title="a b.py"', Fence("python", "a b.py")),
        ("python title=main.py linenos", Fence("python", "main.py")),
        ("js {1,3-5}", Fence("js", "", (range(1, 2), range(3, 6)))),
        ("js{2}", Fence("js", "", (range(2, 3),))),
        ("{.python}", Fence()),
        ("js {9-1,-,,-2}", Fence("js", "", (range(9, 2),))),
        ("c++ title=''", Fence("c++")),
    ],
)
def test_what_stands_behind_the_backticks(info: str, fence: Fence) -> None:
    assert Fence.parse(info) == fence


def test_a_hostile_info_string_is_cut() -> None:
    fence = Fence.parse("a" * 100_000 + " title=" + "b" * 100_000)
    assert len(fence.language) == 30
    assert Fence.parse("x title=" + "b" * 100_000).title == "b" * 60
    assert Fence.parse("x {1-99999999999}").marks(10**9)


def test_lines_are_marked_by_their_number() -> None:
    fence = Fence.parse("js {1,3-5}")
    assert [line for line in range(9) if fence.marks(line)] == [1, 3, 4, 5]
