"""What keeps real tools working: one test a rule, in the order of docs/compatibility.md.

Each over both wirings; by the forward proxy a tool calls WeChat's own host.
"""

import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.settings import VERIFIED
from tests.compat.wirings import INSPECT, MADE_UP
from tests.e2e.conftest import KEY, Opens, Stand
from tests.faults.recorder import Recorder, recording, upstream_of, whole

COUNT, ADD = "/cgi-bin/draft/count", "/cgi-bin/draft/add"
MATERIAL = "/cgi-bin/material/add_material"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PAGE = "<html><head></head><body><section><p>正文</p></section></body></html>"


@dataclass(frozen=True)
class Caller:
    """A tool that knows WeChat alone: no key in a header."""

    http: httpx.AsyncClient
    login: dict[str, str]  # what it asks for a token with

    async def token(self) -> str:
        answer = await self.http.get("/cgi-bin/token", params=self.login)
        token: str = answer.json()["access_token"]
        return token

    async def post(self, path: str, **options: Any) -> httpx.Response:
        """With a token in the query, as WeChat wants it."""
        params = {"access_token": await self.token(), **options.pop("params", {})}
        return await self.http.post(path, params=params, **options)

    async def upload(self, picture: bytes) -> httpx.Response:
        files = {"media": ("cover.jpg", picture, "application/octet-stream")}
        return await self.post(MATERIAL, params={"type": "image"}, files=files)


Calls = Callable[[Stand], Any]  # opens a Caller


def _login(secret: str) -> dict[str, str]:
    return {"grant_type": "client_credential", "appid": VERIFIED.app_id, "secret": secret}


@asynccontextmanager
async def _by_base_url(stand: Stand) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(base_url=stand.url, trust_env=False, timeout=30) as http:
        yield Caller(http, _login(KEY))


@asynccontextmanager
async def _by_proxy(stand: Stand) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(
        base_url="https://api.weixin.qq.com",
        proxy=f"http://blog:{KEY}@127.0.0.1:{stand.forward_port}",
        verify=ssl.create_default_context(cafile=str(stand.data_dir / "ca" / "ca.pem")),
        trust_env=False,
        timeout=30,
    ) as http:
        yield Caller(http, _login(MADE_UP))


@pytest.fixture(params=[_by_base_url, _by_proxy], ids=["base-URL", "forward-proxy"])
def calls(request: pytest.FixtureRequest) -> Calls:
    """A way in."""
    opens: Calls = request.param
    return opens


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    """One with both ways in."""
    async with open_stand(INSPECT) as opened:
        yield opened


@asynccontextmanager
async def _recorded(
    open_stand: Opens, calls: Calls, change: dict[str, Any] | None = None
) -> AsyncIterator[tuple[Recorder, Caller]]:
    """A WeChat that keeps what it is sent, and a tool with a gateway in between."""
    async with (
        recording() as wechat,
        open_stand({**INSPECT, **upstream_of(wechat), **(change or {})}) as stand,
        calls(stand) as caller,
    ):
        yield wechat, caller


async def test_1_success_never_gets_an_errcode(stand: Stand, calls: Calls, picture: Path) -> None:
    async with calls(stand) as caller:
        got = await caller.http.get("/cgi-bin/token", params=caller.login)
        stable = await caller.http.post("/cgi-bin/stable_token", json=caller.login)
        uploaded = await caller.upload(picture.read_bytes())
        article = {"title": "t", "content": "c", "thumb_media_id": uploaded.json()["media_id"]}
        added = await caller.post(ADD, json={"articles": [article]})
    for answer in (got, stable, uploaded, added):
        assert answer.status_code == 200
        assert "errcode" not in answer.json()


async def test_2_json_of_any_type_goes_up_byte_for_byte(open_stand: Opens, calls: Calls) -> None:
    body = '{"articles": [{"title": "中文 \\u4e2d",  "content": "<p>é</p>"}]}'.encode()
    async with _recorded(open_stand, calls) as (wechat, caller):
        for headers in ({"content-type": "text/plain;charset=UTF-8"}, {}):
            sent = await caller.post(ADD, content=body, headers=headers)
            assert ("content-type" in sent.request.headers) == bool(headers)
    assert [body for _, body in wechat.requests] == [body, body]


async def test_3_chunked_uploads_get_a_length_and_a_file_name(
    open_stand: Opens, calls: Calls
) -> None:
    form = (
        b'--B\r\nContent-Disposition: form-data; name="media"\r\nContent-Type: image/png\r\n\r\n'
        + PNG
        + b"\r\n--B--\r\n"
    )

    async def pieces() -> AsyncIterator[bytes]:
        yield form[:50]
        yield form[50:]

    async with _recorded(open_stand, calls) as (wechat, caller):
        of_form = {"content-type": "multipart/form-data; boundary=B"}
        sent = await caller.post(
            MATERIAL, params={"type": "image"}, content=pieces(), headers=of_form
        )
    assert sent.request.headers["transfer-encoding"] == "chunked"
    head, body = wechat.requests[-1]
    assert b"transfer-encoding" not in head.lower()
    assert f"content-length: {len(body)}\r\n".encode() in head.lower()
    assert b'filename="upload.png"' in body
    assert PNG in body


async def test_4_refusals_are_http_200_on_wechats_paths_and_real_on_ours(
    stand: Stand, calls: Calls
) -> None:
    async with calls(stand) as caller:
        refused = [
            await caller.http.get("/cgi-bin/token", params={**caller.login, "appid": "wx0"}),
            await caller.http.post(COUNT, params={"access_token": "wxgv_stale"}, content=b"["),
            await caller.http.post("/cgi-bin/token"),
        ]
        own = await caller.http.get("/v1/jobs/none")
    for answer in refused:
        assert answer.status_code == 200
        assert answer.json()["errcode"] > 0
        assert answer.json()["errmsg"].startswith("wxgate: ")
    assert own.status_code == (401 if calls is _by_base_url else 404), own.text


async def test_5_answers_are_json_by_their_type_or_as_wechat_said(
    open_stand: Opens, calls: Calls
) -> None:
    async with _recorded(open_stand, calls) as (wechat, caller):
        got = await caller.http.get("/cgi-bin/token", params=caller.login)
        query = {"access_token": got.json()["access_token"]}
        wechat.answer = whole(b'{"total_count":0}', "Content-Type: text/plain")
        said = await caller.http.get(COUNT, params=query)
        refused = await caller.http.get("/cgi-bin/token")
    assert said.headers["content-type"] == "text/plain"
    for answer in (got, refused):
        assert answer.headers["content-type"].partition(";")[0] == "application/json"


async def _page_added(caller: Caller, cover: str, **headers: str) -> httpx.Response:
    article = {"title": "t", "content": PAGE, "thumb_media_id": cover}
    # As Node's fetch sends what it is given as text.
    return await caller.post(
        ADD,
        content=json.dumps({"articles": [article]}, ensure_ascii=False).encode(),
        headers={"content-type": "text/plain;charset=UTF-8", **headers},
    )


async def test_6_a_whole_page_as_content_makes_a_draft_of_its_body(
    stand: Stand, calls: Calls, picture: Path
) -> None:
    async with calls(stand) as caller:
        cover = (await caller.upload(picture.read_bytes())).json()["media_id"]
        added = await _page_added(caller, cover)
        made = {"media_id": added.json()["media_id"]}
        got = await caller.post("/cgi-bin/draft/get", json=made)
    kept = got.json()["news_item"][0]["content"]
    assert kept == "<section><p>正文</p></section>"


async def test_6_the_wrapper_goes_before_wechat_where_that_is_asked_for(
    open_stand: Opens, calls: Calls
) -> None:
    async with _recorded(open_stand, calls) as (wechat, caller):
        await _page_added(caller, "cover")
        asked = await _page_added(caller, "cover", **{"x-wxgate-enhance": "lint"})
    (_, as_it_is), (_, unwrapped) = wechat.requests
    assert json.loads(as_it_is)["articles"][0]["content"] == PAGE
    assert json.loads(unwrapped)["articles"][0]["content"] == "<section><p>正文</p></section>"
    assert asked.headers["x-wxgate-enhance"].endswith("unwrapped=1")


async def test_6_the_wrapper_goes_where_the_client_has_set_it(
    open_stand: Opens, calls: Calls
) -> None:
    scopes = ["relay:read", "draft"]
    blog = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": scopes, "enhance": ["lint"]}
    change = {"clients": [blog]}
    async with _recorded(open_stand, calls, change) as (wechat, caller):
        await _page_added(caller, "cover")
        await _page_added(caller, "cover", **{"x-wxgate-enhance": "off"})
    (_, unwrapped), (_, as_it_is) = wechat.requests
    assert json.loads(unwrapped)["articles"][0]["content"] == "<section><p>正文</p></section>"
    assert json.loads(as_it_is)["articles"][0]["content"] == PAGE


async def test_7_the_token_that_is_sent_gives_way_to_the_key(stand: Stand, calls: Calls) -> None:
    main = {"X-Wxgate-Account": "main"}
    key = {"Authorization": f"Bearer {KEY}"} if calls is _by_base_url else {}  # or the proxy's
    async with calls(stand) as caller:
        for sent in ("", "PLACEHOLDER", "92_of-wechats-own", "wxgv_stale"):
            answer = await caller.http.get(
                COUNT, params={"access_token": sent}, headers={**main, **key}
            )
            assert answer.json() == {"total_count": 0}, sent


async def test_8_a_prefix_may_be_there_or_not(stand: Stand, calls: Calls) -> None:
    async with calls(stand) as caller:
        for prefix in ("", "/wx", "/wechat", "/api", "/api-weixin"):
            got = await caller.http.get(f"{prefix}/cgi-bin/token", params=caller.login)
            query = {"access_token": got.json()["access_token"]}
            answer = await caller.http.get(prefix + COUNT, params=query)
            assert answer.json() == {"total_count": 0}, prefix


async def test_9_a_secret_in_the_query_works_and_stands_in_no_log(
    open_stand: Opens,
    calls: Calls,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_stand({**INSPECT, "log": {"level": "debug"}}) as stand, calls(stand) as caller:
        token = await caller.token()
        await caller.http.get(COUNT, params={"access_token": token})
        kept = [
            path.read_bytes()
            for path in stand.data_dir.rglob("*")
            if path.is_file() and path.name != "master.key"
        ]
    written = "".join(capfd.readouterr()) + caplog.text
    # What the gateway itself wrote; httpx and its parts, the caller here, log their own URLs.
    ours = "\n".join(line for line in written.splitlines() if "http" not in line.split(":")[0])
    assert "/cgi-bin/token" in ours
    for secret in (KEY, token, VERIFIED.app_secret, caller.login["secret"]):
        assert secret not in ours
        assert all(secret.encode() not in data for data in kept)
