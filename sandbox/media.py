import hashlib

from sandbox.answers import TEXT_TYPE, Answer, Refused, json_answer
from sandbox.apicall import AccountHandler, ApiCall
from sandbox.bodies import UploadedFile
from sandbox.models import MaterialKind, TemporaryMedia
from sandbox.pictures import MAX_PIXELS, size_of, sniff, url_format
from sandbox.settings import SandboxAccount
from sandbox.world import World
from wechat.limits import (
    MATERIAL_IMAGE_BYTES,
    MATERIAL_IMAGE_TYPES,
    THUMB_BYTES,
    UPLOADIMG_BYTES,
    UPLOADIMG_TYPES,
)

IMAGE_HOST = "http://mmbiz.qpic.cn"
_LIFE_S = 3 * 86_400
_EXTENSIONS = frozenset({"jpg", "jpeg", "png", "gif", "bmp"})
_TYPES: dict[MaterialKind, frozenset[str]] = {
    "image": MATERIAL_IMAGE_TYPES,
    "thumb": frozenset({"image/jpeg"}),
    "voice": frozenset({"audio/amr", "audio/mpeg", "audio/wav", "audio/x-ms-wma"}),
    "video": frozenset({"video/mp4"}),
}
_MAX_BYTES: dict[MaterialKind, int] = {
    "image": MATERIAL_IMAGE_BYTES,
    "thumb": THUMB_BYTES,
    "voice": 2_000_000,
    "video": 10_000_000,
}


def read_kind(call: ApiCall) -> MaterialKind:
    """The query's `type`. Raises Refused 40004."""
    kinds: dict[str, MaterialKind] = {kind: kind for kind in _TYPES}
    kind = kinds.get(call.query.get("type", ""))
    if kind is None:
        raise Refused(40004)
    return kind


class Uploads:
    """What all uploads have in common: the file's checks, and where its bytes go."""

    def __init__(self, world: World) -> None:
        self._world = world

    def check(self, file: UploadedFile, kind: MaterialKind, max_bytes: int | None = None) -> str:
        """The file's media type, by its first bytes.

        Raises Refused: 40005 (type), 40137 (webp, broken or huge picture), 40006 (thumb over
        64 KB), 45001 (too big).
        """
        self.check_names(file, kind)
        media_type = sniff(file.data)
        if media_type == "image/webp":
            raise Refused(40137)
        if media_type not in _TYPES[kind]:
            raise Refused(40005)
        if len(file.data) > (max_bytes or _MAX_BYTES[kind]):
            raise Refused(40006 if kind == "thumb" else 45001)
        self._check_picture(media_type, file.data)
        return media_type

    def check_article_image(self, file: UploadedFile) -> str:
        """The media type of a picture for uploadimg. Raises Refused 40005, 40009, 40137."""
        self.check_names(file, "image")
        media_type = sniff(file.data)
        if media_type not in UPLOADIMG_TYPES:
            raise Refused(40005)
        if len(file.data) >= UPLOADIMG_BYTES:  # the doc says: under 1 MB
            raise Refused(40009)
        self._check_picture(media_type, file.data)
        return media_type

    def check_names(self, file: UploadedFile, kind: MaterialKind) -> None:
        """Raises Refused 40005 for a part that does not say what it is."""
        if self._world.settings.upload_names == "lenient":
            return
        extension = file.filename.rpartition(".")[2].lower()
        if not file.content_type or (kind == "image" and extension not in _EXTENSIONS):
            raise Refused(40005)

    def keep_picture(self, media_type: str, data: bytes) -> tuple[str, str]:
        """Keep the bytes; returns the blob's id and the URL on WeChat's picture host."""
        fmt = url_format(media_type)
        path = f"mmbiz_{fmt}/{self._world.new_id(64)}/0"
        self._world.blobs.put(path, data)
        return path, f"{IMAGE_HOST}/{path}?wx_fmt={fmt}"

    def keep_file(self, data: bytes) -> str:
        """Keep the bytes of a file without a URL; returns the blob's id."""
        blob = f"file/{self._world.new_id(32)}"
        self._world.blobs.put(blob, data)
        return blob

    def _check_picture(self, media_type: str, data: bytes) -> None:
        if media_type not in UPLOADIMG_TYPES:
            return
        size = size_of(data)
        if size is None or not 0 < size.width * size.height <= MAX_PIXELS:
            raise Refused(40137)


def sha256(data: bytes) -> str:
    """The hex digest that the ledger shows of a file."""
    return hashlib.sha256(data).hexdigest()


class Media:
    """media/*: pictures for articles, and files that live three days."""

    def __init__(self, world: World, uploads: Uploads) -> None:
        self._world = world
        self._uploads = uploads

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls of this family."""
        return {
            "/cgi-bin/media/uploadimg": self.uploadimg,
            "/cgi-bin/media/upload": self.upload,
            "/cgi-bin/media/get": self.get,
        }

    def uploadimg(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Keep an article image; it counts in no library and never goes."""
        file = call.form.media
        media_type = self._uploads.check_article_image(file)
        _, url = self._uploads.keep_picture(media_type, file.data)
        self._world.ledger.commit(
            "image",
            account.app_id,
            url=url,
            sha256=sha256(file.data),
            bytes=len(file.data),
            filename=file.filename,
        )
        # Seen at WeChat: JSON that calls itself text (doocs/md#1877).
        return json_answer({"url": url}, content_type=TEXT_TYPE)

    def upload(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Keep a file for three days."""
        kind = read_kind(call)
        file = call.form.media
        image_bytes = self._world.settings.temporary_image_mb * 1_000_000
        max_bytes = image_bytes if kind == "image" else None
        media_type = self._uploads.check(file, kind, max_bytes)
        now = int(self._world.clock())
        media_id = self._world.new_id(64)
        media = TemporaryMedia(
            kind=kind,
            name=file.filename,
            content_type=media_type,
            blob=self._uploads.keep_file(file.data),
            created_at=now,
        )
        self._world.media.put(account.app_id, media_id, media)
        self._world.ledger.commit(
            "media", account.app_id, media_id=media_id, type=kind, sha256=sha256(file.data)
        )
        name = "thumb_media_id" if kind == "thumb" else "media_id"
        return json_answer({"type": kind, name: media_id, "created_at": now})

    def get(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """The file of a temporary media_id; a video's URL instead of its bytes."""
        media = self._world.media.get(account.app_id, call.query.get("media_id", ""))
        if media is None or self._world.clock() >= media.created_at + _LIFE_S:
            raise Refused(40007)
        if media.kind == "video":
            return json_answer({"video_url": f"{self._world.base_url}/mmbiz/{media.blob}"})
        disposition = f'attachment; filename="{media.name}"'
        data = self._world.blobs.get(media.blob) or b""
        return Answer(data, media.content_type, headers={"Content-disposition": disposition})
