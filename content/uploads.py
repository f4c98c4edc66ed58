import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Literal, NamedTuple, Protocol

from content.pictures.gate import Fitted
from content.pictures.target import DEFAULT_OPTIONS, PictureOptions
from core.errors import GatewayError
from core.tasks import TaskSet
from wechat.call import Upload
from wechat.limits import UPLOADIMG_TYPES
from wechat.material import MaterialClient

_HASHED_HERE_BYTES = 1_000_000  # 1 ms; more takes a thread

UploadKind = Literal["article", "cover", "material", "thumb"]  # each the name of a Target
_Key = tuple[str, UploadKind, str]  # account, kind, SHA-256 of the source and its options
Fit = Callable[[], Awaitable[Fitted]]


class UploadedImages(Protocol):
    """What has been uploaded already, by SHA-256 of the source bytes and of its options.

    The value is the https URL of an article image, or the media_id of the others.
    """

    async def get(self, account: str, sha256: str, kind: UploadKind) -> str | None:
        """What the upload gave; None if there was none."""
        ...

    async def put(self, account: str, sha256: str, kind: UploadKind, value: str) -> None:
        """Remember an upload."""
        ...

    async def forget(self, account: str, value: str) -> None:
        """Forget an upload that WeChat no longer has."""
        ...


class Uploaded(NamedTuple):
    """A picture at WeChat."""

    value: str  # https URL or media_id
    fitted: Fitted | None  # None: it was there before


class Uploader:
    """Uploads each picture once per account, also when many articles bring it at once."""

    def __init__(self, material: MaterialClient, uploaded: UploadedImages) -> None:
        self._material = material
        self._uploaded = uploaded
        self._running: dict[_Key, _Running] = {}
        self._tasks = TaskSet()

    async def upload(
        self,
        account: str,
        kind: UploadKind,
        source: bytes,
        fit: Fit,
        *,
        options: PictureOptions = DEFAULT_OPTIONS,
    ) -> Uploaded:
        """The picture `source` at WeChat; `fit` makes it what WeChat takes, if it is new there.

        `options` are those that `fit` uses: with others it is another picture.

        Raises as `fit` and MaterialClient do. If nobody waits for it any more, what has not been
        sent is given up, and its memory with it; what has been is finished and remembered, since
        WeChat would have it either way.
        """
        digest = await _digest(source, options)
        key = (account, kind, digest)
        if key not in self._running:
            value = await self._uploaded.get(account, digest, kind)
            if value is not None:
                return Uploaded(value, None)
        running = self._running.get(key) or self._start(key, fit)
        running.waiting += 1
        try:
            outcome = await asyncio.shield(running.task)
        finally:
            running.waiting -= 1
            if not (running.waiting or running.is_sending):
                self._forget(key, running)
                running.task.cancel()
        if isinstance(outcome, GatewayError):
            raise outcome.anew()
        return outcome

    async def aclose(self) -> None:
        """Stop the uploads under way."""
        await self._tasks.aclose()

    def _start(self, key: _Key, fit: Fit) -> "_Running":
        running = self._running[key] = _Running()
        running.task = self._tasks.start(self._upload(key, fit, running), name="upload picture")
        running.task.add_done_callback(lambda _done: self._forget(key, running))
        return running

    def _forget(self, key: _Key, running: "_Running") -> None:
        if self._running.get(key) is running:
            del self._running[key]

    async def _upload(self, key: _Key, fit: Fit, running: "_Running") -> Uploaded | GatewayError:
        """The upload, or why there is none: whoever still waits will raise it."""
        try:
            fitted = await fit()
            running.is_sending = True
            return await self._send(key, fitted)
        except GatewayError as error:
            return error

    async def _send(self, key: _Key, fitted: Fitted) -> Uploaded:
        account, kind, digest = key
        upload = Upload(fitted.filename, fitted.content_type, fitted.data)
        if kind == "thumb":
            value = await self._material.add_thumb(account, upload)
        elif kind == "article" and fitted.content_type in UPLOADIMG_TYPES:
            value = await self._material.uploadimg(account, upload)
        else:
            material = await self._material.add_image(account, upload)
            value = material.url if kind == "article" else material.media_id
        await self._uploaded.put(account, digest, kind, value)
        return Uploaded(value, fitted)


class _Running:
    """An upload on its way, for all who wait for the same picture."""

    task: asyncio.Task[Uploaded | GatewayError]

    def __init__(self) -> None:
        self.waiting = 0
        self.is_sending = False


async def _digest(source: bytes, options: PictureOptions) -> str:
    if len(source) <= _HASHED_HERE_BYTES:
        hashed = sha256(source)
    else:
        hashed = await asyncio.to_thread(sha256, source)
    if options != DEFAULT_OPTIONS:
        hashed.update(repr(tuple(options)).encode())
    return hashed.hexdigest()
