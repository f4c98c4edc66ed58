"""What the jobs of a schedule do, as its row keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from content.fields import DraftFields
from jobs.draft_publication import DraftPublication, IfChanged
from jobs.intake import NewJob
from jobs.lateness import LatePolicy
from jobs.states import State
from jobs.submission import Submission
from store.schedules import ScheduleHead, ScheduleRow

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
    action: Action = "publish"
    expected: Mapping[str, Any]  # as it was when it was scheduled (DraftSight.see)
    if_changed: IfChanged = "fail"

    def as_json(self) -> dict[str, Any]:
        """The form that is kept."""
        return {
            "kind": "draft",
            "action": self.action,
            "media_id": self.media_id,
            "expected": dict(self.expected),
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
            schedule_at=due_at,
            title=made.row.title or row.name,
        ),
    )


def with_action(row: ScheduleRow, action: Action) -> Work:
    """The schedule's work, to go as far as `action` says; a draft is there already."""
    if row.work["kind"] == "article":
        return ArticleWork(fields=DraftFields.model_validate(row.work["fields"]), action=action)
    asked = ("media_id", "expected", "if_changed")
    return DraftWork(**{name: row.work[name] for name in asked})


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
    publication = DraftPublication(
        client_id=row.client_id,
        account=row.account,
        media_id=row.work["media_id"],
        expected=row.work["expected"],
        if_changed=row.work["if_changed"],
    )
    return publication.jobs(now)[0]
