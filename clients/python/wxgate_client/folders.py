import os
from collections.abc import Iterable, Iterator
from pathlib import Path

MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})


def find_markdown(paths: Iterable[str]) -> list[Path]:
    """The Markdown files that `paths` mean: files, folders (all below), globs.

    Raises FileNotFoundError for one that means nothing.
    """
    found: dict[Path, None] = {}
    for path in paths:
        plain = Path(path)
        if plain.is_file():
            matches: Iterable[Path] = [plain]
        elif plain.is_dir():
            matches = _articles_below(plain)
        else:
            anchor = Path(plain.anchor) if plain.is_absolute() else Path()
            pattern = str(plain.relative_to(anchor))
            matches = filter(_is_what_it_is_called, anchor.glob(pattern))
        listed = sorted(matches)
        if not listed:
            raise FileNotFoundError(path)
        found.update(dict.fromkeys(listed))
    return list(found)


def _articles_below(folder: Path) -> Iterator[Path]:
    """All articles in it and below; hidden folders are not entered, nor links to folders."""
    for where, folders, files in os.walk(folder):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS
        ]
        for name in files:
            path = Path(where) / name
            is_called_one = path.suffix.lower() in MARKDOWN_SUFFIXES and not name.startswith(".")
            if is_called_one and _is_what_it_is_called(path):
                yield path


def _is_what_it_is_called(path: Path) -> bool:
    """Whether it is a file, and no link from such a name to something else.

    A `note.md` that leads to `.git/config` or `/proc/self/environ` would publish their secrets.
    """
    real = path.resolve()
    kinds = {real.suffix.lower(), path.suffix.lower()}
    return real.is_file() and (len(kinds) == 1 or kinds <= MARKDOWN_SUFFIXES)
