"""Files held against WeChat's limits, as `wxgate lint` does it: in process, without a network."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from wxgate_client.local_article import load_article

from content.article import ArticleFields
from content.findings import LintReport, mended
from content.renderer import Renderer
from content.settings import ContentSettings
from core.errors import GatewayError, Language, Text
from server.rendering import open_renderer

_BOM = "\ufeff".encode()
_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_HTML_SUFFIXES = frozenset({".html", ".htm"})


@dataclass(frozen=True, slots=True)
class Linted:
    """What came of one file: a report, or why there is none."""

    path: Path
    report: LintReport | None = None
    failure: Text | None = None
    mended: int = 0  # places in the file that were mended

    def is_faulty(self, *, strict: bool) -> bool:
        """Whether something stops the article; with `strict`, a warning does too."""
        if self.report is None:
            return True
        levels = {finding.level for finding in self.report.findings}
        return "error" in levels or (strict and "warning" in levels)


async def lint_files(
    paths: Sequence[Path], settings: ContentSettings, *, fix: bool
) -> list[Linted]:
    """Hold each file against the rules; with `fix` write what can be mended into it first.

    Raises OSError and UnicodeDecodeError.
    """
    async with open_renderer(settings) as renderer:
        return [await _lint(renderer, path, fix=fix) for path in paths]


async def _lint(renderer: Renderer, path: Path, *, fix: bool) -> Linted:
    count = 0
    source, files = await asyncio.to_thread(_read, path)
    try:
        report = await renderer.lint(_fields(path, source), files)
        if fix and (whole := mended(source, report)) != source:
            await asyncio.to_thread(_write, path, whole)
            count = sum(finding.edit is not None for finding in report.findings)
            source, files = await asyncio.to_thread(_read, path)
            report = await renderer.lint(_fields(path, source), files)
    except ValidationError as exc:
        reason = exc.errors()[0]["msg"].removeprefix("Value error, ")
        return Linted(path, failure=Text(f"不能排版：{reason}", f"cannot be rendered: {reason}"))
    except GatewayError as exc:
        zh, en = (exc.message.fill(language, exc.values) for language in _LANGUAGES)
        return Linted(path, failure=Text(zh, en))
    return Linted(path, report, mended=count)


def _read(path: Path) -> tuple[str, Collection[str]]:
    """The text with its line ends as they are, and the local pictures that would be sent along."""
    return path.read_bytes().decode("utf-8-sig"), load_article(path).pictures.keys()


def _write(path: Path, text: str) -> None:
    mark = _BOM if path.read_bytes().startswith(_BOM) else b""
    path.write_bytes(mark + text.encode())


def _fields(path: Path, source: str) -> ArticleFields:
    if path.suffix.lower() in _HTML_SUFFIXES:
        return ArticleFields(html=source)
    return ArticleFields(markdown=source)
