import asyncio
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client
from accounts.official import Accounts
from core.clock import Clock
from handlers.articles import account_of, idempotency_key
from handlers.batch_items import Kind
from handlers.batch_reading import Sender, hand_in, read_items
from handlers.bodies import parse_model, read_with_files
from handlers.body_budget import BodyBudget, Share
from handlers.guard import require_scope
from handlers.jobs import answer_to_post
from jobs.batch import Batch, Policy
from jobs.files import Files
from jobs.intake import NewJob
from jobs.rights import SCOPES, needs_approval
from jobs.service import Jobs
from jobs.settings import JobsSettings

_MAX_ITEMS = 1_000


class BatchRequest(BaseModel):
    """POST /v1/accounts/{account}/batches."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Field(description="what the items are")
    items: list[dict[str, Any]] = Field(min_length=1, max_length=_MAX_ITEMS)
    concurrency: int | None = Field(
        None,
        ge=1,
        le=256,
        description="items worked on at once; else as the gateway has it. Those with a "
        "publish_at begin when it comes",
    )
    on_error: Literal["continue", "stop"] = Field(
        "continue", description="stop: an item that fails ends those that were not begun"
    )
    dry_run: bool = Field(False, description="only check, and tell what would be done")


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


class _Taken(NamedTuple):
    """A batch as it was understood."""

    batch: Batch
    policy: Policy
    dry_run: bool


class BatchesHandler:
    """Many things at once in, one job out."""

    def __init__(
        self,
        jobs: Jobs,
        files: Files,
        accounts: Accounts,
        bodies: BodyBudget,
        settings: JobsSettings,
        *,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._files = files
        self._accounts = accounts
        self._bodies = bodies
        self._max_bytes = settings.max_request_mb * 1_000_000
        self._concurrency = settings.concurrency  # where the caller does not say
        self._clock = clock

    async def create(self, request: Request) -> Response:
        """Take a batch in: JSON, or multipart with its files. Everything in it is checked first."""
        client: Client = request.state.client
        account = account_of(request, client, self._accounts)
        with self._bodies.share() as share:
            taken = await self._read(request, share, client, account)
            for action in {job.row.action for job in taken.batch.made}:
                require_scope(request, SCOPES[action])
            if taken.dry_run:
                return JSONResponse(await self._plan(taken, account))
            row = await self._jobs.submit(taken.batch)
        return await answer_to_post(request, row, self._jobs)

    async def _read(self, request: Request, share: Share, client: Client, account: str) -> _Taken:
        now = self._clock()
        body = await read_with_files(
            request, "batch", max_bytes=self._max_bytes, share=share, max_files=_MAX_ITEMS
        )
        # In threads: a thousand articles keep a processor busy for some tenths of a second.
        asked = await asyncio.to_thread(parse_model, body.json, BatchRequest)
        items = await asyncio.to_thread(read_items, asked.kind, asked.items)
        sender = Sender(
            client_id=client.id,
            account=account,
            needs_approval=[action for action in SCOPES if needs_approval(client, action)],
            now=now,
            files=body.files,
        )
        handed = await hand_in(asked.kind, items, sender)
        policy = Policy(
            kind=asked.kind,
            concurrency=asked.concurrency or self._concurrency,
            on_error=asked.on_error,
        )
        batch = await asyncio.to_thread(
            Batch.of,
            *(handed, policy),
            now=now,
            client_id=client.id,
            account=account,
            idempotency_key=idempotency_key(request),
        )
        return _Taken(batch, policy, asked.dry_run)

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
