import re
from typing import Literal

from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from accounts.clients import Client, Scope
from accounts.official import Accounts
from core.clock import Clock
from handlers.articles import MEDIA_ID, account_of, idempotency_key
from handlers.bodies import has_body, read_model
from handlers.guard import require_scope
from handlers.jobs import answer_to_post
from handlers.late import LateFields
from jobs.draft_publication import DraftPublication
from jobs.draft_publish import DraftGone
from jobs.publish_at import parse_publish_at
from jobs.service import Jobs

_MAX_BYTES = 10_000


class PublishRequest(LateFields):
    """POST /v1/accounts/{account}/drafts/{media_id}/publish."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    publish_at: str | None = Field(
        None, description="when: RFC 3339 with offset; up to 5 minutes ago means now"
    )
    if_changed: Literal["fail", "publish"] = Field(
        "fail", description="what to do if somebody changes the draft until then"
    )
    repeat: bool = Field(False, description="publish it though the same was published of late")


class DraftPublishHandler:
    """Publishing drafts that are in the box."""

    def __init__(self, jobs: Jobs, accounts: Accounts, *, clock: Clock) -> None:
        self._jobs = jobs
        self._accounts = accounts
        self._clock = clock

    async def publish(self, request: Request) -> Response:
        """Take the publication of a draft in as a job."""
        client = require_scope(request, Scope.PUBLISH)
        account = account_of(request, client, self._accounts)
        asked = PublishRequest()
        if has_body(request):
            asked = await read_model(request, PublishRequest, max_bytes=_MAX_BYTES)
        row = await self._jobs.submit(self._publication(request, client, account, asked))
        return await answer_to_post(request, row, self._jobs)

    def _publication(
        self, request: Request, client: Client, account: str, asked: PublishRequest
    ) -> DraftPublication:
        at = asked.publish_at
        return DraftPublication(
            client_id=client.id,
            account=account,
            media_id=_media_id(request),
            if_changed=asked.if_changed,
            publish_at=None if at is None else parse_publish_at(at, now=self._clock()),
            late=asked.late(),
            repeat=asked.repeat,
            idempotency_key=idempotency_key(request),
            needs_approval=client.approve_publish,
        )


def _media_id(request: Request) -> str:
    media_id: str = request.path_params["media_id"]
    if not re.fullmatch(MEDIA_ID, media_id):
        raise DraftGone(media_id=media_id[:64])
    return media_id
