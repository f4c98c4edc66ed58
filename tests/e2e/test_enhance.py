"""Drafts and uploads that tools relay as they are, looked after where that is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from sandbox.faults import Fault
from sandbox.settings import VERIFIED

ADD, UPLOADIMG = "/cgi-bin/draft/add", "/cgi-bin/media/uploadimg"
BOTH = {"x-wxgate-enhance": "images, lint", "x-wxgate-account": "main"}
UPLOADS = [
    (UPLOADIMG, "url"),
    ("/cgi-bin/material/add_material?type=image", "url"),
    ("/cgi-bin/material/add_material?type=thumb", "media_id"),
    ("/cgi-bin/media/upload?type=image", "media_id"),
    ("/cgi-bin/media/upload?type=thumb", "thumb_media_id"),
]
KEY = "wxg_blog_0123456789abcdefghijklmn"


def article(content: str, thumb: str, **more: Any) -> dict[str, Any]:
    return {"title": "晨光", "author": "作者", "content": content, "thumb_media_id": thumb, **more}


def picture(kind: str, colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, kind)
    return out.getvalue()


def noise() -> bytes:
    """A PNG of 2.4 MB, which compresses badly: too large for all calls but add_material."""
    out = BytesIO()
    Image.effect_noise((1_000, 800), 90).convert("RGB").save(out, "PNG", compress_level=0)
    return out.getvalue()


async def upload(tool: httpx.AsyncClient, path: str, data: bytes, **more: Any) -> httpx.Response:
    files = {"media": ("a.jpg", data, "image/jpeg")}
    return await tool.post(path, files=files, **more)


async def thumb(stand: Any) -> str:
    headers = {"x-wxgate-account": "main"}
    made = await upload(
        stand.http, "/cgi-bin/material/add_material?type=image", picture("PNG"), headers=headers
    )
    return str(made.json()["media_id"])


async def kept(stand: Any, media_id: str) -> str:
    headers = {"x-wxgate-account": "main"}
    answer = await stand.http.post(
        "/cgi-bin/draft/get", json={"media_id": media_id}, headers=headers
    )
    return str(answer.json()["news_item"][0]["content"])


@pytest.fixture
async def tool(stand: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A tool that knows nothing of wxgate but has its token from it."""
    async with httpx.AsyncClient(base_url=stand.url, trust_env=False, timeout=60) as http:
        query = {"grant_type": "client_credential", "appid": VERIFIED.app_id, "secret": KEY}
        token = (await http.get("/cgi-bin/token", params=query)).json()["access_token"]
        http.params = httpx.QueryParams(access_token=token)
        yield http


async def test_the_pictures_of_a_relayed_draft_are_rehosted_and_its_wrapper_goes(
    stand: Any,
) -> None:
    base = stand.sandbox.url
    content = (
        "<html><head></head><body>"
        f'<p>正文<img src="{base}/sample/flow.png" alt="图"><img src=\'{base}/sample/night.webp\'>'
        f'</p><section style="background-image: url(&quot;{base}/sample/harbour.jpg&quot;)">底'
        "</section></body></html>"
    )
    cover = f"{base}/sample/morning.jpg"
    body = json.dumps({"articles": [article(content, cover)]}, ensure_ascii=False).encode()
    answer = await stand.http.post(ADD, content=body, headers=BOTH)
    assert set(answer.json()) == {"media_id"}, answer.text
    assert answer.headers["x-wxgate-enhance"] == "images=4, failed=0, unwrapped=1"
    said = answer.headers["x-wxgate-lint"]
    assert said == (
        '1;errors=0;warnings=1;rules="background_unconfirmed:1"'
        ';at="background_unconfirmed@articles[0].content"'
    )
    there = await kept(stand, answer.json()["media_id"])
    assert there.count("mmbiz.qpic.cn") == 3
    assert base not in there
    assert "<html" not in there
    assert len(stand.committed("image")) == 3


async def test_without_the_header_not_a_byte_is_changed(stand: Any) -> None:
    content = f'<html><body><p>x<img src="{stand.sandbox.url}/sample/flow.png"></p></body></html>'
    body = {"articles": [article(content, await thumb(stand))]}
    answer = await stand.http.post(ADD, json=body, headers={"x-wxgate-account": "main"})
    assert "media_id" in answer.json()
    assert "x-wxgate-enhance" not in answer.headers
    assert stand.committed("image") == []


async def test_a_picture_that_cannot_be_had_becomes_a_warning(stand: Any) -> None:
    base = stand.sandbox.url
    content = f'<p>x<img src="{base}/gone.png"><img src="{base}/sample/flow.png"></p>'
    body = {"articles": [article(content, await thumb(stand))]}
    answer = await stand.http.post(ADD, json=body, headers=BOTH)
    assert "media_id" in answer.json()
    assert answer.headers["x-wxgate-enhance"] == "images=1, failed=1, unwrapped=0"
    said = answer.headers["x-wxgate-lint"]
    assert "image_failed:1" in said
    assert "image_failed@articles[0].images[0]" in said


async def test_the_same_draft_again_uploads_nothing_anew(stand: Any) -> None:
    base = stand.sandbox.url
    body = {"articles": [article(f'<img src="{base}/sample/flow.png">x', await thumb(stand))]}
    drafts = [await stand.http.post(ADD, json=body, headers=BOTH) for _ in range(2)]
    assert all("media_id" in draft.json() for draft in drafts)
    assert len(stand.committed("image")) == 1


async def test_lint_alone_changes_no_picture_and_tells_what_is_wrong(stand: Any) -> None:
    body = {"articles": [article("<p>x</p>", await thumb(stand), title="长" * 40)]}
    headers = BOTH | {"x-wxgate-enhance": "lint"}
    answer = await stand.http.post(ADD, json=body, headers=headers)
    assert answer.json()["errcode"] == 45003  # what WeChat says of it
    said = answer.headers["x-wxgate-lint"]
    assert said.split(";")[1] == "errors=1"
    assert "draft_title_too_long:1" in said


async def test_a_tool_gets_our_refusal_in_wechats_shape(
    stand: Any, tool: httpx.AsyncClient
) -> None:
    answer = await tool.post(ADD, json={}, headers={"x-wxgate-enhance": "pictures"})
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == "enhance_invalid"
    assert isinstance(answer.json()["errcode"], int)
    assert stand.calls().get(ADD, 0) == 0


async def test_an_update_is_looked_after_too(stand: Any) -> None:
    base = stand.sandbox.url
    first = {"articles": [article("<p>x</p>", cover := await thumb(stand))]}
    headers = {"x-wxgate-account": "main"}
    media_id = (await stand.http.post(ADD, json=first, headers=headers)).json()["media_id"]
    changed = article(f'<body><img src="{base}/sample/flow.png">y</body>', cover)
    body = {"media_id": media_id, "index": 0, "articles": changed}
    answer = await stand.http.post("/wx/cgi-bin/draft/update", json=body, headers=BOTH)
    assert answer.json()["errcode"] == 0
    assert answer.headers["x-wxgate-enhance"] == "images=1, failed=0, unwrapped=1"
    assert "mmbiz.qpic.cn" in await kept(stand, media_id)


async def test_the_pictures_of_a_newspic_become_materials(stand: Any) -> None:
    urls = [f"{stand.sandbox.url}/sample/{name}" for name in ("flow.png", "night.webp")]
    listed = {"image_list": [{"image_media_id": url} for url in urls]}
    newspic = {"article_type": "newspic", "title": "图", "content": "文", "image_info": listed}
    answer = await stand.http.post(ADD, json={"articles": [newspic]}, headers=BOTH)
    assert "media_id" in answer.json(), answer.text
    assert answer.headers["x-wxgate-enhance"] == "images=2, failed=0, unwrapped=0"


async def test_an_upload_that_wechat_would_refuse_is_converted(stand: Any) -> None:
    plain = {"x-wxgate-account": "main"}
    for path, given in UPLOADS:
        for data in (picture("WEBP"), noise())[: 1 if "add_material?type=image" in path else 2]:
            refused = await upload(stand.http, path, data, headers=plain)
            assert refused.json()["errcode"], f"WeChat takes it at {path}"
            taken = await upload(stand.http, path, data, headers=BOTH)
            assert given in taken.json(), taken.text
            assert taken.headers["x-wxgate-enhance"] == "images=1, failed=0, unwrapped=0"


async def test_voices_and_videos_are_left_alone(stand: Any) -> None:
    path = "/cgi-bin/media/upload?type=voice"
    answer = await upload(stand.http, path, b"#!AMR\n" + bytes(100), headers=BOTH)
    assert answer.headers["x-wxgate-enhance"] == "images=0, failed=0, unwrapped=0"


async def test_an_upload_that_is_right_stays_as_it_is(stand: Any) -> None:
    taken = await upload(stand.http, UPLOADIMG, picture("PNG"), headers=BOTH)
    assert "url" in taken.json()
    assert taken.headers["x-wxgate-enhance"] == "images=0, failed=0, unwrapped=0"


async def test_an_upload_that_is_no_picture_goes_up_and_wechat_says_so(stand: Any) -> None:
    answer = await upload(stand.http, UPLOADIMG, b"no picture at all", headers=BOTH)
    assert answer.json()["errcode"]
    assert "source=wechat" in answer.headers["x-wxgate-error"]
    assert "image_failed:1" in answer.headers["x-wxgate-lint"]


def with_enhance(*enhance: str, **more: Any) -> dict[str, Any]:
    client = {
        "id": "blog",
        "key": KEY,
        "accounts": ["main"],
        "scopes": ["draft", "material", "relay:read", "admin"],
        "enhance": list(enhance),
    }
    return {"clients": [client], **more}


async def test_a_client_may_have_it_set_and_a_call_may_do_without(open_stand: Any) -> None:
    async with open_stand(with_enhance("images")) as stand:
        path = f"{stand.sandbox.url}/sample/flow.png"
        body = {"articles": [article(f'<img src="{path}">x', await thumb(stand))]}
        asked = await stand.http.post(ADD, json=body)
        assert asked.headers["x-wxgate-enhance"] == "images=1, failed=0, unwrapped=0"
        off = await stand.http.post(ADD, json=body, headers={"x-wxgate-enhance": "off"})
        assert "x-wxgate-enhance" not in off.headers
        assert stand.sandbox.url not in await kept(stand, asked.json()["media_id"])


async def test_the_operator_finds_what_was_done_in_the_audit_log(open_stand: Any) -> None:
    async with open_stand(with_enhance("images", "lint")) as stand:
        content = f'<img src="{stand.sandbox.url}/gone.png?key=SECRET">x'
        body = {"articles": [article(content, await thumb(stand))]}
        made = await stand.http.post(ADD, json=body)
        page = await stand.http.get("/v1/admin/audit", params={"action": "relay.enhance"})
        (entry,) = page.json()["items"]
        assert (entry["actor"], entry["subject"], entry["account"]) == ("client:blog", ADD, "main")
        assert entry["detail"]["failed"] == 1
        assert entry["detail"]["media_id"] == made.json()["media_id"]
        told = [each for each in entry["detail"]["findings"] if "image_failed" in each]
        assert told[0].startswith("warning image_failed articles[0].images[0]: ")
        assert "gone.png" in told[0]
        assert " → " in told[0], "what to do is not told"
        assert "SECRET" not in page.text


async def test_what_takes_too_long_goes_up_as_it_is(open_stand: Any) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        fetch = {"allow_networks": ["127.0.0.0/8"], "allow_ports": [80, port]}
        change = with_enhance("images", relay={"enhance_timeout_s": 0.5}, fetch=fetch)
        async with open_stand(change) as stand:
            content = f'<img src="http://127.0.0.1:{port}/a.png">x'
            body = {"articles": [article(content, await thumb(stand))]}
            answer = await stand.http.post(ADD, json=body)
            assert "media_id" in answer.json()
            assert "enhance_timeout:1" in answer.headers["x-wxgate-lint"]


async def test_an_upload_that_was_too_late_is_there_for_the_next_try(open_stand: Any) -> None:
    """Nothing is uploaded twice because a tool tries again, whatever became of the first try."""
    change = with_enhance("images", relay={"enhance_timeout_s": 2})
    async with open_stand(change) as stand:
        content = f'<img src="{stand.sandbox.url}/sample/flow.png">x'
        body = {"articles": [article(content, await thumb(stand))]}
        stand.sandbox.faults.add(Fault(kind="slow", path=UPLOADIMG, seconds=4))
        late = await stand.http.post(ADD, json=body)
        assert "media_id" in late.json()
        assert "enhance_timeout:1" in late.headers["x-wxgate-lint"]
        async with asyncio.timeout(50):
            while late.headers["x-wxgate-enhance"] != "images=1, failed=0, unwrapped=0":
                late = await stand.http.post(ADD, json=body)
        assert stand.calls()[UPLOADIMG] == 1


async def test_when_wechat_takes_no_more_pictures_the_draft_goes_up(open_stand: Any) -> None:
    async with open_stand(with_enhance("images")) as stand:
        content = f'<img src="{stand.sandbox.url}/sample/flow.png?key=SECRET">x'
        body = {"articles": [article(content, await thumb(stand))]}
        stand.sandbox.faults.add(Fault(kind="errcode", path=UPLOADIMG, errcode=45009, count=9))
        made = await stand.http.post(ADD, json=body)
        assert "media_id" in made.json(), made.text
        assert made.headers["x-wxgate-enhance"] == "images=0, failed=1, unwrapped=0"
        page = await stand.http.get("/v1/admin/audit", params={"action": "relay.enhance"})
        (told,) = page.json()["items"][0]["detail"]["findings"]
        assert told.startswith("warning image_failed articles[0].images[0]: ")
        assert "45009" in told
        assert "原地址保留" in told
        assert " → " in told, "what to do is not told"
        assert "SECRET" not in told


async def test_pictures_inside_the_network_are_not_fetched(open_stand: Any) -> None:
    async with open_stand(with_enhance("images", fetch={"allow_networks": []})) as stand:
        content = f'<img src="{stand.sandbox.url}/sample/flow.png">x'
        body = {"articles": [article(content, await thumb(stand))]}
        answer = await stand.http.post(ADD, json=body)
        assert answer.headers["x-wxgate-enhance"] == "images=0, failed=1, unwrapped=0"
        assert stand.committed("image") == []
