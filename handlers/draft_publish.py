from typing import Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from accounts.clients import Client, Scope
from accounts.official import Accounts
from core.clock import Clock
from handlers.articles import (
    MEDIA_ID,
    MassAudience,
    account_of,
    check_audience,
    idempotency_key,
)
from handlers.bodies import read_if_any, read_model
from handlers.guard import require_scope
from handlers.jobs import answer_to_post
from handlers.late import LateFields
from handlers.queries import path_id
from jobs.draft_publication import DraftPublication
from jobs.draft_publish import DraftGone
from jobs.publish_at import check_publish_at, read_publish_at
from jobs.rights import SCOPES, needs_approval
from jobs.service import Jobs

_MAX_BYTES = 10_000


class PublishRequest(LateFields):
    """POST /v1/accounts/{account}/drafts/{media_id}/publish."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["publish", "mass_send"] = Field(
        "publish", description="a mass send reaches followers, and needs approval"
    )
    mass: MassAudience | None = Field(None, description="of a mass send: to whom")
    publish_at: str | None = Field(
        None, description="when: RFC 3339 with offset; up to 5 minutes ago means now"
    )
    if_changed: Literal["fail", "publish"] = Field(
        "fail", description="what to do if somebody changes the draft until then"
    )
    repeat: bool = Field(False, description="publish it though the same was published of late")

    @model_validator(mode="after")
    def _to_whom(self) -> Self:
        check_audience(self.action, self.mass)
        return self


class PreviewRequest(BaseModel):
    """POST /v1/accounts/{account}/drafts/{media_id}/preview."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    towxname: str | None = Field(None, min_length=1, max_length=64, description="a WeChat name")
    touser: str | None = Field(None, min_length=1, max_length=64, description="an openid")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.towxname is None) == (self.touser is None):
            raise ValueError("give one of towxname and touser")
        return self


class ShowsDrafts(Protocol):
    """Shows a draft to one follower; `wechat.mass.MassClient` does."""

    async def preview(self, account: str, media_id: str, *, to: dict[str, str]) -> None:
        """By `touser` (openid) or `towxname` (WeChat name)."""
        ...


class DraftPublishHandler:
    """Publishing drafts that are in the box."""

    def __init__(self, jobs: Jobs, accounts: Accounts, mass: ShowsDrafts, *, clock: Clock) -> None:
        self._jobs = jobs
        self._mass = mass
        self._accounts = accounts
        self._clock = clock

    async def publish(self, request: Request) -> Response:
        """Take the publication of a draft in as a job."""
        client = require_scope(request, Scope.PUBLISH, Scope.MASS)
        account = account_of(request, client, self._accounts)
        asked = await read_if_any(request, PublishRequest, max_bytes=_MAX_BYTES)
        require_scope(request, SCOPES[asked.action])
        publication = self._publication(request, client, account, asked)
        row = await self._jobs.submit(publication, lambda: self._check(publication))
        return await answer_to_post(request, row, self._jobs)

    async def preview(self, request: Request) -> Response:
        """Show a draft to one follower, in WeChat."""
        client = require_scope(request, Scope.MASS)
        account = account_of(request, client, self._accounts)
        asked = await read_model(request, PreviewRequest, max_bytes=_MAX_BYTES)
        to = asked.model_dump(exclude_none=True)
        await self._mass.preview(account, _media_id(request), to=to)
        return Response(status_code=204)

    async def _check(self, publication: DraftPublication) -> None:
        if publication.publish_at is not None:
            check_publish_at(publication.publish_at, now=self._clock())

    def _publication(
        self, request: Request, client: Client, account: str, asked: PublishRequest
    ) -> DraftPublication:
        at = asked.publish_at
        return DraftPublication(
            client_id=client.id,
            account=account,
            media_id=_media_id(request),
            if_changed=asked.if_changed,
            publish_at=None if at is None else read_publish_at(at),
            late=asked.late(),
            repeat=asked.repeat,
            idempotency_key=idempotency_key(request),
            action=asked.action,
            mass=None if asked.mass is None else asked.mass.model_dump(),
            needs_approval=needs_approval(client, asked.action),
        )


def _media_id(request: Request) -> str:
    return path_id(request, "media_id", form=MEDIA_ID, unknown=DraftGone, told_as="media_id")
