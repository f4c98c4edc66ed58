"""What a lint answers, as the serving process sees it; the rules themselves run in a worker."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from core.errors import Text

Level = Literal["error", "warning", "info"]


class Place(NamedTuple):
    """A place in the source, counted from 1."""

    line: int
    column: int | None


class Mending(NamedTuple):
    """The characters of the source from `start` to `end` should be `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Something that is wrong with an article, or will be done to it."""

    rule: str
    level: Level
    message: Text
    fix: Text
    field: str | None
    position: Place | None
    mendable: bool  # by the gateway while rendering, with `options.mend`, or by `edit`
    edit: Mending | None


@dataclass(frozen=True, slots=True)
class LintReport:
    """All findings on one article, the worst first."""

    findings: tuple[LintFinding, ...]
    stats: dict[str, int]  # characters, bytes and reading_minutes of the article made

    @property
    def ok(self) -> bool:
        """Whether nothing stops the article."""
        return all(finding.level != "error" for finding in self.findings)


def report_of(result: dict[str, Any]) -> LintReport:
    """A worker's answer in our types."""
    return LintReport(tuple(map(_finding, result["findings"])), result["stats"])


def _finding(told: dict[str, Any]) -> LintFinding:
    position, edit = told["position"], told["edit"]
    return LintFinding(
        **{
            **told,
            "message": Text(*told["message"]),
            "fix": Text(*told["fix"]),
            "position": Place(*position) if position else None,
            "edit": Mending(*edit) if edit else None,
        }
    )


def mended(source: str, report: LintReport) -> str:
    """`source` with every edit of the report made; of two that overlap, the first."""
    edits = sorted({finding.edit for finding in report.findings if finding.edit})
    pieces, done = [], 0
    for start, end, text in edits:
        if start >= done:
            pieces += [source[done:start], text]
            done = end
    return "".join([*pieces, source[done:]])
