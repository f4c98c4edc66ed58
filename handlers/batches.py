import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field, RootModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client
from accounts.official import Accounts
from core.clock import Clock
from handlers.articles import account_of, idempotency_key
from handlers.batch_bodies import Asked, BatchBodies
from handlers.batch_reading import ChecksTemplates, Sender, check_items, hand_in, read_items
from handlers.guard import require_scope
from handlers.jobs import JobAnswer, answer_to_post
from jobs.batch import Batch, Policy
from jobs.files import Files
from jobs.intake import Handed, NewJob
from jobs.rights import SCOPES, needs_approval
from jobs.service import Jobs


class PlannedItem(BaseModel):
    """What an item would become."""

    index: int
    kind: str
    action: str
    title: str | None
    files: int = Field(description="how many came along or were sent before")
    missing: list[str] = Field(description="those of them that have to be sent first")


class BatchPlan(BaseModel):
    """The answer to a dry run."""

    dry_run: Literal[True]
    kind: str
    account: str
    total: int
    concurrency: int
    on_error: str
    items: list[PlannedItem]


class BatchAnswer(RootModel[JobAnswer | BatchPlan]):
    """The batch as a job; to a dry run its plan."""


class _Taken(NamedTuple):
    """A batch as it was understood."""

    batch: Batch
    handed: Sequence[Handed]  # its items
    policy: Policy
    dry_run: bool


class BatchesHandler:
    """Many things at once in, one job out."""

    def __init__(
        self,
        jobs: Jobs,
        files: Files,
        accounts: Accounts,
        bodies: BatchBodies,
        templates: ChecksTemplates,
        *,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._files = files
        self._accounts = accounts
        self._bodies = bodies
        self._templates = templates
        self._clock = clock

    async def create(self, request: Request) -> Response:
        """Take a batch in. Everything in it is checked first."""
        client: Client = request.state.client
        account = account_of(request, client, self._accounts)
        async with self._bodies.read(request) as asked:
            taken = await self._take_in(request, asked, client, account)
            for action in {job.row.action for job in taken.batch.made}:
                require_scope(request, SCOPES[action])
            if taken.dry_run:
                await self._check(taken)
                return JSONResponse(await self._plan(taken, account))
            row = await self._jobs.submit(taken.batch, lambda: self._check(taken))
        return await answer_to_post(request, row, self._jobs)

    async def _check(self, taken: _Taken) -> None:
        await check_items(taken.handed, self._templates, self._clock())

    async def _take_in(
        self, request: Request, asked: Asked, client: Client, account: str
    ) -> _Taken:
        now, said = self._clock(), asked.batch
        items = await asyncio.to_thread(read_items, said.kind, said.items)
        sender = Sender(
            client_id=client.id,
            account=account,
            needs_approval=[action for action in SCOPES if needs_approval(client, action)],
            files=asked.files,
        )
        handed = await hand_in(said.kind, items, sender)
        policy = Policy(
            kind=said.kind,
            concurrency=asked.concurrency,
            on_error=said.on_error,
            tags=tuple(sorted(set(said.tags))),
        )
        batch = await asyncio.to_thread(
            Batch.of,
            *(handed, policy),
            now=now,
            client_id=client.id,
            account=account,
            idempotency_key=idempotency_key(request),
        )
        return _Taken(batch, handed, policy, said.dry_run)

    async def _plan(self, taken: _Taken, account: str) -> dict[str, Any]:
        items, client_id = taken.batch.made[1:], taken.batch.client_id
        kept = [sha256 for job in items for sha256 in job.kept.values()]
        missing = set(await self._files.missing(client_id, kept)) if kept else set()
        return {
            "dry_run": True,
            "kind": taken.policy.kind,
            "account": account,
            "total": len(items),
            "concurrency": taken.policy.concurrency,
            "on_error": taken.policy.on_error,
            "items": [_planned(n, job, missing) for n, job in enumerate(items)],
        }


def _planned(index: int, job: NewJob, missing: set[str]) -> Mapping[str, Any]:
    return {
        "index": index,
        "kind": job.row.kind,
        "action": job.row.action,
        "title": job.row.title,
        "files": len({*job.files, *job.kept}),
        "missing": sorted(path for path, sha256 in job.kept.items() if sha256 in missing),
    }
