import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from content.theming.sheet import MAX_CHARS, Sheet, class_names, compile_sheet
from core.errors import Text

_HEADER = re.compile(r"\s*/\*(.*?)\*/", re.DOTALL)
_LINE = re.compile(r"^[\s*]*(zh|en):\s*([^\n]+?)\s*$", re.MULTILINE)
_NAME = re.compile(r"[\w][\w.-]{0,63}")
_SEPARATOR = re.compile(r"\s*[—|]\s*|\s+-\s+")
_MAX_FILES = 200


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme as people choose it."""

    name: str
    title: Text
    description: Text
    own: bool  # the operator's, from themes_dir


class Themes:
    """The themes there are: ours, and the CSS files of one folder, read again when changed.

    A file of that folder wins over a theme of ours with its name.
    """

    def __init__(self) -> None:
        folder = resources.files("content.themes")
        self._ours = {
            entry.name.removesuffix(".css"): entry.read_text("utf-8")
            for entry in folder.iterdir()
            if entry.name.endswith(".css")
        }
        self._base = self._ours.pop("base")
        self._classes = class_names(self._base)
        self._compiled: dict[tuple[str, str], tuple[object, Sheet]] = {}

    def sheet(self, name: str, folder: Path | None = None) -> Sheet:
        """The theme `name`, compiled; raises KeyError."""
        file = _files(folder).get(name)
        stamp = _stamp(file) if file else None
        key = (name, str(file or ""))
        if key not in self._compiled or self._compiled[key][0] != stamp:
            css = _text(file) if file else self._ours[name]
            self._compiled[key] = (stamp, self.compile(css))
        return self._compiled[key][1]

    def compile(self, css: str) -> Sheet:
        """`css` on top of what all themes share."""
        return compile_sheet(css, base=self._base, known=self._classes)

    def names(self, folder: Path | None = None) -> list[str]:
        """All of them; ours first, the default one at the head."""
        ours = sorted(self._ours, key=lambda name: (name != "default", name))
        return ours + sorted(set(_files(folder)) - set(ours))

    def list(self, folder: Path | None = None) -> list[Theme]:
        """All of them, described."""
        files = _files(folder)
        described = []
        for name in self.names(folder):
            css = _text(files[name]) if name in files else self._ours[name]
            described.append(describe(name, css, own=name in files))
        return described


def describe(name: str, css: str, *, own: bool) -> Theme:
    """What the first comment says: lines `zh: 标题 — 说明` and `en: Title — description`."""
    header = _HEADER.match(css)
    said = dict(_LINE.findall(header.group(1))) if header else {}
    (zh, zh_more), (en, en_more) = (_halves(said.get(one, ""), name) for one in ("zh", "en"))
    return Theme(name, Text(zh, en), Text(zh_more, en_more), own)


def _halves(line: str, name: str) -> tuple[str, str]:
    title, *more = _SEPARATOR.split(line, maxsplit=1)
    return title[:80] or name, more[0][:200] if more else ""


def _files(folder: Path | None) -> dict[str, Path]:
    if folder is None:
        return {}
    try:
        found = sorted(folder.glob("*.css"))[:_MAX_FILES]
    except OSError:
        return {}
    return {path.stem: path for path in found if _NAME.fullmatch(path.stem) and path.is_file()}


def _stamp(path: Path) -> object:
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MAX_CHARS * 3 + 1).decode("utf-8-sig", "replace")
