from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from core.errors import GatewayError, Text
from handlers.bodies import MultipartInvalid, read_upload
from handlers.body_budget import BodyBudget
from handlers.guard import require_scope
from handlers.wenyan_target import file_id
from jobs.files import Files

# Its tools tell it from other servers by this name alone.
_SERVICE = "wenyan-cli"
_MAX_FILE_BYTES = 20_000_000  # as on /v1/files; its own server takes 10 MB


class UploadInvalid(GatewayError):
    """The upload is not the form that Wenyan's tools send."""

    status = 400
    code = "upload_invalid"
    category = "params"
    message = Text("上传的表单有误：{reason}", "the uploaded form is wrong: {reason}")
    hint = Text(
        "multipart/form-data，一个名为 file 的文件部分",
        "multipart/form-data with one file, in a part named file",
    )


class WenyanHandler:
    """The protocol of Wenyan Server up to its last step, handlers/wenyan_publish.py."""

    def __init__(self, files: Files, bodies: BodyBudget, *, version: str) -> None:
        self._files = files
        self._bodies = bodies
        self._version = version

    async def health(self, _request: Request) -> Response:
        """Say that this is a server of theirs."""
        return JSONResponse({"status": "ok", "service": _SERVICE, "version": self._version})

    async def verify(self, _request: Request) -> Response:
        """Say that the key is known.

        What it may not do is said at the upload: of a refusal here the tools show the status alone.
        """
        return JSONResponse({"success": True, "message": "Authorized"})

    async def upload(self, request: Request) -> Response:
        """Keep a picture, or the article itself, for a publish call that names it."""
        client = require_scope(request, Scope.DRAFT)
        with self._bodies.share() as share:
            try:
                sent = await read_upload(request, "file", max_bytes=_MAX_FILE_BYTES, share=share)
            except MultipartInvalid as exc:
                raise UploadInvalid(reason=str(exc.values["reason"])) from None
            kept = await self._files.keep(client.id, sent.data)
        data = {
            "fileId": file_id(kept, sent.name),
            "originalFilename": sent.name,
            "mimetype": sent.media_type,
            "size": len(sent.data),
        }
        return JSONResponse({"success": True, "data": data})
