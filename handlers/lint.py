from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from content.article import ArticleFields
from content.filling import TemplateFiller
from content.findings import LintFinding, LintReport
from content.renderer import Renderer
from core.errors import Language
from handlers.bodies import read_model
from handlers.errors import language_of_caller
from handlers.guard import require_scope
from handlers.render import RenderedStats

_MAX_BYTES = 4_000_000  # 1 MB of HTML, escaped as JSON at its worst


class FoundAt(BaseModel):
    """A place in the source, counted from 1."""

    line: int
    column: int | None = None


class FoundEdit(BaseModel):
    """What mends it: the source's characters from start to end become text."""

    start: int
    end: int
    text: str


class FoundFault(BaseModel):
    """Something that is wrong with the article, or will be done to it."""

    rule: str
    level: Literal["error", "warning", "info"]
    message: str
    fix: str
    field: str | None = None
    position: FoundAt | None = None
    mendable: bool = Field(
        description="by the gateway while rendering, by options.mend, or by edit"
    )
    edit: FoundEdit | None = None


class LintAnswer(BaseModel):
    """All that is wrong with an article, the worst first."""

    findings: list[FoundFault]
    stats: RenderedStats
    ok: bool = Field(description="no finding of level error")


class LintHandler:
    """An article held against WeChat's limits; touches no account."""

    def __init__(self, renderer: Renderer, templates: TemplateFiller) -> None:
        self._renderer = renderer
        self._templates = templates

    async def lint(self, request: Request) -> Response:
        """All findings at once."""
        fields = await read_model(request, ArticleFields, max_bytes=_MAX_BYTES)
        if fields.template is not None:
            require_scope(request, Scope.DRAFT, Scope.TEMPLATES)
        fields = await self._templates.filled(fields)
        report = await self._renderer.lint(fields)
        language = language_of_caller(request)
        return JSONResponse(report_json(report, language))


def report_json(report: LintReport, language: Language) -> dict[str, Any]:
    """The report as /v1/lint answers it."""
    answer = LintAnswer(
        findings=[_fault(finding, language) for finding in report.findings],
        stats=RenderedStats(**report.stats),
        ok=report.ok,
    )
    return answer.model_dump()


def _fault(finding: LintFinding, language: Language) -> FoundFault:
    position, edit = finding.position, finding.edit
    return FoundFault(
        rule=finding.rule,
        level=finding.level,
        message=finding.message.fill(language, {}),
        fix=finding.fix.fill(language, {}),
        field=finding.field,
        position=None if position is None else FoundAt(**position._asdict()),
        mendable=finding.mendable,
        edit=None if edit is None else FoundEdit(**edit._asdict()),
    )
