from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from accounts.audit import AuditLog
from accounts.clients import Client
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.notifications import NotificationsHandler
from store import notifications as rows
from store.audit import AuditFilter
from store.engine import Database
from tests.jobs.callers import caller
from tests.notify.test_client_notifications import Office
from tests.store.test_notifications import notification_row

ASKED = {"channel": "mail", "to": ["a@test"], "subject": "标题", "text": "正文"}
UNKNOWN = "ntf_" + "0" * 26


class Desk:
    """Calls as client `blog`, another, `boss` (admin), or one without the scope."""

    def __init__(self, database: Database) -> None:
        self.office = Office(database)
        self.audit = AuditLog(database, bytes(32), clock=lambda: 100.0)
        handler = NotificationsHandler(self.office.sent, self.audit)
        every, one = "/v1/notifications", "/v1/notifications/{notification_id}"
        app = Starlette(
            routes=[
                Route(every, handler.list, methods=["GET"]),
                Route(every, handler.create, methods=["POST"]),
                Route(f"{every}/summary", handler.summary, methods=["GET"]),
                Route(one, handler.get, methods=["GET"]),
                Route(f"{one}/resend", handler.resend, methods=["POST"]),
            ],
            exception_handlers=EXCEPTION_HANDLERS,
        )
        guarded = AuthMiddleware(app, _client)

        async def outer(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("state", {})["request_id"] = "req_test"
            await guarded(scope, receive, send)

        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://gate")

    async def call(self, method: str, path: str = "", *, who: str = "blog", **how: Any) -> Any:
        headers = {"x-client": who, **how.pop("headers", {})}
        return await self.http.request(method, f"/v1/notifications{path}", headers=headers, **how)

    async def send(self, *, status: int = 202, who: str = "blog", **said: Any) -> dict[str, Any]:
        headers = said.pop("headers", {})
        answer = await self.call("POST", who=who, json={**ASKED, **said}, headers=headers)
        assert answer.status_code == status, answer.text
        made: dict[str, Any] = answer.json()
        return made


def _client(scope: Scope) -> Client:
    name = dict(scope["headers"])[b"x-client"].decode()
    scopes = {"boss": ["admin"], "nobody": ["draft"]}.get(name, ["notify"])
    return caller(name, accounts=["main"], scopes=scopes)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    made = Desk(database)
    async with made.http:
        yield made


async def test_it_is_taken_sent_and_shown_with_its_attempts(desk: Desk) -> None:
    made = await desk.send(account="main", bcc=["b@test"])
    assert (made["state"], made["attempts"], made["client"]) == ("pending", 0, "blog")
    assert made["next_at"] is not None
    office = desk.office.desk
    async with office.delivery():
        await office.until(made["id"], "sent")
    shown = (await desk.call("GET", f"/{made['id']}")).json()
    assert (shown["state"], shown["subject"], shown["text"]) == ("sent", "标题", "正文")
    assert (shown["bcc"], shown["next_at"]) == (["b@test"], None)
    (attempt,) = shown["tries"]
    assert (attempt["outcome"], attempt["sender"]) == ("sent", "account-1")


async def test_a_key_needs_the_scope(desk: Desk) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{UNKNOWN}")):
        answer = await desk.call(method, path, who="nobody", json=ASKED)
        assert answer.status_code == 403


async def test_each_sees_its_own_and_an_admin_all(desk: Desk) -> None:
    made = await desk.send()
    async with desk.office.desk.database.write() as connection:
        row = notification_row(UNKNOWN, event="job.failed", content={"data": {}})
        await rows.insert(connection, row)
    assert (await desk.call("GET", f"/{made['id']}", who="other")).status_code == 404
    assert (await desk.call("POST", f"/{made['id']}/resend", who="other")).status_code == 404
    for who, count in (("blog", 1), ("other", 0), ("boss", 2)):
        listed = (await desk.call("GET", who=who)).json()
        assert len(listed["items"]) == count
        summary = (await desk.call("GET", "/summary", who=who)).json()
        assert summary["total"] == count
    asked = await desk.call("GET", "?client=blog", who="other")
    assert asked.json()["items"] == []
    seen = (await desk.call("GET", f"/{UNKNOWN}", who="boss")).json()
    assert (seen["event"], seen["subject"], seen["text"]) == ("job.failed", None, None)


async def test_filters_and_pages(desk: Desk) -> None:
    made = [(await desk.send(text=f"t{n}", severity="error"))["id"] for n in range(3)]
    page = (await desk.call("GET", "?limit=2&severity=error,critical&state=pending")).json()
    assert [row["id"] for row in page["items"]] == [made[2], made[1]]
    rest = (await desk.call("GET", f"?limit=2&cursor={page['next_cursor']}")).json()
    assert ([row["id"] for row in rest["items"]], rest["next_cursor"]) == ([made[0]], None)
    some = (await desk.call("GET", f"?ids={made[0]},{made[2]}")).json()
    assert [row["id"] for row in some["items"]] == [made[2], made[0]]
    late = await desk.call("GET", "?created_after=2999-01-01T00:00:00Z")
    assert late.json()["items"] == []


@pytest.mark.parametrize(
    "query", ["state=gone", "ids=x", "limit=0", "cursor=1", "nonsense=1", "account=%00"]
)
async def test_a_query_that_cannot_be(desk: Desk, query: str) -> None:
    assert (await desk.call("GET", f"?{query}")).status_code == 422


@pytest.mark.parametrize(
    "said",
    [
        {"text": ""},
        {"template": "t"},
        {"subject": "a\r\nBcc: x@test"},
        {"to": ["a@test\n"]},
        {"to": [f"a{n}@test" for n in range(51)]},
        {"url": "javascript:alert(1)"},
        {"severity": "loud"},
        {"html": "<b>"},
        {"channel": "No"},
        {"dedupe_key": ""},
    ],
)
async def test_a_body_that_cannot_be(desk: Desk, said: dict[str, Any]) -> None:
    answer = await desk.send(status=422, **said)
    assert answer["error"]["code"] == "field_invalid"


async def test_what_the_channel_or_the_key_may_not(desk: Desk) -> None:
    for said, status, code in (
        ({"to": ["a@elsewhere"]}, 403, "recipient_forbidden"),
        ({"channel": "robot"}, 422, "channel_takes_none"),
        ({"channel": "no"}, 404, "channel_unknown"),
        ({"account": "other"}, 404, "account_unknown"),
        ({"attachments": ["file_x"]}, 422, "attachment_unknown"),
    ):
        answer = await desk.send(status=status, **said)
        assert answer["error"]["code"] == code


async def test_an_idempotency_key_sends_once(desk: Desk) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await desk.send(headers=headers)
    assert await desk.send(headers=headers) == first
    other = await desk.send(headers=headers, text="x", status=422)
    assert other["error"]["code"] == "idempotency_mismatch"
    assert (await desk.send(headers=headers, who="other", text="y"))["id"] != first["id"]


async def test_a_repetition_says_so(desk: Desk) -> None:
    first, again = await desk.send(), await desk.send()
    assert (again["state"], again["carried_by"]) == ("suppressed", first["id"])


async def test_a_resend_stands_in_the_audit_log(desk: Desk) -> None:
    made = await desk.send()
    early = await desk.call("POST", f"/{made['id']}/resend")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "notification_underway")
    office = desk.office.desk
    async with office.delivery():
        await office.until(made["id"], "sent")
    again = await desk.call("POST", f"/{made['id']}/resend")
    assert (again.status_code, again.json()["resend_of"]) == (202, made["id"])
    assert again.headers["location"] == f"/v1/notifications/{again.json()['id']}"
    (entry, *_), _ = await desk.audit.page(AuditFilter(), limit=9)
    assert (entry["action"], entry["subject"]) == ("notification.resend", made["id"])


@pytest.mark.parametrize("name", ["x", UNKNOWN])
async def test_one_that_is_not_there(desk: Desk, name: str) -> None:
    for method, path in (("GET", f"/{name}"), ("POST", f"/{name}/resend")):
        answer = await desk.call(method, path)
        assert answer.json()["error"]["code"] == "notification_unknown"
