import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from content.bring import Brought
from content.lanes import LaneFull
from content.options import RenderOptions
from content.pictures.target import PictureOptions
from content.relayed.draft import Picture, Plan, with_pictures
from content.relayed.inspect import DraftLint
from content.relayed.notes import (
    NOT_READABLE,
    TOO_COMPLEX,
    TOO_LATE,
    TOO_MANY_PICTURES,
    Cared,
    Note,
    note_of,
)
from content.uploads import UploadKind
from content.workers import WorkerPool, WorkExhausted, WorkFailed
from core.errors import GatewayError, Text

log = structlog.get_logger(__name__)

_KEPT = Text("原地址保留", "its address stays")
_PLACEHOLDER = Text("已换成占位图", "a placeholder stands for it")


class Pictures(Protocol):
    """Brings pictures to WeChat; `content.build.ArticleBuilder` is one."""

    async def upload(
        self,
        account: str,
        src: str,
        files: Mapping[str, bytes],
        kind: UploadKind,
        options: PictureOptions = ...,
    ) -> Brought:
        """The picture `src` there."""
        ...

    async def placeholder(self, account: str, kind: UploadKind, alt: str) -> Brought:
        """What stands for one that cannot be had."""
        ...


class DraftCare:
    """Looks after the drafts that tools relay: their pictures, their wrappers, their faults.

    It refuses nothing: what it cannot do it says, and the draft goes up as far as it got.
    """

    def __init__(
        self,
        workers: WorkerPool,
        pictures: Pictures,
        lint: DraftLint,
        options: RenderOptions,
        *,
        max_images: int,
        concurrency: int,
    ) -> None:
        self._workers = workers
        self._pictures = pictures
        self._lint = lint
        self._options = options
        self._max_images = max_images
        self._concurrency = concurrency

    async def look_after(
        self, account: str, body: bytes, *, images: bool, lint: bool, ends_at: float
    ) -> Cared:
        """The draft `body` as it should go up, in what time there is until `ends_at`.

        `ends_at` is the event loop's. Only the strings concerned differ from what came.
        """
        try:
            async with asyncio.timeout_at(ends_at):
                plan = await self._scan(body, images=images)
        except TimeoutError:
            return Cared(body, notes=(TOO_LATE,))
        except (WorkExhausted, WorkFailed, LaneFull):
            return Cared(body, notes=(TOO_COMPLEX,))
        if plan is None:
            return Cared(body, notes=(NOT_READABLE,))
        there, notes = await self._bring(account, plan, body, ends_at)
        failed = sum(note.field is not None for note in notes)  # a placeholder is not the picture
        cared = await asyncio.to_thread(with_pictures, body, plan, there)
        if lint:
            notes += await self._linted(account, cared, ends_at)
        return Cared(cared, len(there) - failed, failed, len(plan.unwrapped), tuple(notes))

    async def _scan(self, body: bytes, *, images: bool) -> Plan | None:
        arguments: dict[str, Any] = {"images": images, "max_images": self._max_images}
        answer = await self._workers.run("scan_draft", arguments, body)
        return Plan.of(answer.result) if answer.result["readable"] else None

    async def _bring(
        self, account: str, plan: Plan, body: bytes, ends_at: float
    ) -> tuple[list[str | None], list[Note]]:
        """Where each picture is at WeChat, None for one that is not, and what is to be told.

        Each that failed has one note with a field.
        """
        slots = asyncio.Semaphore(self._concurrency)
        notes = [TOO_MANY_PICTURES] if plan.too_many else []

        async def bring(picture: Picture) -> str | None:
            try:
                async with asyncio.timeout_at(ends_at), slots:
                    src = picture.source(body)
                    options = PictureOptions.of(self._options)
                    brought = await self._pictures.upload(account, src, {}, picture.kind, options)
                    return brought.value
            except TimeoutError:
                notes.append(TOO_LATE._replace(field=picture.field))
                return None
            except GatewayError as error:
                log.info("picture is not to be had", code=error.code, field=picture.field)
                value = await self._instead(account, picture, ends_at)
                notes.append(note_of(error, picture.field, _PLACEHOLDER if value else _KEPT))
                return value

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(bring(picture)) for picture in plan.pictures]
        return [task.result() for task in tasks], sorted(notes, key=lambda note: note.field or "")

    async def _instead(self, account: str, picture: Picture, ends_at: float) -> str | None:
        is_shown = picture.kind == "article" and not picture.is_background
        if self._options.image_failure != "placeholder" or not is_shown:
            return None
        try:
            async with asyncio.timeout_at(ends_at):
                return (await self._pictures.placeholder(account, picture.kind, "")).value
        except (GatewayError, TimeoutError):
            return None

    async def _linted(self, account: str, body: bytes, ends_at: float) -> list[Note]:
        try:
            async with asyncio.timeout_at(ends_at):
                return await self._lint.look(account, body)
        except TimeoutError:
            return [TOO_LATE]
