"""The documentation as data: its pages, headings, links and code blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(\S*)[ ]?(.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block: ```language info."""

    page: "Page"
    line: int
    language: str
    info: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def is_run(self) -> bool:
        return not self.info.startswith("no-test")

    @property
    def file(self) -> str:
        """Where a reader keeps it; empty where that is not said."""
        return self.info.removeprefix("file=") if self.info.startswith("file=") else ""

    @property
    def is_server(self) -> bool:
        """It starts something that stays up while the rest of the page is read."""
        return self.info == "server"


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def prose(self) -> str:
        """The text without its code blocks."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        text = self.text
        return [
            Block(self, text.count("\n", 0, found.start()) + 1, *found.groups())
            for found in _FENCE.finditer(text)
        ]

    def of(self, language: str) -> list[Block]:
        return [block for block in self.blocks if block.language == language]

    @property
    def headings(self) -> list[tuple[int, str]]:
        """(level, text) of each heading."""
        return [(len(marks), text) for marks, text in _HEADING.findall(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """The fragments that links may name, as repository hosts make them."""
        kept = (re.sub(r"[^\w\- ]", "", text.lower()) for _, text in self.headings)
        return {text.replace(" ", "-") for text in kept}

    @property
    def links(self) -> list[str]:
        """Where its links lead, those to other sites left out."""
        return [to for to in _LINK.findall(self.prose) if "://" not in to]


def pages() -> list[Page]:
    """README and everything under docs/."""
    return [Page(path) for path in (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")))]


def twins() -> list[tuple[Page, Page]]:
    """Each Chinese page and its English twin."""
    chinese = sorted((DOCS / "zh").glob("*.md"))
    return [
        (Page(ROOT / "README.md"), Page(ROOT / "README.en.md")),
        *((Page(path), Page(DOCS / "en" / path.name)) for path in chinese),
    ]
