from collections.abc import Iterable
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
            matches = (file for file in plain.rglob("*") if _is_article(file.relative_to(plain)))
        else:
            anchor = Path(plain.anchor) if plain.is_absolute() else Path()
            pattern = str(plain.relative_to(anchor))
            matches = (file for file in anchor.glob(pattern) if file.is_file())
        listed = sorted(matches)
        if not listed:
            raise FileNotFoundError(path)
        found.update(dict.fromkeys(listed))
    return list(found)


def _is_article(relative: Path) -> bool:
    hidden = any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in relative.parts)
    return relative.suffix.lower() in MARKDOWN_SUFFIXES and not hidden
