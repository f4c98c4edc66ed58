from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from accounts.audit import AuditLog
from accounts.channel_secrets import channel_aad
from accounts.clients import Client
from accounts.clients import Scope as ClientScope
from accounts.master_key import Sealer
from cache.windows import MemoryWindows
from handlers.channel_desk import ChannelDesk
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from notify.channels import Channels
from notify.happening import tell_nobody
from notify.kinds import KINDS, Kind, Means
from notify.message import Message
from notify.sender import DeliveryUnknown, NotDelivered, Receipt
from notify.senders.sms import SmsSettings
from notify.stored_channels import StoredChannels
from server.channel_routes import channel_routes
from store.audit import AuditFilter
from store.engine import Database
from tests.jobs.callers import caller

URL = "https://oapi.dingtalk.com/robot/send?access_token=canaryToken"
DINGTALK = {"name": "ops", "type": "dingtalk", "url": URL, "secret": "SECcanary"}


class FakeSms:
    """Ends as a test says."""

    repeatable = False

    def __init__(self) -> None:
        self.end: Exception | None = None
        self.sent: list[Message] = []

    async def send(self, message: Message) -> Receipt:
        self.sent.append(message)
        if self.end is not None:
            raise self.end
        return Receipt(reference="ref-1")

    async def aclose(self) -> None:
        pass


class Desk:
    """Calls as an admin, or as a client with the scope notify."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.audit = AuditLog(database, bytes(32), clock=lambda: 100.0)
        self.sealer = Sealer(bytes(32))
        self.fake = FakeSms()
        kinds = {**KINDS, "fake": Kind(SmsSettings, lambda *_: self.fake, takes_to=True)}
        means = Means(None, database, tell_nobody, MemoryWindows(), lambda: 100.0)  # type: ignore[arg-type]
        self.channels = Channels([], means, kinds=kinds)
        self.stored = StoredChannels(
            database,
            lambda row: self.sealer.open(row.sealed, aad=channel_aad(row.name)),
            self.channels,
        )
        self.desk = ChannelDesk(
            *(database, self.sealer, self.audit, self.channels), clock=lambda: 100.0
        )
        routes = channel_routes(self.channels, self.desk, self.stored.load)
        app = Starlette(routes=list(routes), exception_handlers=EXCEPTION_HANDLERS)
        app.router.redirect_slashes = False  # as in the product
        guarded = AuthMiddleware(app, _client)

        async def outer(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("state", {})["request_id"] = "req_test"
            await guarded(scope, receive, send)

        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://gate")

    async def call(self, method: str, path: str = "", *, who: str = "admin", **how: Any) -> Any:
        headers = {"x-client": who, **how.pop("headers", {})}
        return await self.http.request(method, f"/channels{path}", headers=headers, **how)

    async def create(self, **said: Any) -> dict[str, Any]:
        answer = await self.call("POST", json={**DINGTALK, **said})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


def _client(scope: Scope) -> Client:
    name = dict(scope["headers"])[b"x-client"].decode()
    scopes = {"admin": [ClientScope.ADMIN], "nobody": [ClientScope.STATS]}.get(
        name, [ClientScope.NOTIFY]
    )
    return caller(name, scopes=scopes)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    made = Desk(database)
    yield made
    await made.http.aclose()
    await made.channels.aclose()


async def test_one_that_is_made_is_there_without_its_secrets(desk: Desk) -> None:
    made = await desk.create()
    assert made == {
        "name": "ops",
        "type": "dingtalk",
        "enabled": True,
        "locked": False,
        "source": "store",
        "takes_to": False,
        "takes_files": False,
        "allow_to": [],
        "version": 1,
        "settings": {
            "name": "ops",
            "type": "dingtalk",
            "enabled": True,
            "language": "zh",
            "clients": [],
            "allow_to": [],
            "url": "https://oapi.dingtalk.com/***",
            "secret": "***",
        },
    }
    answer = await desk.call("GET", "/ops")
    assert (answer.json(), answer.headers["etag"]) == (made, '"1"')
    settings: Any = desk.channels.get("ops")
    assert settings.url.get_secret_value() == URL


async def test_nothing_that_comes_out_or_is_written_down_holds_a_secret(desk: Desk) -> None:
    texts = [str(await desk.create())]
    texts.append((await desk.call("PATCH", "/ops", json={"secret": "SECcanary2"})).text)
    texts.append((await desk.call("GET")).text)
    texts.append((await desk.call("POST", json={**DINGTALK, "url": "canaryNoUrl"})).text)
    texts.append((await desk.call("POST", json={**DINGTALK, "canary": 1})).text)
    entries, _ = await desk.audit.page(AuditFilter(), limit=10)
    texts.append(str(entries))
    assert [entry["action"] for entry in entries] == ["channel.change", "channel.create"]
    assert entries[0]["detail"] == {"type": "dingtalk", "fields": ["secret"]}
    assert [text for text in texts if "canaryToken" in text or "SECcanary" in text] == []
    assert "canaryNoUrl" not in texts[3]


async def test_what_is_not_named_stays(desk: Desk) -> None:
    await desk.create(allow_to=[])
    answer = await desk.call("PATCH", "/ops", json={"language": "en"}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    settings: Any = desk.channels.get("ops")
    assert (settings.language, settings.secret.get_secret_value()) == ("en", "SECcanary")
    stale = await desk.call("PATCH", "/ops", json={}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "stale_edit")


async def test_a_mask_is_not_kept_as_a_secret(desk: Desk) -> None:
    made = await desk.create()
    answer = await desk.call("PATCH", "/ops", json={"url": made["settings"]["url"]})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "url")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"type": "pigeon"}, "type"),
        ({"url": "nowhere"}, "url"),
        ({"name": "Ops Team"}, "name"),
        ({"other": 1}, "other"),
        ({"language": "fr"}, "language"),
    ],
)
async def test_what_makes_no_channel_names_the_field(
    desk: Desk, said: dict[str, Any], field: str
) -> None:
    answer = await desk.call("POST", json={**DINGTALK, **said})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["code"] == "channel_invalid"
    assert answer.json()["error"]["field"] == field


@pytest.mark.parametrize("said", [{"name": "other"}, {"type": "wecom"}])
async def test_name_and_type_stay(desk: Desk, said: dict[str, Any]) -> None:
    await desk.create()
    assert (await desk.call("PATCH", "/ops", json=said)).status_code == 422


async def test_a_name_is_taken_once(desk: Desk) -> None:
    await desk.create()
    again = await desk.call("POST", json=DINGTALK)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "channel_exists")


async def test_those_of_the_file_are_shown_and_not_changed(desk: Desk) -> None:
    await desk.create()
    settings = desk.channels.get("ops").model_copy(update={"language": "en"})
    desk.channels.replace_file([settings])
    shown = (await desk.call("GET", "/ops")).json()
    assert (shown["source"], shown["version"]) == ("file", None)
    for method, path in (("POST", ""), ("PATCH", "/ops"), ("DELETE", "/ops")):
        answer = await desk.call(method, path, json=DINGTALK if method == "POST" else {})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "channel_in_file")


async def test_who_may_send_sees_its_own_and_no_settings(desk: Desk) -> None:
    await desk.create()
    await desk.create(name="blog-only", clients=["blog"])
    seen = (await desk.call("GET", who="other")).json()["items"]
    assert [(each["name"], each["settings"]) for each in seen] == [("ops", None)]
    seen = (await desk.call("GET", who="blog")).json()["items"]
    assert [each["name"] for each in seen] == ["blog-only", "ops"]
    assert (await desk.call("GET", "/blog-only", who="other")).status_code == 404


async def test_only_admins_change_and_test(desk: Desk) -> None:
    await desk.create()
    calls = [("POST", ""), ("PATCH", "/ops"), ("DELETE", "/ops"), ("POST", "/ops/test")]
    for method, path in calls:
        assert (await desk.call(method, path, who="blog", json=DINGTALK)).status_code == 403
    assert (await desk.call("GET", who="nobody")).status_code == 403


async def test_one_that_is_removed_is_gone(desk: Desk) -> None:
    await desk.create()
    assert (await desk.call("DELETE", "/ops")).status_code == 204
    assert (await desk.call("GET", "/ops")).status_code == 404
    assert (await desk.call("DELETE", "/ops")).status_code == 404
    assert (await desk.call("DELETE", "/%00")).status_code == 404
    assert desk.channels.all() == ()


async def test_one_that_does_not_open_is_locked_and_can_be_removed(desk: Desk) -> None:
    await desk.create()
    desk.sealer = Sealer(b"x" * 32)
    desk.desk._sealer = desk.sealer  # a restart with another key
    await desk.stored.load()
    shown = (await desk.call("GET", "/ops")).json()
    assert (shown["locked"], shown["settings"]) == (True, None)
    assert (await desk.call("GET", who="blog")).json()["items"] == []
    assert (await desk.call("POST", "/ops/test", json={})).status_code == 503
    assert (await desk.call("PATCH", "/ops", json={"enabled": False})).status_code == 503
    assert (await desk.call("DELETE", "/ops")).status_code == 204


SMS = {"name": "sms", "type": "fake", "sign_name": "s", "template": "t", "to": ["+861380000"]}


async def test_a_test_says_what_came_of_it(desk: Desk) -> None:
    await desk.call("POST", json=SMS)
    answer = await desk.call("POST", "/sms/test", json={"to": ["+861390000"]})
    told = answer.json()
    assert (told["outcome"], told["reference"], told["error"]) == ("sent", "ref-1", None)
    assert desk.fake.sent[0].to == ("+861390000",)
    assert "sms" in desk.fake.sent[0].text
    for end, outcome in (
        (NotDelivered("no", final=True), "failed"),
        (DeliveryUnknown("?"), "unknown"),
    ):
        desk.fake.end = end
        told = (await desk.call("POST", "/sms/test")).json()
        assert (told["outcome"], told["error"]) == (outcome, str(end))


async def test_what_cannot_be_tested_says_why(desk: Desk) -> None:
    await desk.create()
    assert (await desk.call("POST", "/none/test")).status_code == 404
    told = await desk.call("POST", "/ops/test", json={"to": ["x"]})
    assert (told.status_code, told.json()["error"]["field"]) == (422, "to")
    await desk.call("PATCH", "/ops", json={"enabled": False})
    told = await desk.call("POST", "/ops/test")
    assert (told.status_code, told.json()["error"]["code"]) == (409, "channel_disabled")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "ops", "type": "dingtalk", "url": "https://a.test/", "secret": "\\ud800"}',
        b'{"name": "ops", "type": "\\u0000", "url": "https://a.test/"}',
        b'{"name": "ops", "type": "dingtalk", "url": "https://[/"}',
        b'{"name": "ops", "type": "dingtalk", "url": "https://a.test:99999999/"}',
        b'{"name": "ops", "type": "dingtalk", "url": {"a": [1]}, "secret": 1e999}',
        b'{"name": "ops", "type": "dingtalk", "url": "https://a.test/", "allow_to": ["*****"]}',
        b'{"name": "ops", "type": "dingtalk", "clients": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"name": "ops"}',
        b"[]",
        b"\xff",
    ],
)
async def test_an_odd_body_is_refused_and_no_fault_of_ours(desk: Desk, body: bytes) -> None:
    json_type = {"content-type": "application/json"}
    answer = await desk.call("POST", content=body, headers=json_type)
    assert answer.status_code in (400, 422), answer.text
    await desk.create()
    answer = await desk.call("PATCH", "/ops", content=body, headers=json_type)
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("name", ["%ff", "%00", "a%2Fb", "x" * 500, "..%2f", "%ed%a0%80"])
async def test_an_odd_name_finds_nothing(desk: Desk, name: str) -> None:
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")):
        answer = await desk.call(method, f"/{name}{path}", json={})
        assert answer.status_code in (404, 405), (method, answer.text)
