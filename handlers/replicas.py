from typing import Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.audit import AuditLog
from accounts.clients import Scope
from handlers.edits import editor_of
from handlers.guard import require_scope
from handlers.views import view_of
from jobs.replicas import Replicas
from store.replicas import ReplicaRow

# What a process tells of itself, until it has.
_UNTOLD = {
    "name": "",
    "listen": "",
    "jobs": 0,
    "redis": "none",
    "clock_ahead_s": 0.0,
    "supervised": False,
}


class ReplicaView(BaseModel):
    """A process on this store."""

    id: str
    name: str = Field(description="of its place; whoever is started there next has the same")
    host: str
    pid: int
    role: Literal["all", "relay", "api", "worker"]
    state: Literal["running", "draining", "stopped", "gone"]
    version: str
    config: str = Field(description="the same where the settings are, but for secrets")
    listen: str
    jobs: int = Field(description="that it works on")
    redis: Literal["up", "down", "none"]
    clock_ahead_s: float = Field(description="what its host's clock is ahead of the database's")
    supervised: bool = Field(description="started by serve --workers: it can be told to restart")
    this: bool = Field(description="whether it is the one that answers")
    started_at: str
    beat_at: str = Field(description="when it was last heard of")


class ReplicaList(BaseModel):
    """All processes that are remembered, in the order of their start."""

    items: list[ReplicaView]
    next_cursor: None = None


class ReplicasHandler:
    """The processes that share the store, for keys with the scope admin."""

    def __init__(self, replicas: Replicas, audit: AuditLog) -> None:
        self._replicas = replicas
        self._audit = audit

    async def list(self, request: Request) -> Response:
        """All of them."""
        require_scope(request, Scope.ADMIN)
        items = [self._view(row) for row in await self._replicas.every()]
        return JSONResponse({"items": items, "next_cursor": None})

    async def restart(self, request: Request) -> Response:
        """Have another started in the place of one."""
        require_scope(request, Scope.ADMIN)
        row = await self._replicas.ask_to_restart(request.path_params["replica_id"])
        entry = editor_of(request).did("replica.restart", row.info["name"], {"id": row.id})
        await self._audit.note(entry)
        return JSONResponse(self._view(row), status_code=202)

    def _view(self, row: ReplicaRow) -> dict[str, object]:
        told = {name: row.info.get(name, untold) for name, untold in _UNTOLD.items()}
        return view_of(ReplicaView, row, this=row.id == self._replicas.id, **told)
