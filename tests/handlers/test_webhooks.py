from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from accounts.audit import AuditLog
from accounts.clients import Client
from accounts.master_key import Sealer
from fetch.post import Poster
from fetch.settings import FetchSettings
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.webhooks import WebhooksHandler
from jobs.webhooks import Secrecy, Webhooks
from store import deliveries, webhooks
from store.audit import AuditFilter
from store.engine import Database
from tests.jobs.callers import caller

URL = "https://hooks.example.com/wxgate?token=canaryToken"


class Desk:
    """Calls as client `blog`, or as another."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.audit = AuditLog(database, bytes(32), clock=lambda: 100.0)
        self.poster = Poster(FetchSettings(), timeout_s=1)
        self.woken = 0
        service = Webhooks(
            *(database, Secrecy(Sealer(bytes(32)), self.audit), self.poster, self._wake),
            max_per_client=3,
            clock=lambda: 100.0,
        )
        handler = WebhooksHandler(service)
        one = "/v1/webhooks/{webhook_id}"
        app = Starlette(
            routes=[
                Route("/v1/webhooks", handler.list, methods=["GET"]),
                Route("/v1/webhooks", handler.create, methods=["POST"]),
                Route(one, handler.get, methods=["GET"]),
                Route(one, handler.change, methods=["PATCH"]),
                Route(one, handler.remove, methods=["DELETE"]),
                Route(f"{one}/test", handler.test, methods=["POST"]),
                Route(f"{one}/deliveries", handler.deliveries, methods=["GET"]),
                Route(
                    f"{one}/deliveries/{{delivery_id}}/redeliver",
                    handler.redeliver,
                    methods=["POST"],
                ),
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

    async def call(self, method: str, path: str, *, who: str = "blog", **how: Any) -> Any:
        headers = {"x-client": who, **how.pop("headers", {})}
        return await self.http.request(method, f"/v1/webhooks{path}", headers=headers, **how)

    async def create(self, **said: Any) -> dict[str, Any]:
        answer = await self.call("POST", "", json={"url": URL, **said})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


def _client(scope: Scope) -> Client:
    name = dict(scope["headers"])[b"x-client"].decode()
    return caller(name, accounts=["main"])


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    made = Desk(database)
    async with made.http:
        yield made
    await made.poster.aclose()


async def test_the_secret_is_told_once_and_kept_sealed(desk: Desk) -> None:
    made = await desk.create(events=["job.*"])
    assert made["secret"].startswith("whsec_")
    shown = await desk.call("GET", f"/{made['id']}")
    assert "secret" not in shown.json()
    assert shown.headers["etag"] == '"1"'
    listed = (await desk.call("GET", "")).json()
    assert [row["id"] for row in listed["items"]] == [made["id"]]
    assert made["secret"] not in str(listed)
    async with desk.database.read() as connection:
        (row,) = await webhooks.active(connection)
    assert made["secret"].encode() not in row.sealed


async def test_the_audit_log_has_it_without_its_address(desk: Desk) -> None:
    made = await desk.create()
    await desk.call("DELETE", f"/{made['id']}")
    entries, _ = await desk.audit.page(AuditFilter(), limit=9)
    assert [entry["action"] for entry in entries] == ["webhook.remove", "webhook.create"]
    assert entries[0]["detail"]["host"] == "hooks.example.com"
    assert "canaryToken" not in str(entries)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"url": "http://127.0.0.1:22/"}, "url_forbidden"),
        ({"url": "ftp://example.com"}, "url_invalid"),
        ({"url": ""}, "field_invalid"),
        ({"url": URL, "events": []}, "field_invalid"),
        ({"url": URL, "events": ["job.fai led"]}, "field_invalid"),
        ({"url": URL, "events": ["other.x"]}, "field_invalid"),
        ({"url": URL, "events": ["job.*x"]}, "field_invalid"),
        ({"url": URL, "accounts": ["second"]}, "account_unknown"),
        ({"url": URL, "x": 1}, "field_invalid"),
        ({}, "field_invalid"),
    ],
)
async def test_what_makes_no_sense_is_refused(desk: Desk, said: dict[str, Any], code: str) -> None:
    answer = await desk.call("POST", "", json=said)
    assert answer.json()["error"]["code"] == code
    assert answer.status_code in (404, 422)


async def test_a_client_has_no_more_than_it_may(desk: Desk) -> None:
    for _ in range(3):
        await desk.create()
    answer = await desk.call("POST", "", json={"url": URL})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too_many_webhooks")
    assert (await desk.call("POST", "", who="other", json={"url": URL})).status_code == 201


async def test_others_do_not_see_it(desk: Desk) -> None:
    made = await desk.create()
    for method, path in (
        *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")),
        ("POST", "/deliveries/msg_" + "0" * 26 + "/redeliver"),
    ):
        how = {"json": {"state": "disabled"}} if method == "PATCH" else {}
        answer = await desk.call(method, f"/{made['id']}{path}", who="other", **how)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "webhook_unknown")
    for bad in ("x", "whk_%00", "whk_" + "0" * 26):
        assert (await desk.call("GET", f"/{bad}")).status_code == 404


async def test_a_change_asks_for_the_version_that_was_read(desk: Desk) -> None:
    made = await desk.create()
    where = f"/{made['id']}"
    changed = await desk.call("PATCH", where, json={"events": ["job.failed"]})
    assert (changed.json()["events"], changed.headers["etag"]) == (["job.failed"], '"2"')
    assert changed.json()["url"] == URL
    stale = await desk.call("PATCH", where, json={"state": "disabled"}, headers={"If-Match": '"1"'})
    assert stale.json()["error"]["code"] == "stale_edit"


async def test_a_test_is_written_down_and_sent(desk: Desk) -> None:
    made = await desk.create()
    answer = await desk.call("POST", f"/{made['id']}/test")
    assert (answer.status_code, answer.json()["type"]) == (202, "webhook.test")
    assert desk.woken == 1
    listed = (await desk.call("GET", f"/{made['id']}/deliveries?state=pending")).json()
    assert [row["id"] for row in listed["items"]] == [answer.json()["id"]]


async def test_one_that_is_off_is_sent_nothing(desk: Desk) -> None:
    made = await desk.create()
    waiting = (await desk.call("POST", f"/{made['id']}/test")).json()
    await desk.call("PATCH", f"/{made['id']}", json={"state": "disabled"})
    refused = await desk.call("POST", f"/{made['id']}/test")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "webhook_disabled")
    (given_up,) = (await desk.call("GET", f"/{made['id']}/deliveries")).json()["items"]
    assert (given_up["id"], given_up["state"]) == (waiting["id"], "dead")
    await desk.call("PATCH", f"/{made['id']}", json={"state": "active"})
    again = await desk.call("POST", f"/{made['id']}/deliveries/{waiting['id']}/redeliver")
    assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (
        202, "pending", 0,
    )  # fmt: skip


async def test_deliveries_come_page_by_page(desk: Desk) -> None:
    made = await desk.create()
    sent = [(await desk.call("POST", f"/{made['id']}/test")).json()["id"] for _ in range(3)]
    where = f"/{made['id']}/deliveries?limit=2"
    first = (await desk.call("GET", where)).json()
    rest = (await desk.call("GET", f"{where}&cursor={first['next_cursor']}")).json()
    shown = [row["id"] for row in first["items"] + rest["items"]]
    assert (sorted(shown), rest["next_cursor"]) == (sorted(sent), None)
    assert (await desk.call("GET", f"{where}&cursor=x")).status_code == 422
    gone = await desk.call("POST", f"/{made['id']}/deliveries/msg_{'0' * 26}/redeliver")
    assert gone.json()["error"]["code"] == "delivery_unknown"
    async with desk.database.read() as connection:
        assert await deliveries.get(connection, made["id"], sent[0]) is not None
