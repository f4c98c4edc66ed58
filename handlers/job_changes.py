from typing import Self

from pydantic import ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client
from core.clock import Clock
from handlers.bodies import read_model
from handlers.edits import editor_of, etag, expected_version
from handlers.jobs import job_id_of, shown, whose
from handlers.late import LateChanges
from jobs.lateness import LatePolicy
from jobs.lists import JobLists
from jobs.publish_at import parse_publish_at
from jobs.reschedule import Mover, Rescheduling
from jobs.rights import needs_approval
from jobs.service import Jobs
from store.tags import TAGS_A_THING, TagName

_MAX_BYTES = 10_000


class JobChanges(LateChanges):
    """PATCH /v1/jobs/{id}."""

    model_config = ConfigDict(extra="forbid")

    publish_at: str | None = Field(None, description="when to begin: RFC 3339 with offset")
    tags: list[TagName] | None = Field(
        None,
        max_length=TAGS_A_THING,
        description="what it is filed under, instead of the ones so far",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.publish_at is None and (self.if_late or self.max_late_s):
            raise ValueError("if_late and max_late_s go with publish_at")
        if self.publish_at is None and self.tags is None:
            raise ValueError("give publish_at or tags")
        return self


class JobChangesHandler:
    """What of a job can be changed: its time, as long as it has not begun, and its tags."""

    def __init__(
        self, jobs: Jobs, lists: JobLists, rescheduling: Rescheduling, *, clock: Clock
    ) -> None:
        self._jobs = jobs
        self._lists = lists
        self._rescheduling = rescheduling
        self._clock = clock

    async def change(self, request: Request) -> Response:
        """Give a job another time, other tags, or both."""
        job_id, client_id = job_id_of(request), whose(request)
        changes = await read_model(request, JobChanges, max_bytes=_MAX_BYTES)
        row = await self._jobs.get(job_id, client_id)
        if changes.publish_at is not None:
            client: Client = request.state.client
            row = await self._rescheduling.move(
                *(job_id, client_id, parse_publish_at(changes.publish_at, now=self._clock())),
                late=changes.late(LatePolicy()),
                version=expected_version(request),
                by=Mover(editor_of(request), needs_approval(client, row.action)),
            )
        if changes.tags is not None:
            row = await self._lists.file_under(job_id, client_id, changes.tags)
        tags = await self._lists.tags([row])
        return JSONResponse(shown(request, row, tags.get(row.id, ())), headers=etag(row.version))
