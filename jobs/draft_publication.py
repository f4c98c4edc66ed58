import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.ids import new_id
from jobs.intake import NewJob
from jobs.lateness import LatePolicy
from jobs.release import STEPS
from jobs.states import State
from store.jobs import JobRow

KIND = "draft.publish"
IfChanged = Literal["fail", "publish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPublication:
    """A draft in the box that a client wants published."""

    client_id: str
    account: str  # our name of the account
    media_id: str
    if_changed: IfChanged = "fail"  # other words by then than when it was asked for
    # The draft as it was when this was decided (Fingerprint.as_json), where somebody looked.
    expected: Mapping[str, Any] | None = None
    action: Literal["publish", "mass_send"] = "publish"
    mass: Mapping[str, Any] | None = None  # of a mass send: to whom (wechat.mass.Audience)
    publish_at: float | None = None  # Unix time; None: now
    late: LatePolicy = field(default_factory=LatePolicy)  # what counts after `publish_at`
    repeat: bool = False  # it is to be published though the same was of late
    idempotency_key: str | None = None
    needs_approval: bool = False
    route: str = "POST /v1/accounts/{account}/drafts/{media_id}/publish"

    def payload(self) -> dict[str, Any]:
        """What is kept with the job."""
        said: dict[str, Any] = {"repeat": True} if self.repeat else {}
        if self.mass is not None:
            said["mass"] = dict(self.mass)
        return said | {
            "media_id": self.media_id,
            "if_changed": self.if_changed,
            "expected": None if self.expected is None else dict(self.expected),
            "files": 0,
        }

    @property
    def is_bulky(self) -> bool:
        """It brings nothing along."""
        return False

    def body_hash(self) -> str:
        """The same for what means the same, however it was written down."""
        said = {
            **self.late.said(),
            **self.payload(),
            "action": self.action,
            "account": self.account,
        }
        said["publish_at"] = self.publish_at
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def jobs(self, now: float) -> Sequence[NewJob]:
        """The one job that does it."""
        return (NewJob(row=self.row(now)),)

    def row(self, now: float) -> JobRow:
        """The job's row. It begins at once also if it is due later: to see the draft as it is."""
        due = self.publish_at
        return JobRow(
            id=new_id("job"),
            kind=KIND,
            account=self.account,
            client_id=self.client_id,
            state=State.WAITING if self.needs_approval else State.ACCEPTED,
            approval="pending" if self.needs_approval else None,
            action=self.action,
            payload=self.payload(),
            checkpoint={},
            progress={"done": 0, "total": STEPS, "articles": 1},
            run_at=now,
            due_at=due,
            skip_after=None if due is None else self.late.skip_after(max(due, now)),
            subject=self.media_id,
            created_at=now,
            updated_at=now,
        )
