import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from content.words.entries import BadLine, Entry, read_list
from core.errors import Text

_MAX_BYTES = 2_000_000
_MAX_WORDS = 50_000  # of a file
_MAX_FILES = 200
# Of accounts; files and folders of other names, such as .git, are not looked at.
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")

# What tells one state of a file from another.
Stamp = tuple[int, int, int, int]


class Problem(NamedTuple):
    """What is wrong with a list."""

    list: str
    what: Text


class ListFile(NamedTuple):
    """A list as it was read."""

    stamp: Stamp
    entries: list[Entry] | None  # None: it cannot be used
    problems: tuple[Problem, ...]


def stamps(folder: Path) -> dict[str, Stamp]:
    """The lists of `folder` and of the accounts' folders in it, by relative name.

    Raises OSError when `folder` cannot be read.
    """
    found: dict[str, Stamp] = {}
    for path in _lists(folder):
        try:
            status = path.stat()
        except OSError:
            continue  # removed meanwhile
        if stat.S_ISREG(status.st_mode):
            name = path.relative_to(folder).as_posix()
            found[name] = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return dict(sorted(found.items())[:_MAX_FILES])


def _lists(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix == ".txt" and not path.name.startswith("."):
            yield path
        elif _ACCOUNT.fullmatch(path.name) and path.is_dir():
            yield from (each for each in path.glob("*.txt") if not each.name.startswith("."))


def read_file(folder: Path, name: str, stamp: Stamp) -> ListFile:
    """The list, checked; without entries where it cannot be used at all."""
    try:
        with (folder / name).open("rb") as file:
            text = file.read(_MAX_BYTES + 1).decode("utf-8-sig")
    except OSError as exc:
        return _unusable(name, stamp, Text(f"读不了：{exc.strerror}", f"{exc.strerror}"))
    except UnicodeDecodeError:
        return _unusable(name, stamp, Text("不是 UTF-8 文本", "it is no UTF-8 text"))
    lines = list(read_list(text))
    if len(text.encode()) > _MAX_BYTES or len(lines) > _MAX_WORDS:
        limit = f"{_MAX_WORDS} / {_MAX_BYTES // 1_000_000} MB"
        return _unusable(
            name, stamp, Text(f"太大，上限 {limit}", f"it is too large, limit {limit}")
        )
    entries = [line for line in lines if isinstance(line, Entry)]
    bad = tuple(_of_line(name, line) for line in lines if isinstance(line, BadLine))
    return ListFile(stamp, entries, bad)


def problems_in(folder: str) -> list[Problem]:
    """Whatever is wrong with the lists of `folder`, if there is one; reads them all."""
    if not folder:
        return []
    try:
        found = stamps(Path(folder))
    except OSError as exc:
        what = Text(f"词表目录读不了：{exc.strerror}", f"the folder cannot be read: {exc.strerror}")
        return [Problem(folder, what)]
    return [
        problem
        for name, stamp in found.items()
        for problem in read_file(Path(folder), name, stamp).problems
    ]


def _unusable(name: str, stamp: Stamp, what: Text) -> ListFile:
    return ListFile(stamp, None, (Problem(name, what),))


def _of_line(name: str, line: BadLine) -> Problem:
    number, problem = line
    return Problem(name, Text(f"第 {number} 行：{problem.zh}", f"line {number}: {problem.en}"))
