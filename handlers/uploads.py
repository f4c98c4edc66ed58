from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from core.errors import GatewayError, Text
from handlers.bodies import MultipartInvalid, Upload, read_upload
from handlers.body_budget import BodyBudget, Share
from handlers.guard import require_scope
from handlers.views import view_of
from jobs.uploads import Uploads
from notify.attachment import MAX_ATTACHMENT_BYTES

_FORM_BYTES = 10_000  # what stands around the file


class UploadInvalid(GatewayError):
    """The upload is no form with one file."""

    status = 400
    code = "upload_invalid"
    category = "params"
    message = Text("上传的表单有误：{reason}", "the uploaded form is wrong: {reason}")
    hint = Text(
        "multipart/form-data，一个名为 file 的文件部分",
        "multipart/form-data with one file, in a part named file",
    )


class AttachmentTooLarge(GatewayError):
    """The file is too large to be sent by mail."""

    status = 413
    code = "attachment_too_large"
    category = "params"
    message = Text("附件超过 {max_mb} MB", "the attachment is over {max_mb} MB")
    hint = Text(
        "压缩或拆分它，或放到别处、在正文里给链接",
        "compress or split it, or keep it elsewhere and send a link",
    )


class UploadAnswer(BaseModel):
    """A file that can be attached."""

    id: str = Field(description="for `attachments` of POST /v1/notifications")
    name: str = Field(description="as its reader will see it")
    media_type: str
    size: int = Field(description="bytes")
    sha256: str
    expires_at: str = Field(description="from then on it cannot be attached")


class UploadsHandler:
    """Files for the messages that take them along; a key sees none but its own."""

    def __init__(self, uploads: Uploads, bodies: BodyBudget) -> None:
        self._uploads = uploads
        self._bodies = bodies

    async def create(self, request: Request) -> Response:
        """Keep a file for a week."""
        client = require_scope(request, Scope.NOTIFY)
        with self._bodies.share() as share:
            sent = await read_form_file(
                request, max_bytes=MAX_ATTACHMENT_BYTES + _FORM_BYTES, share=share
            )
            if len(sent.data) > MAX_ATTACHMENT_BYTES:
                raise AttachmentTooLarge(max_mb=MAX_ATTACHMENT_BYTES // 1_000_000)
            row = await self._uploads.keep(
                client.id, sent.data, name=sent.name, media_type=sent.media_type
            )
        return JSONResponse(view_of(UploadAnswer, row), status_code=201)


async def read_form_file(request: Request, *, max_bytes: int, share: Share) -> Upload:
    """The file in the part named `file`. Raises UploadInvalid, and what read_upload raises."""
    try:
        return await read_upload(request, "file", max_bytes=max_bytes, share=share)
    except MultipartInvalid as exc:
        raise UploadInvalid(reason=str(exc.values["reason"])) from None
