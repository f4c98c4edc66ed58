"""Which of the files that came along a text names, without parsing it: too many do no harm."""

import posixpath
import re
from collections.abc import Mapping

from content.pictures.source import file_name

# What may stand around a path in Markdown, HTML and front matter; a blank may also be within one.
_PIECES = re.compile(r"[()<>\[\]\"'\n]")
_BLANKS = re.compile(r"[\s,]")


class Shelf:
    """Files by their path, as texts may name them."""

    def __init__(self, paths: Mapping[str, object]) -> None:
        self._paths = {name: path for path in paths if (name := file_name(path)) is not None}
        self._ends = {_end(name) for name in self._paths}

    def named_in(self, text: str, *, folder: str = "") -> dict[str, str]:
        """How a text in `folder` names files → their paths. Takes linear time."""
        found: dict[str, str] = {}
        if not self._paths:
            return found
        for piece in _PIECES.split(text):
            whole = piece.strip()
            # "cover: a.png" and "![](a.png title)" have more in their piece than the path.
            for name in {whole, *_BLANKS.split(whole)}:
                path = self._path(name, folder)
                spelt = file_name(name) if path else None
                if path and spelt:
                    found[spelt] = path
        return found

    def _path(self, name: str, folder: str) -> str | None:
        if _end(name.split("?", 1)[0].split("#", 1)[0]) not in self._ends:
            return None
        return self._paths.get(file_name(posixpath.join(folder, name)) or "")


def _end(name: str) -> str:
    """The last letters, by which most words are told from names at once."""
    return name[-4:].lower()
