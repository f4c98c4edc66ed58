"""What the jobs of a schedule do, as its row keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from content.fields import DraftFields
from core.ids import new_id
from jobs.intake import NewJob
from jobs.lateness import LatePolicy
from jobs.states import State
from jobs.submission import Submission
from store.jobs import JobRow
from store.schedules import ScheduleHead, ScheduleRow

DRAFT_KIND = "draft.publish"
Action = Literal["draft", "publish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleWork:
    """Make a draft of this, and publish it where `action` says so."""

    fields: DraftFields
    action: Action

    def as_json(self) -> dict[str, Any]:
        """The form that is kept."""
        fields = self.fields.model_dump(mode="json", exclude_none=True)
        return {"kind": "article", "action": self.action, "fields": fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftWork:
    """Publish the draft that is there."""

    media_id: str
    expected: str  # the hash of what it was when it was scheduled
    if_changed: Literal["fail", "publish"] = "fail"

    def as_json(self) -> dict[str, Any]:
        """The form that is kept."""
        return {
            "kind": DRAFT_KIND,
            "action": "publish",
            "media_id": self.media_id,
            "expected": self.expected,
            "if_changed": self.if_changed,
        }


Work = ArticleWork | DraftWork


def job_of(row: ScheduleRow, files: Mapping[str, str], *, due_at: float, now: float) -> NewJob:
    """The schedule's job for the time `due_at`, with its kept files (path → SHA-256)."""
    made = _article(row, files, now) if row.work["kind"] == "article" else _draft(row, now)
    pending = row.approval == "pending"
    return replace(
        made,
        row=replace(
            made.row,
            state=State.WAITING if pending else State.SCHEDULED,
            approval=row.approval,
            run_at=due_at,
            due_at=due_at,
            skip_after=late_policy(row).skip_after(due_at),
            schedule_id=row.id,
            title=made.row.title or row.name,
        ),
    )


def late_policy(row: ScheduleHead) -> LatePolicy:
    """What the schedule says of delays."""
    return LatePolicy("skip" if row.if_late == "skip" else "publish", row.max_late_s)


def _article(row: ScheduleRow, files: Mapping[str, str], now: float) -> NewJob:
    submission = Submission(
        client_id=row.client_id,
        account=row.account,
        fields=DraftFields.model_validate(row.work["fields"]),
        kept=files,
        action=row.work["action"],
    )
    return submission.jobs(now)[0]


def _draft(row: ScheduleRow, now: float) -> NewJob:
    asked = ("media_id", "expected", "if_changed")
    return NewJob(
        row=JobRow(
            id=new_id("job"),
            kind=DRAFT_KIND,
            account=row.account,
            client_id=row.client_id,
            state=State.SCHEDULED,
            action="publish",
            payload={name: row.work[name] for name in asked},
            checkpoint={},
            progress={"done": 0, "total": 1},
            run_at=now,
            subject=row.work["media_id"],
            created_at=now,
            updated_at=now,
        )
    )
