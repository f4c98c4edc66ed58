import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from handlers.batch_folder import batch_of_folder
from handlers.batch_items import Kind
from handlers.bodies import (
    MediaTypeUnsupported,
    WithFiles,
    media_type,
    parse_model,
    read_bytes,
    read_with_files,
)
from handlers.body_budget import BodyBudget, Share
from jobs.settings import JobsSettings
from store.tags import TAGS_A_THING, TagName

_MAX_ITEMS = 1_000
_ZIP = frozenset({"application/zip", "application/x-zip-compressed"})
_TAKEN = "application/json, multipart/form-data, application/zip"


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
    tags: list[TagName] = Field([], max_length=TAGS_A_THING, description="of the batch as a whole")
    dry_run: bool = Field(False, description="only check, and tell what would be done")


class Asked(NamedTuple):
    """A batch as it was sent."""

    batch: BatchRequest
    concurrency: int
    files: Mapping[str, bytes]  # that came along, by path


class OpensArchives(Protocol):
    """Unpacks what callers send; `content.archives` does it."""

    async def unpack(self, data: bytes) -> dict[str, bytes]:
        """The files of a ZIP archive by path."""
        ...


class BatchBodies:
    """Reads batches: JSON, multipart with files, or a folder in a ZIP archive."""

    def __init__(self, budget: BodyBudget, archives: OpensArchives, settings: JobsSettings) -> None:
        self._budget = budget
        self._archives = archives
        self._max_bytes = settings.max_request_mb * 1_000_000
        self._concurrency = settings.concurrency  # where the caller does not say

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[Asked]:
        """What was sent; its memory counts until the end of the block.

        Raises ServerBusy, ArchiveInvalid and the errors of handlers/bodies.py.
        """
        with self._budget.share() as share:
            sent = await self._sent(request, share)
            # In threads: a thousand articles keep a processor busy for some tenths of a second.
            batch = await asyncio.to_thread(parse_model, sent.json, BatchRequest)
            yield Asked(batch, batch.concurrency or self._concurrency, sent.files)

    async def _sent(self, request: Request, share: Share) -> WithFiles:
        max_bytes = self._max_bytes
        if media_type(request) in _ZIP:
            packed = await read_bytes(request, max_bytes=max_bytes, share=share)
            files = await self._archives.unpack(packed)
            share.reach(len(packed) + sum(map(len, files.values())))
            return await asyncio.to_thread(batch_of_folder, files, request.query_params)
        try:
            return await read_with_files(
                request, "batch", max_bytes=max_bytes, share=share, max_files=_MAX_ITEMS
            )
        except MediaTypeUnsupported:
            raise MediaTypeUnsupported(taken=_TAKEN) from None
