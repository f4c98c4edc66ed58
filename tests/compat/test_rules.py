"""What keeps real tools working: one test a rule, in the order of docs/compatibility.md."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.settings import VERIFIED
from tests.e2e.conftest import KEY, Opens, Stand
from tests.faults.recorder import Recorder, recording, upstream_of, whole

LOGIN = {"grant_type": "client_credential", "appid": VERIFIED.app_id, "secret": KEY}
COUNT, ADD = "/cgi-bin/draft/count", "/cgi-bin/draft/add"
MATERIAL = "/cgi-bin/material/add_material"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def _token(tool: httpx.AsyncClient) -> str:
    answer = await tool.get("/cgi-bin/token", params=LOGIN)
    token: str = answer.json()["access_token"]
    return token


def _tool(stand: Stand) -> httpx.AsyncClient:
    """One that knows WeChat alone: no key in a header."""
    return httpx.AsyncClient(base_url=stand.url, trust_env=False, timeout=30)


@asynccontextmanager
async def _recorded(open_stand: Opens) -> AsyncIterator[tuple[Recorder, httpx.AsyncClient]]:
    """A WeChat that keeps what it is sent, and a tool with a gateway in between."""
    async with (
        recording() as wechat,
        open_stand(upstream_of(wechat)) as stand,
        _tool(stand) as tool,
    ):
        yield wechat, tool


async def _uploaded(tool: httpx.AsyncClient, token: str, picture: bytes) -> httpx.Response:
    return await tool.post(
        MATERIAL,
        params={"access_token": token, "type": "image"},
        files={"media": ("cover.jpg", picture, "application/octet-stream")},
    )


async def test_1_success_never_gets_an_errcode(stand: Stand, picture: Path) -> None:
    async with _tool(stand) as tool:
        got = await tool.get("/cgi-bin/token", params=LOGIN)
        stable = await tool.post("/cgi-bin/stable_token", json=LOGIN)
        token = got.json()["access_token"]
        uploaded = await _uploaded(tool, token, picture.read_bytes())
        article = {"title": "t", "content": "c", "thumb_media_id": uploaded.json()["media_id"]}
        added = await tool.post(ADD, params={"access_token": token}, json={"articles": [article]})
    for answer in (got, stable, uploaded, added):
        assert answer.status_code == 200
        assert "errcode" not in answer.json()


@pytest.mark.parametrize("content_type", ["text/plain;charset=UTF-8", None])
async def test_2_json_of_any_type_goes_up_byte_for_byte(
    open_stand: Opens, content_type: str | None
) -> None:
    body = '{"articles": [{"title": "中文 \\u4e2d",  "content": "<p>é</p>"}]}'.encode()
    async with _recorded(open_stand) as (wechat, tool):
        token = await _token(tool)
        request = tool.build_request("POST", ADD, params={"access_token": token}, content=body)
        if content_type is not None:
            request.headers["content-type"] = content_type
        assert "content-type" in request.headers or content_type is None
        await tool.send(request)
    assert wechat.requests[-1][1] == body


async def test_3_chunked_uploads_get_a_length_and_a_file_name(open_stand: Opens) -> None:
    form = (
        b'--B\r\nContent-Disposition: form-data; name="media"\r\nContent-Type: image/png\r\n\r\n'
        + PNG
        + b"\r\n--B--\r\n"
    )

    async def pieces() -> Any:
        yield form[:50]
        yield form[50:]

    async with _recorded(open_stand) as (wechat, tool):
        await tool.post(
            MATERIAL,
            params={"access_token": await _token(tool), "type": "image"},
            content=pieces(),
            headers={"content-type": "multipart/form-data; boundary=B"},
        )
    head, body = wechat.requests[-1]
    assert b"transfer-encoding" not in head.lower()
    assert f"content-length: {len(body)}\r\n".encode() in head.lower()
    assert b'filename="upload.png"' in body
    assert PNG in body


async def test_4_refusals_are_http_200_on_wechats_paths_and_real_on_ours(stand: Stand) -> None:
    async with _tool(stand) as tool:
        refused = [
            await tool.get("/cgi-bin/token", params={**LOGIN, "secret": "wrong"}),
            await tool.get(COUNT, params={"access_token": "stale"}),
            await tool.post(COUNT),
        ]
        own = await tool.get("/v1/jobs")
    for answer in refused:
        assert answer.status_code == 200
        assert answer.json()["errcode"] > 0
        assert answer.json()["errmsg"].startswith("wxgate: ")
    assert own.status_code == 401


async def test_5_answers_are_json_by_their_type_or_as_wechat_said(open_stand: Opens) -> None:
    async with _recorded(open_stand) as (wechat, tool):
        got = await tool.get("/cgi-bin/token", params=LOGIN)
        query = {"access_token": got.json()["access_token"]}
        wechat.answer = whole(b'{"total_count":0}', "Content-Type: text/plain")
        said = await tool.get(COUNT, params=query)
        refused = await tool.get(COUNT)
    assert said.headers["content-type"] == "text/plain"
    for answer in (got, refused):
        assert answer.headers["content-type"].partition(";")[0] == "application/json"


async def test_6_a_whole_page_as_content_makes_a_draft_of_its_body(
    stand: Stand, picture: Path
) -> None:
    content = "<html><head></head><body><section><p>正文</p></section></body></html>"
    async with _tool(stand) as tool:
        token = await _token(tool)
        cover = (await _uploaded(tool, token, picture.read_bytes())).json()["media_id"]
        article = {"title": "t", "content": content, "thumb_media_id": cover}
        # As Node's fetch sends what it is given as text.
        added = await tool.post(
            ADD,
            params={"access_token": token},
            content=json.dumps({"articles": [article]}, ensure_ascii=False).encode(),
            headers={"content-type": "text/plain;charset=UTF-8"},
        )
        got = await tool.post(
            "/cgi-bin/draft/get",
            params={"access_token": token},
            json={"media_id": added.json()["media_id"]},
        )
    kept = got.json()["news_item"][0]["content"]
    assert kept == "<section><p>正文</p></section>"


@pytest.mark.parametrize("sent", ["", "PLACEHOLDER", "92_of-wechats-own", "wxgv_stale"])
async def test_7_the_token_that_is_sent_gives_way_to_the_key(stand: Stand, sent: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "X-Wxgate-Account": "main"}
    async with _tool(stand) as tool:
        answer = await tool.get(COUNT, params={"access_token": sent}, headers=headers)
    assert answer.json() == {"total_count": 0}


@pytest.mark.parametrize("prefix", ["", "/wx", "/wechat", "/api", "/api-weixin"])
async def test_8_a_prefix_may_be_there_or_not(stand: Stand, prefix: str) -> None:
    async with _tool(stand) as tool:
        token = (await tool.get(f"{prefix}/cgi-bin/token", params=LOGIN)).json()["access_token"]
        answer = await tool.get(prefix + COUNT, params={"access_token": token})
    assert answer.json() == {"total_count": 0}


async def test_9_a_secret_in_the_query_works_and_stands_in_no_log(
    open_stand: Opens, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with open_stand({"log": {"level": "debug"}}) as stand, _tool(stand) as tool:
        token = await _token(tool)
        await tool.get(COUNT, params={"access_token": token})
        kept = [
            path.read_bytes()
            for path in stand.data_dir.rglob("*")
            if path.is_file() and path.name != "master.key"
        ]
    written = "".join(capfd.readouterr()) + caplog.text
    # What the gateway itself wrote; httpx, the caller here, logs its own URLs.
    ours = "\n".join(line for line in written.splitlines() if "httpx" not in line)
    assert "/cgi-bin/token" in ours
    for secret in (KEY, token, VERIFIED.app_secret):
        assert secret not in ours
        assert all(secret.encode() not in data for data in kept)
