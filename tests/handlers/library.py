"""The routes of templates, on a store and processes of the test's."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.audit import AuditLog
from accounts.clients import Client
from content.renderer import Renderer
from content.settings import ContentSettings
from content.template_work import TemplateWork
from content.workers import WorkerPool
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.template_preview import PreviewHandler
from handlers.templates import TemplatesHandler
from store.engine import Database
from templates.book import TemplateBook

_SCOPES = {"keeper": ["templates"], "reader": ["draft"], "stats": ["stats"]}


class Library:
    """Calls the routes as one client or another."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def call(
        self, method: str, path: str, *, as_client: str = "keeper", **how: Any
    ) -> httpx.Response:
        headers = {"x-client": as_client, **how.pop("headers", {})}
        return await self._http.request(method, f"/v1{path}", headers=headers, **how)


@asynccontextmanager
async def open_library(database: Database, workers: WorkerPool) -> AsyncIterator[Library]:
    """The routes as server/routes.py has them."""
    work = TemplateWork(workers)
    audit = AuditLog(database, b"k" * 32, clock=time.time)
    book = TemplateBook(database, audit, work.inspect, clock=time.time)
    templates = TemplatesHandler(book, work)
    previews = PreviewHandler(book, work, Renderer(workers, ContentSettings()), clock=time.time)
    one = "/v1/templates/{name}"
    routes = [
        Route("/v1/templates", templates.list),
        Route("/v1/templates", templates.create, methods=["POST"]),
        Route("/v1/templates/preview", previews.unsaved, methods=["POST"]),
        Route(one, templates.get),
        Route(one, templates.save, methods=["PUT"]),
        Route(one, templates.change, methods=["PATCH"]),
        Route(one, templates.remove, methods=["DELETE"]),
        Route(f"{one}/versions", templates.history),
        Route(one + "/versions/{number}", templates.version),
        Route(f"{one}/diff", templates.diff),
        Route(f"{one}/rollback", templates.roll_back, methods=["POST"]),
        Route(f"{one}/preview", previews.saved, methods=["POST"]),
    ]
    inner = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    transport = httpx.ASGITransport(_State(AuthMiddleware(inner, _authenticate)))
    async with httpx.AsyncClient(transport=transport, base_url="http://gate.test") as http:
        yield Library(http)


class _State:
    """What the outer layers of the process prepare."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["request_id"] = "req_test"
        await self._app(scope, receive, send)


def _authenticate(scope: Scope) -> Client:
    name = dict(scope["headers"])[b"x-client"].decode()
    return Client.model_validate({"id": name, "accounts": ["main"], "scopes": _SCOPES[name]})
