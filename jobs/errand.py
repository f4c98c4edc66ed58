"""Small things to be done at WeChat, each a job of its own: most come as items of a batch."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from core.errors import GatewayError
from core.ids import new_id
from jobs.claim import Claim, Outcome
from jobs.engine import Handler
from jobs.failures import Failures
from jobs.intake import NewJob
from jobs.rights import LiveClient, check_rights
from jobs.states import State
from store.jobs import JobRow

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One of them as a client hands it in."""

    kind: str  # of its job, such as draft.delete
    client_id: str
    account: str  # our name of the account
    action: str  # what it takes: draft or material
    asked: Mapping[str, Any]
    title: str | None = None
    subject: str | None = None  # the draft that it is about
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    kept: Mapping[str, str] = field(default_factory=dict)  # files sent before, by SHA-256
    idempotency_key: str | None = None
    route: str = "POST /v1/accounts/{account}/batches"

    @property
    def is_bulky(self) -> bool:
        """Whether it brings files along."""
        return bool(self.files)

    def body_hash(self) -> str:
        """The same for what means the same, however it was written down."""
        sent = {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}
        said = [self.kind, self.account, self.asked, {**self.kept, **sent}]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def jobs(self, now: float) -> Sequence[NewJob]:
        """The one job that does it."""
        row = JobRow(
            id=new_id("job"),
            kind=self.kind,
            account=self.account,
            client_id=self.client_id,
            state=State.ACCEPTED,
            action=self.action,
            payload={**self.asked, "files": len({*self.files, *self.kept})},
            checkpoint={},
            progress={"done": 0, "total": 1},
            title=self.title,
            subject=self.subject,
            run_at=now,
            created_at=now,
            updated_at=now,
        )
        return (NewJob(row=row, files=self.files, kept=self.kept),)


Work = Callable[[Claim], Awaitable[Outcome]]


def runs_errands(work: Work, failures: Failures, live_client: LiveClient) -> Handler:
    """A handler that does `work` while the client may have it done, and again where that helps.

    `work` is idempotent: after a lost answer it is simply done again.
    """

    async def handle(claim: Claim) -> Outcome:
        check_rights(claim, live_client)
        try:
            return await work(claim)
        except GatewayError as exc:
            log.info("errand failed", kind=claim.row.kind, code=exc.code)
            return failures.outcome(claim, exc)

    return handle
