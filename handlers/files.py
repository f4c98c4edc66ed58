import re

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from handlers.articles import Sha256
from handlers.bodies import FieldInvalid, read_bytes, read_model
from handlers.body_budget import BodyBudget
from handlers.guard import require_scope
from jobs.files import Files

_MAX_NAMES = 1_000
_MAX_QUESTION_BYTES = 100_000  # that many names
_SHA256 = re.compile("[0-9a-f]{64}")
# As large as a whole article may be by default: the gateway makes pictures smaller for WeChat.
_MAX_FILE_BYTES = 20_000_000


class MissingRequest(BaseModel):
    """POST /v1/files/missing."""

    model_config = ConfigDict(extra="forbid")

    sha256: list[Sha256] = Field(max_length=_MAX_NAMES)


class MissingAnswer(BaseModel):
    """What has to be sent."""

    missing: list[str] = Field(description="SHA-256, hex; each once, in the order of the question")


class FileAnswer(BaseModel):
    """A file that is kept."""

    sha256: str
    size: int = Field(description="bytes")


class FilesHandler:
    """Pictures ahead of the articles that show them; a key sees none but its own."""

    def __init__(self, files: Files, bodies: BodyBudget) -> None:
        self._files = files
        self._bodies = bodies

    async def missing(self, request: Request) -> Response:
        """Say which of these files have to be sent."""
        client = require_scope(request, Scope.DRAFT, Scope.MATERIAL)
        wanted = await read_model(request, MissingRequest, max_bytes=_MAX_QUESTION_BYTES)
        return JSONResponse({"missing": await self._files.missing(client.id, wanted.sha256)})

    async def put(self, request: Request) -> Response:
        """Keep a file under its SHA-256: 201, or 200 if it was there."""
        client = require_scope(request, Scope.DRAFT, Scope.MATERIAL)
        sha256 = request.path_params["sha256"]
        if not _SHA256.fullmatch(sha256):
            raise FieldInvalid(field="sha256", reason="sha256: 64 hex digits, lower-case")
        with self._bodies.share() as share:
            data = await read_bytes(request, max_bytes=_MAX_FILE_BYTES, share=share)
            new = await self._files.put(client.id, sha256, data)
        answer = {"sha256": sha256, "size": len(data)}
        return JSONResponse(answer, status_code=201 if new else 200)
