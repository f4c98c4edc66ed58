import os
from pathlib import Path

import pytest
from wxgate_client.folders import find_markdown


def tree(tmp_path: Path) -> Path:
    for name in ("b.md", "a.md", "sub/c.markdown", "notes.txt", ".git/x.md", "node_modules/y.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# t")
    return tmp_path


def test_files_folders_and_globs_are_found_once_each(tmp_path: Path) -> None:
    root = tree(tmp_path)
    names = [path.relative_to(root).as_posix() for path in find_markdown([str(root)])]
    assert names == ["a.md", "b.md", "sub/c.markdown"]
    again = find_markdown([str(root / "b.md"), str(root), str(root / "*.md")])
    assert [path.name for path in again] == ["b.md", "a.md", "c.markdown"]


@pytest.mark.parametrize("pattern", ["", "*.md", "**/*.md"])
def test_a_link_is_followed_to_no_other_kind_of_file(tmp_path: Path, pattern: str) -> None:
    root = tree(tmp_path / "posts")
    (tmp_path / "shared.markdown").write_text("# t")
    (root / "also.md").symlink_to(tmp_path / "shared.markdown")
    (root / "config").write_text("token = SECRET")
    (root / "near.md").symlink_to(root / "config")
    (root / "environ.md").symlink_to("/proc/self/environ")
    os.mkfifo(root / "pipe.md")
    found = {path.name for path in find_markdown([str(root / pattern)])}
    assert found - {"c.markdown", "x.md", "y.md"} == {"a.md", "also.md", "b.md"}


def test_a_path_that_means_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\*\.md"):
        find_markdown([str(tmp_path / "no*.md")])
