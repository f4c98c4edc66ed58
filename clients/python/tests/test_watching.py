import asyncio
from pathlib import Path

import pytest
from wxgate_client.watching import Lookout, Snapshot, edits

PNG = b"\x89PNG\r\n\x1a\n"


class Script:
    """What one sees, look after look; then for ever the last."""

    def __init__(self, *looks: Snapshot | None) -> None:
        self.looks = list(looks)

    def look(self) -> Snapshot | None:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]


def at(number: int) -> Snapshot:
    return {Path("a.md"): (number, 1, 1)}


@pytest.mark.parametrize(
    ("looks", "times"),
    [
        ([at(1)], 1),
        ([at(1), at(2), at(2)], 2),
        ([at(1), at(2), at(3), at(4), at(4)], 2),  # while somebody types
        ([at(1), at(2), at(1), at(1)], 1),
        ([at(1), None, None, at(1), at(1)], 1),  # replaced by an editor, the same again
        ([at(1), None, at(2), at(2), at(3), at(3)], 3),
        ([None, at(1), at(1)], 2),
        ([at(1), {}, {}], 2),
    ],
)
async def test_one_comes_once_the_files_are_still(looks: list[Snapshot | None], times: int) -> None:
    script, seen = Script(*looks), 0

    async def watch() -> None:
        nonlocal seen
        async for _ in edits(script.look, every_s=0):
            seen += 1

    task = asyncio.ensure_future(watch())
    for _ in range(100):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == times


def test_articles_and_pictures_come_change_and_go(tmp_path: Path) -> None:
    article = tmp_path / "a.md"
    article.write_text("![](x.png) ![](late.png)")
    (tmp_path / "x.png").write_bytes(PNG)
    lookout, seen = Lookout([str(tmp_path)]), []

    def changes() -> bool:
        seen.append(lookout.look())
        return seen[-1] is not None and seen[-1] not in seen[:-1]

    assert changes()
    assert not changes()
    (tmp_path / "late.png").write_bytes(PNG)
    assert changes()
    (tmp_path / "x.png").write_bytes(PNG + b"2")
    assert changes()
    other = tmp_path / "b.tmp"
    other.write_text("![](x.png) !")
    other.replace(article)
    assert changes()
    (tmp_path / "b.md").write_text("# b")
    assert changes()
    (tmp_path / "b.md").unlink()
    assert set(lookout.look() or ()) == {article, tmp_path / "x.png"}
    article.write_bytes(b"\xff\xfe")
    assert lookout.look() is None
    article.unlink()
    assert lookout.look() is None


def test_names_that_no_file_can_have_are_no_matter(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"![](a%00.png) ![]({'n' * 300}.png)")
    assert lookout_holds(tmp_path)


def lookout_holds(folder: Path) -> bool:
    lookout = Lookout([str(folder)])
    return lookout.look() == lookout.look() is not None
