import re
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from accounts.clients import Client, Scope
from accounts.official import Accounts, UnknownAccount
from content.fields import DraftFields
from content.filling import TemplateFiller
from content.inline import without_inline
from core.clock import Clock
from core.errors import GatewayError, Text
from handlers.bodies import parse_model, read_with_files
from handlers.body_budget import BodyBudget, Share
from handlers.guard import require_scope
from handlers.jobs import answer_to_post
from handlers.late import LateFields
from jobs.publish_at import check_publish_at, read_publish_at
from jobs.rights import SCOPES, needs_approval
from jobs.service import Jobs
from jobs.submission import Action, Submission
from store.jobs import JobRow
from store.tags import TagName

FilePath = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$")]
SourceId = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="hex")]

MEDIA_ID = "[A-Za-z0-9_-]{1,128}"  # ≤128 characters (wechat-api.md 3.1)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class IdempotencyKeyInvalid(GatewayError):
    """The Idempotency-Key header is not usable as one."""

    status = 400
    code = "idempotency_key_invalid"
    category = "params"
    message = Text("Idempotency-Key 无效", "the Idempotency-Key is invalid")
    hint = Text("用 1–255 个可见的 ASCII 字符，例如一个 UUID", "1 to 255 visible ASCII characters")


class MassAudience(BaseModel):
    """Who gets a mass send: all followers, or those with a tag."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to_all: bool = Field(description="every follower; else those with tag_id")
    tag_id: int | None = Field(None, ge=0, description="of the followers, as WeChat numbers it")
    send_ignore_reprint: bool = Field(
        False, description="send it also where WeChat finds that it is reprinted"
    )

    @model_validator(mode="after")
    def _someone(self) -> Self:
        if self.to_all == (self.tag_id is not None):
            raise ValueError("say to_all true, or to_all false with a tag_id")
        return self


def check_audience(action: str, mass: MassAudience | None) -> None:
    """Raise ValueError unless a mass send, and nothing else, says to whom."""
    if (action == "mass_send") != (mass is not None):
        raise ValueError("action mass_send and mass go together")


class ArticleRequest(DraftFields, LateFields):
    """POST /v1/accounts/{account}/articles."""

    action: Action = Field("draft", description="how far to go; a mass send needs approval")
    mass: MassAudience | None = Field(None, description="of a mass send: to whom")
    publish_at: str | None = Field(
        None, description="when to begin: RFC 3339 with offset; up to 5 minutes ago means now"
    )

    tags: list[TagName] = Field([], max_length=10, description="what to file the job under")
    repeat: bool = Field(False, description="publish it though the same was published of late")
    update: str | None = Field(
        None, pattern=f"^{MEDIA_ID}$", description="media_id of the draft to be written anew"
    )
    source_id: SourceId | None = Field(
        None,
        description="what this is made of, such as a path: the draft it became last is written "
        "anew instead of making another",
    )
    files: dict[FilePath, Sha256] | None = Field(
        None,
        max_length=100,
        description="pictures that were sent before (PUT /v1/files/…): path in the text → SHA-256",
    )

    def fields(self) -> DraftFields:
        """The draft itself."""
        own = set(type(self).model_fields) - set(DraftFields.model_fields)
        given: dict[str, Any] = self.model_dump(exclude=own)
        return DraftFields(**given)

    def how(self) -> dict[str, Any]:
        """What is to be done with it, as Submission has it."""
        return {
            "kept": self.files or {},
            "action": self.action,
            "mass": None if self.mass is None else self.mass.model_dump(),
            "repeat": self.repeat,
            "tags": self.tags,
            "update": self.update,
            "source_id": self.source_id,
            "late": self.late(),
        }

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.update is not None and self.source_id is not None:
            raise ValueError("give one of update and source_id, not both")
        check_audience(self.action, self.mass)
        return self


class ArticlesHandler:
    """Articles in, jobs out."""

    def __init__(
        self,
        jobs: Jobs,
        accounts: Accounts,
        bodies: BodyBudget,
        templates: TemplateFiller,
        *,
        max_request_mb: int,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._accounts = accounts
        self._templates = templates
        self._bodies = bodies
        self._max_bytes = max_request_mb * 1_000_000
        self._clock = clock

    async def create(self, request: Request) -> Response:
        """Take an article in as a job: JSON, or multipart with its pictures."""
        client = require_scope(request, Scope.DRAFT)
        account = account_of(request, client, self._accounts)
        with self._bodies.share() as share:
            row = await self._take_in(request, share, client, account)
        return await answer_to_post(request, row, self._jobs)

    async def _take_in(
        self, request: Request, share: Share, client: Client, account: str
    ) -> JobRow:
        max_bytes = self._max_bytes
        body = await read_with_files(request, "article", max_bytes=max_bytes, share=share)
        article = parse_model(body.json, ArticleRequest)
        require_scope(request, SCOPES[article.action])
        fields, files = await without_inline(article.fields(), body.files)
        at = article.publish_at
        due = None if at is None else read_publish_at(at)
        submission = Submission(
            client_id=client.id,
            account=account,
            fields=fields,
            files=files,
            publish_at=due,
            idempotency_key=idempotency_key(request),
            needs_approval=needs_approval(client, article.action),
            **article.how(),
        )
        return await self._jobs.submit(submission, lambda: self._check(submission))

    async def _check(self, submission: Submission) -> None:
        if submission.publish_at is not None:
            check_publish_at(submission.publish_at, now=self._clock())
        await self._templates.check(submission.fields, at=submission.publish_at)


def account_of(request: Request, client: Client, accounts: Accounts) -> str:
    """Our name of the account in the URL. Raises UnknownAccount if the client may not use it."""
    named = request.path_params["account"]
    if accounts.name_of(named) not in client.accounts:
        raise UnknownAccount(account=named[:64])
    name = accounts.get(named).name
    request.state.account = name
    return name


def idempotency_key(request: Request) -> str | None:
    """The caller's Idempotency-Key. Raises IdempotencyKeyInvalid."""
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise IdempotencyKeyInvalid
    return keys[0]
