"""The routes of alerts and silences, their clock in the test's hand."""

from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from accounts.audit import AuditLog
from accounts.clients import Client
from handlers.alert_desk import AlertDesk
from handlers.alerts import AlertsHandler
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.silences import SilencesHandler
from store import happenings
from store.audit import AuditFilter
from store.engine import Database
from store.happenings import HappeningRow
from tests.jobs.callers import caller


class AlertsDesk:
    """Calls as client `ops`, an admin, or as another."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 1_000.0
        self.woken = 0
        self._audit = AuditLog(database, bytes(32), clock=lambda: self.now)
        desk = AlertDesk(database, self._audit, self._wake, clock=lambda: self.now)
        alerts, silences = AlertsHandler(desk), SilencesHandler(desk, clock=lambda: self.now)
        one = "/v1/admin/alerts/{alert_id}"
        app = Starlette(
            routes=[
                Route("/v1/admin/alerts", alerts.list),
                Route(one, alerts.get),
                Route(f"{one}/acknowledge", alerts.acknowledge, methods=["POST"]),
                Route(f"{one}/resolve", alerts.resolve, methods=["POST"]),
                Route("/v1/admin/silences", silences.list, methods=["GET"]),
                Route("/v1/admin/silences", silences.create, methods=["POST"]),
                Route("/v1/admin/silences/{silence_id}", silences.end, methods=["DELETE"]),
            ],
            exception_handlers=EXCEPTION_HANDLERS,
        )
        guarded = AuthMiddleware(app, _client)

        async def outer(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("state", {})["request_id"] = "req_test"
            await guarded(scope, receive, send)

        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://gate")

    def _wake(self) -> None:
        self.woken += 1

    async def call(self, method: str, path: str, *, who: str = "ops", **how: Any) -> httpx.Response:
        headers = {"x-client": who, **how.pop("headers", {})}
        return await self.http.request(method, f"/v1/admin{path}", headers=headers, **how)

    async def silence(self, **said: Any) -> dict[str, Any]:
        given = {"events": ["*"], "reason": "维护", "duration_s": 600, **said}
        answer = await self.call("POST", "/silences", json=given)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def code(self, answer: httpx.Response) -> str:
        code: str = answer.json()["error"]["code"]
        return code

    async def audited(self) -> list[dict[str, Any]]:
        entries, _ = await self._audit.page(AuditFilter(), limit=99)
        return entries

    async def told(self) -> list[HappeningRow]:
        """What people are to be told."""
        async with self.database.write() as connection:
            rows = await happenings.take(connection, limit=99)
            await happenings.routed(connection, [row.id for row in rows], self.now)
        return rows


def _client(scope: Scope) -> Client:
    name = dict(scope["headers"])[b"x-client"].decode()
    return caller(name, scopes=["draft"] if name == "blog" else ["admin"])
