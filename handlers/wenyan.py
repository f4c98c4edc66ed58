from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from handlers.body_budget import BodyBudget
from handlers.guard import require_scope
from handlers.uploads import read_form_file
from handlers.wenyan_target import file_id
from jobs.files import Files

# Its tools tell it from other servers by this name alone.
_SERVICE = "wenyan-cli"
_MAX_FILE_BYTES = 20_000_000  # as on /v1/files; its own server takes 10 MB


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
            sent = await read_form_file(request, max_bytes=_MAX_FILE_BYTES, share=share)
            kept = await self._files.keep(client.id, sent.data)
        data = {
            "fileId": file_id(kept, sent.name),
            "originalFilename": sent.name,
            "mimetype": sent.media_type,
            "size": len(sent.data),
        }
        return JSONResponse({"success": True, "data": data})
