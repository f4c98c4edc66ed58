import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from content.fields import DraftFields
from core.ids import new_id
from jobs.intake import NewJob
from jobs.lateness import LatePolicy
from jobs.repeats import content_hash
from jobs.states import State
from store.jobs import JobRow

KIND = "article"  # of the jobs that make drafts, and publish them
Action = Literal["draft", "publish", "mass_send"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A draft as a client hands it in."""

    client_id: str
    account: str  # our name of the account
    fields: DraftFields
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    kept: Mapping[str, str] = field(default_factory=dict)  # files sent before, by SHA-256
    action: Action = "draft"
    mass: Mapping[str, Any] | None = None  # of a mass send: to whom (wechat.mass.Audience)
    update: str | None = None  # the media_id of the draft to be written anew
    source_id: str | None = None  # what it is made of: its draft is written anew, if there is one
    publish_at: float | None = None  # Unix time; None: now
    late: LatePolicy = field(default_factory=LatePolicy)  # what counts after `publish_at`
    repeat: bool = False  # it is to be published though the same was of late
    idempotency_key: str | None = None
    tags: Sequence[str] = ()
    needs_approval: bool = False  # it begins only once somebody else has approved
    called: str | None = None  # what lists call it as long as it has no title
    route: str = "POST /v1/accounts/{account}/articles"

    def payload(self) -> dict[str, Any]:
        """What is kept with the job."""
        fields = self.fields.model_dump(mode="json", exclude_none=True)
        payload = {"fields": fields, "files": len({*self.files, *self.kept})}
        if self.update is not None:
            payload["update"] = self.update
        if self.source_id is not None:
            payload["source_id"] = self.source_id
        if self.mass is not None:
            payload["mass"] = dict(self.mass)
        if self.repeat:
            payload["repeat"] = True
        return payload

    def content_hash(self) -> str | None:
        """What repeats are found by; None for what is not published."""
        if self.action == "draft":
            return None
        sent = {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}
        return content_hash(self.fields, {**self.kept, **sent})

    @property
    def is_bulky(self) -> bool:
        """Whether it brings files along."""
        return bool(self.files)

    def body_hash(self) -> str:
        """The same for what means the same, however it was written down."""
        said = {
            **self.payload(),
            "account": self.account,
            "action": self.action,
            "publish_at": self.publish_at,
            **({"tags": sorted(self.tags)} if self.tags else {}),
            **self.late.said(),
        }
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
        sent = {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}
        for name, sha256 in sorted({**self.kept, **sent}.items()):
            digest.update(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())
            digest.update(bytes.fromhex(sha256))
        return digest.hexdigest()

    def jobs(self, now: float) -> Sequence[NewJob]:
        """The one job that does it."""
        return (NewJob(row=self.row(now), files=self.files, kept=self.kept, tags=self.tags),)

    def row(self, now: float) -> JobRow:
        """The job's row, not held by any batch."""
        due = self.publish_at
        later = due is not None and due > now
        state = State.SCHEDULED if later else State.ACCEPTED
        return JobRow(
            id=new_id("job"),
            kind=KIND,
            account=self.account,
            client_id=self.client_id,
            state=State.WAITING if self.needs_approval else state,
            approval="pending" if self.needs_approval else None,
            action=self.action,
            payload=self.payload(),
            checkpoint={},
            progress={"done": 0, "total": 1, "articles": len(self.fields.each())},
            run_at=due if due is not None and later else now,
            due_at=due,
            subject=self.update,
            skip_after=None if due is None else self.late.skip_after(max(due, now)),
            content_hash=self.content_hash(),
            title=_title(self.fields) or self.called,
            created_at=now,
            updated_at=now,
        )


def _title(fields: DraftFields) -> str | None:
    """What the sender says it is called; a text's own title is known only once it is built."""
    return fields.each()[0].title
