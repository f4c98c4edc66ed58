import os
from pathlib import Path

from content.theming.folder import ThemesFolder


def test_the_stamp_changes_with_the_stylesheets_a_second_later(tmp_path: Path) -> None:
    clock = [0.0]
    folder = ThemesFolder(str(tmp_path), now=lambda: clock[0])
    empty = folder.stamp()
    (tmp_path / "mine.css").write_text("p{color:red}")
    assert folder.stamp() == empty
    clock[0] = 1.0
    first = folder.stamp()
    assert first != empty
    os.utime(tmp_path / "mine.css", ns=(1, 1))
    (tmp_path / "notes.txt").write_text("x")
    clock[0] = 2.0
    second = folder.stamp()
    assert second != first
    (tmp_path / "notes.txt").unlink()
    clock[0] = 3.0
    assert folder.stamp() == second


def test_without_a_folder_nothing_ever_changes(tmp_path: Path) -> None:
    assert ThemesFolder("").stamp() == ""
    gone = ThemesFolder(str(tmp_path / "gone"))
    assert gone.stamp() == gone.stamp()
