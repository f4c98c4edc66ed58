"""What is said of a schedule, and what is answered."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from content.fields import DraftFields
from handlers.articles import MEDIA_ID, FilePath, Sha256
from handlers.late import LateChanges, LateFields
from handlers.queries import NO_NUL
from jobs.cron import DEFAULT_ZONE

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]


class ScheduledArticle(DraftFields):
    """An article as POST …/articles takes it."""

    files: dict[FilePath, Sha256] | None = Field(
        None,
        max_length=100,
        description="pictures that were sent before (PUT /v1/files/…): path in the text → SHA-256",
    )

    def fields(self) -> DraftFields:
        """The draft itself."""
        return DraftFields(**self.model_dump(exclude={"files"}))


class ScheduledDraft(BaseModel):
    """A draft that is in the box."""

    model_config = ConfigDict(extra="forbid")

    media_id: str = Field(pattern=f"^{MEDIA_ID}$")
    if_changed: Literal["fail", "publish"] = Field(
        "fail", description="what to do if somebody changes it until then"
    )


class _Timing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name | None = Field(None, description="for lists; else the title")
    article: ScheduledArticle | None = Field(None, description="makes a draft of it each time")
    draft: ScheduledDraft | None = Field(None, description="publishes this draft")
    action: Literal["draft", "publish"] | None = Field(
        None, description="how far to go with an article: draft by default"
    )
    publish_at: str | None = Field(None, description="one time: RFC 3339 with offset")
    cron: str | None = Field(
        None, description="again and again: minute hour day month weekday, or @daily and so on"
    )
    timezone: str | None = Field(None, description=f"of `cron`; {DEFAULT_ZONE} by default")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.publish_at is not None and (self.cron, self.timezone) != (None, None):
            raise ValueError("publish_at goes without cron and timezone")
        if self.article is not None and self.draft is not None:
            raise ValueError("give article or draft")
        if self.draft is not None and (self.action == "draft" or self.cron is not None):
            raise ValueError("a draft is published, and only one time")
        return self


class ScheduleRequest(_Timing, LateFields):
    """POST /v1/accounts/{account}/schedules."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.publish_at is None and self.cron is None:
            raise ValueError("give publish_at or cron")
        if self.article is None and self.draft is None:
            raise ValueError("give article or draft")
        return self


class ScheduleChange(_Timing, LateChanges):
    """PATCH of a schedule: what is not named stays."""


class ScheduleAnswer(BaseModel):
    """A schedule."""

    id: str
    account: str
    client: str = Field(description="who made it")
    name: str
    state: Literal["active", "paused", "ended"]
    pause_reason: Literal["client_gone", "unreadable"] | None = Field(
        description="why the gateway itself paused it; null: it did not"
    )
    action: Literal["draft", "publish"] | None = Field(None, description="not in lists")
    article: dict[str, Any] | None = Field(None, description="what it makes; not in lists")
    draft: dict[str, Any] | None = Field(None, description="what it publishes; not in lists")
    cron: str | None
    timezone: str | None
    next_at: str | None = Field(description="null: never again; of a paused one: had it gone on")
    next_times: list[str] = Field(description="at most five")
    if_late: Literal["publish", "skip"]
    max_late_s: float
    approval: Literal["pending", "given"] | None
    last_at: str | None
    last_job_id: str | None
    skipped: int = Field(description="times of a cron that went by, as in a downtime")
    version: int
    created_at: str
    updated_at: str


class ScheduleList(BaseModel):
    """A page of schedules, newest first."""

    items: list[ScheduleAnswer]
    next_cursor: str | None
