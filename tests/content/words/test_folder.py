import os
from pathlib import Path

import pytest

from content.words.entries import Entry
from content.words.folder import problems_in, read_file, stamps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "all.txt").write_text("甲\n")
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "own.txt").write_text("乙\twarn\n")
    return tmp_path


def test_lists_are_the_text_files_of_the_folder_and_of_the_accounts_in_it(folder: Path) -> None:
    for name in ("readme.md", ".hidden.txt", "main/.x.txt"):
        (folder / name).write_text("丙")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.txt").write_text("丙")
    (folder / "main" / "deeper").mkdir()
    (folder / "dir.txt").mkdir()
    assert list(stamps(folder)) == ["all.txt", "main/own.txt"]


def test_a_pipe_is_no_list(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert "pipe.txt" not in stamps(folder)


def test_a_change_shows(folder: Path) -> None:
    before = stamps(folder)
    (folder / "all.txt").write_text("甲乙\n")
    after = stamps(folder)
    assert before["all.txt"] != after["all.txt"]
    assert before["main/own.txt"] == after["main/own.txt"]


def test_a_list_is_read_with_its_faults(folder: Path) -> None:
    (folder / "all.txt").write_text("甲\n乙\tshout\n")
    file = read_file(folder, "all.txt", (0, 0, 0, 0))
    assert file.entries == [Entry("甲")]
    (problem,) = file.problems
    assert problem.list == "all.txt"
    assert "line 2" in problem.what.en
    assert "第 2 行" in problem.what.zh


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 2_000_001, b"a\n" * 50_001])
def test_what_is_no_list_has_no_words(folder: Path, content: bytes) -> None:
    (folder / "all.txt").write_bytes(content)
    file = read_file(folder, "all.txt", (0, 0, 0, 0))
    assert file.entries is None
    assert problems_in(str(folder)) == list(file.problems)


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems_in(str(tmp_path / "none"))
    assert "none" in problem.list


def test_where_no_folder_is_set_nothing_is_wrong() -> None:
    assert problems_in("") == []
