"""What people do about jobs: see what is to be approved, say what became of one, retry many."""

from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Scope
from accounts.official import UnknownAccount
from content.article import RenderedArticle
from content.fields import ArticleFields
from core.errors import GatewayError
from handlers.bodies import read_model
from handlers.edits import editor_of
from handlers.errors import language_of_caller, request_id_of
from handlers.guard import require_scope
from handlers.jobs import JOB_ID, JobsHandler, job_id_of, reviews_of, shown, whose
from jobs.fields import FillsTemplates, fields_of
from jobs.resolution import Resolution
from jobs.rights import SCOPES
from jobs.service import Jobs
from store.jobs import JobRow

_MAX_BYTES = 10_000


class Resolve(BaseModel):
    """POST /v1/jobs/{job_id}/resolve."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["published", "not_published"] = Field(
        description="what was found on mp.weixin.qq.com"
    )
    article_id: str | None = Field(
        None, pattern="^[A-Za-z0-9_-]{1,128}$", description="of the article, where it is known"
    )


class RetryMany(BaseModel):
    """POST /v1/jobs/retry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: list[Annotated[str, Field(pattern=f"^{JOB_ID}$")]] = Field(
        min_length=1, max_length=100, description="failed or cancelled jobs"
    )


class Retried(BaseModel):
    """What became of one of them."""

    id: str
    retried: bool
    error: dict[str, Any] | None = None


class RetriedMany(BaseModel):
    """What became of each, in the order asked for."""

    items: list[Retried]


class PreviewArticle(BaseModel):
    """One article as it would be published."""

    title: str
    digest: str
    html: str = Field(description="of news; show it in a sandboxed frame only")
    text: str = Field(description="of a newspic")
    pictures: int


class JobPreview(BaseModel):
    """What a job publishes, for whoever is to approve it."""

    action: str
    articles: list[PreviewArticle]


class Renders(Protocol):
    """Turns Markdown into HTML, in a process of its own; `content.renderer` does."""

    async def render(self, fields: ArticleFields, account: str | None = None) -> RenderedArticle:
        """The article, its pictures where they are."""
        ...


class ReadsDrafts(Protocol):
    """Reads drafts at WeChat; `wechat.draft.DraftClient` does."""

    async def get(self, account: str, media_id: str) -> list[Any]:
        """The draft's articles."""
        ...


class JobReviewsHandler:
    """Reviews and approvals. A key sees its own jobs, with the scope admin all of them."""

    def __init__(
        self,
        jobs: Jobs,
        resolution: Resolution,
        retries: JobsHandler,
        renderer: Renders,
        drafts: ReadsDrafts,
        templates: FillsTemplates,
    ) -> None:
        self._jobs = jobs
        self._resolution = resolution
        self._retries = retries
        self._renderer = renderer
        self._drafts = drafts
        self._templates = templates

    async def resolve(self, request: Request) -> Response:
        """Say what became of a job that needs review."""
        job_id = job_id_of(request)
        row = await self._jobs.get(job_id, whose(request))
        require_scope(request, SCOPES[row.action], Scope.ADMIN)
        said = await read_model(request, Resolve, max_bytes=_MAX_BYTES)
        resolved = await self._resolution.resolve(
            job_id, said.outcome, editor_of(request), article_id=said.article_id
        )
        return JSONResponse(shown(request, resolved))

    async def retry(self, request: Request) -> Response:
        """Go on with many jobs that ended without success; never with what needs review."""
        asked = await read_model(request, RetryMany, max_bytes=_MAX_BYTES)
        language = language_of_caller(request)
        items = []
        for job_id in dict.fromkeys(asked.ids):
            try:
                await self._retries.retry_one(request, job_id, reviewed=False)
            except GatewayError as exc:
                error = exc.describe(language, request_id_of(request))
                items.append(Retried(id=job_id, retried=False, error=error))
            else:
                items.append(Retried(id=job_id, retried=True))
        return JSONResponse(RetriedMany(items=items).model_dump(exclude_none=True))

    async def preview(self, request: Request) -> Response:
        """What a job publishes, as it would look."""
        job_id = job_id_of(request)
        seen = await self._jobs.get(job_id, whose(request), reviews=reviews_of(request))
        client: Client = request.state.client
        # It reads from WeChat what the account holds now.
        if seen.account not in client.accounts and not client.may(Scope.ADMIN):
            raise UnknownAccount(account=seen.account)
        row = await self._jobs.whole(job_id)
        if "media_id" in row.payload:
            articles = await self._of_draft(row.account, row.payload["media_id"])
        else:
            articles = await self._of_fields(row)
        said = JobPreview(action=row.action, articles=articles)
        return JSONResponse(said.model_dump())

    async def _of_draft(self, account: str, media_id: str) -> list[PreviewArticle]:
        return [_kept(item) for item in await self._drafts.get(account, media_id)]

    async def _of_fields(self, row: JobRow) -> list[PreviewArticle]:
        if "fields" not in row.payload:  # such as the deletion of a draft
            return []
        fields = await fields_of(row, self._templates)
        return [_made(await self._renderer.render(one, row.account)) for one in fields.each()]


def _made(rendered: RenderedArticle) -> PreviewArticle:
    newspic = rendered.article_type == "newspic"
    return PreviewArticle(
        title=rendered.title,
        digest=rendered.digest,
        html="" if newspic else rendered.preview,
        text=rendered.preview if newspic else "",
        pictures=len(rendered.images),
    )


def _kept(item: dict[str, Any]) -> PreviewArticle:
    newspic = item.get("article_type") == "newspic"
    content = str(item.get("content") or "")
    return PreviewArticle(
        title=str(item.get("title") or ""),
        digest=str(item.get("digest") or ""),
        html="" if newspic else content,
        text=content if newspic else "",
        pictures=content.count("<img"),
    )
