"""Relayed drafts and uploads that are looked after on their way, where that is asked for."""

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack
from typing import NamedTuple

from accounts.audit import AuditEntry
from accounts.clients import Enhance
from content.pictures.target import COVER, MATERIAL, TEMPORARY, THUMB, Target
from content.relayed.care import DraftCare
from content.relayed.notes import TOO_LATE, Cared, note_of
from content.relayed.uploads import UploadCare
from core.errors import GatewayError, Text
from handlers.enhance_report import HEADER, entry_of, headers_of
from handlers.wechat_form import Headers
from proxy.auth import Caller
from proxy.body import StoredBody
from proxy.deadline import Deadline
from proxy.multipart import find_file
from proxy.request import Inbound
from proxy.routing import Route
from wechat.material import ADD_MATERIAL, UPLOAD, UPLOADIMG

_DRAFTS = frozenset({"/cgi-bin/draft/add", "/cgi-bin/draft/update"})
# What each takes, for some by its `type`. uploadimg takes no GIF, moving or not: of one its first
# frame is what articles can show.
_UPLOADS: dict[str, Target | dict[str, Target]] = {
    UPLOADIMG: COVER,
    ADD_MATERIAL: {"image": MATERIAL, "thumb": THUMB},
    UPLOAD: {"image": TEMPORARY, "thumb": THUMB},
}
_PATHS = _DRAFTS | _UPLOADS.keys()
_AT_ONCE = 8  # each holds its body in memory
_OF_ONE_CLIENT = 4  # the others need not wait for the slow pictures of one
_OF_BODIES = frozenset({Enhance.IMAGES, Enhance.LINT})
_AS_IT_IS = Text("原样上传", "it is sent as it is")


class EnhanceInvalid(GatewayError):
    """X-Wxgate-Enhance asks for something that there is not."""

    status = 400
    code = "enhance_invalid"
    category = "params"
    message = Text(
        "请求头 X-Wxgate-Enhance 只能写 images、lint、explain 或 off",
        "X-Wxgate-Enhance is a list of images, lint and explain, or off",
    )
    hint = Text("如 X-Wxgate-Enhance: images, lint", "such as X-Wxgate-Enhance: images, lint")


class Looked(NamedTuple):
    """What goes up in place of what came, and what is told of it."""

    body: bytes | None  # None: what came
    headers: Headers
    note: AuditEntry | None  # for the audit log; None where nothing is to be told


class RelayCare:
    """Has drafts and uploads looked after whose callers ask for it (docs/adr/0013).

    Refuses no call but for a header that makes no sense, and publishes nothing.
    """

    def __init__(self, drafts: DraftCare, uploads: UploadCare, *, timeout_s: float) -> None:
        self._drafts = drafts
        self._uploads = uploads
        self.timeout_s = timeout_s
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._shares = defaultdict[str, asyncio.Semaphore](
            lambda: asyncio.Semaphore(_OF_ONE_CLIENT)
        )

    def wanted(self, request: Inbound, caller: Caller) -> frozenset[Enhance]:
        """What this call asks for, else what its client has set. Raises EnhanceInvalid."""
        said = request.headers.get(HEADER)
        return caller.client.enhance if said is None else _read(said)

    def concerns(self, route: Route, wanted: frozenset[Enhance]) -> bool:
        """Whether what goes up by `route` is to be looked after."""
        return not wanted.isdisjoint(_OF_BODIES) and route.path in _PATHS

    async def look_after(
        self,
        request: Inbound,
        request_id: str,
        caller: Caller,
        route: Route,
        body: StoredBody,
        asked: Deadline | None,
    ) -> Looked:
        """What goes up in place of `body`. Raises EnhanceInvalid, UploadIncomplete.

        Takes half of the time that the caller has left at most.
        """
        wanted = self.wanted(request, caller)
        seconds = self.timeout_s if asked is None else min(self.timeout_s, asked.left() / 2)
        ends_at = asyncio.get_running_loop().time() + seconds
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout_at(ends_at):
                    await turn.enter_async_context(self._shares[caller.client.id])
                    await turn.enter_async_context(self._slots)
            except TimeoutError:
                cared, sent = Cared(b"", notes=(TOO_LATE,)), None
            else:
                cared, sent = await self._cared(request, caller, route, body, wanted, ends_at)
        entry = None
        if cared.notes or (
            route.path in _DRAFTS and (cared.placed or cared.failed or cared.unwrapped)
        ):
            entry = entry_of(cared, request, request_id, caller, route.path)
        headers = headers_of(cared, lint=Enhance.LINT in wanted)
        return Looked(sent, headers, entry)

    async def _cared(
        self,
        request: Inbound,
        caller: Caller,
        route: Route,
        body: StoredBody,
        wanted: frozenset[Enhance],
        ends_at: float,
    ) -> tuple[Cared, bytes | None]:
        images = Enhance.IMAGES in wanted
        if route.path in _DRAFTS:
            data = b"".join([chunk async for chunk in body.chunks()])
            cared = await self._drafts.look_after(
                caller.account.name,
                data,
                images=images,
                lint=Enhance.LINT in wanted,
                ends_at=ends_at,
            )
            return cared, None if cared.body is data else cared.body
        targets = _UPLOADS[route.path]
        target = targets if isinstance(targets, Target) else targets.get(request.query.get("type"))
        if not images or target is None:
            return Cared(b""), None
        return await self._upload(request.header(b"content-type"), body, target, ends_at)

    async def _upload(
        self, content_type: str, body: StoredBody, target: Target, ends_at: float
    ) -> tuple[Cared, bytes | None]:
        """The form with a picture in it that the call takes."""
        file = await find_file(body, content_type)
        if file is None:
            return Cared(b""), None
        try:
            async with asyncio.timeout_at(ends_at):
                fitted = await self._uploads.fit(await file.read(), file.extension, target)
        except TimeoutError:
            return Cared(b"", failed=1, notes=(TOO_LATE._replace(field="media"),)), None
        except GatewayError as error:
            return Cared(b"", failed=1, notes=(note_of(error, "media", _AS_IT_IS),)), None
        if fitted is None:
            return Cared(b""), None
        sent = await file.exchanged(fitted.data, fitted.filename, fitted.content_type)
        return Cared(b"", placed=1), sent


def _read(said: bytes) -> frozenset[Enhance]:
    names = {name.strip() for name in said.decode("latin-1").lower().split(",")} - {""}
    if names == {"off"}:
        return frozenset()
    try:
        return frozenset(map(Enhance, names))
    except ValueError:
        raise EnhanceInvalid from None
