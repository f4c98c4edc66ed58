from typing import Any, Protocol

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from handlers.errcodes import BothLanguages
from handlers.guard import require_scope


class FindingItem(BaseModel):
    """One thing that was looked at; `status` is ok, warn or fail."""

    name: str
    status: str
    found: BothLanguages
    fix: BothLanguages | None


class DoctorAnswer(BaseModel):
    """The worst status of all, and each finding."""

    status: str
    checked_at: str
    findings: list[FindingItem]


class Checkup(Protocol):
    """Examines the gateway, in bounded time."""

    async def report(self, *, forwarded_by: str | None) -> dict[str, Any]:
        """A DoctorAnswer; `forwarded_by` is the peer of a request that came through a proxy."""
        ...


class DoctorHandler:
    """What is wrong with this gateway, and how to mend it."""

    def __init__(self, checkup: Checkup) -> None:
        self._checkup = checkup

    async def get(self, request: Request) -> Response:
        """All findings, at most 5 s old."""
        require_scope(request, Scope.ADMIN)
        forwarded = "x-forwarded-for" in request.headers and request.client is not None
        peer = request.client.host if forwarded and request.client else None
        return JSONResponse(await self._checkup.report(forwarded_by=peer))
