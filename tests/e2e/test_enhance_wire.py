"""What goes up of a relayed draft, to the byte: untouched unless asked for, and then only there."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import KEY, Opens, Stand
from tests.faults.recorder import Recorder, recording, upstream_of, whole
from tests.jobs.rig import PNG

ADD, UPDATE = "/cgi-bin/draft/add", "/cgi-bin/draft/update"
ASKED = {"x-wxgate-enhance": "images, lint"}
THERE = "http://mmbiz.qpic.cn/mmbiz_png/a/0"
HTTPS_THERE = THERE.replace("http:", "https:")
DATA = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PATIENT = {"enhance_timeout_s": 100}  # a busy machine takes its time

# As tools write them: PHP's slashes and \u, Go's < and >, shells' blanks, hands' repetitions.
ODD = [
    b'{"articles":[{"content":"<img src=\'@\'>","title":"\xe9\xa2\x98"}]}',
    b' {\t"articles" : [ { "title":"\\u9898\\/", "content" : "<p>\\u4e00<img src=\\"@\\"\\/>" } ]\r\n}\n',
    b'{"articles":[{"content":"\\u003cimg src=@\\u003e","n":1.50,"m":1e3,"z":null,"a":-0}],"b":[]}',
    b'{"articles":[{"content":"a<img src=\'@\'>","content":"b<img src=\'@\'>"}],"articles":[]}',
    b'\xef\xbb\xbf{"articles":[{"content":"\\ud83d\\ude00\xf0\x9f\x98\x80<img data-src=\'@\'>"}]}',
    b'{"articles":{"content":"<i style=\\"background:url(@)\\">\\n</i>"},"index":0,"media_id":"M"}',
]
NO_DRAFTS = [b"\xc4\xe3\xba\xc3", b"{", b"null", b'"@"', b"media_id=1&index=0", b"\x1f\x8b\x08zip"]


def odd(place: str) -> list[bytes]:
    """The bodies with a picture at `place`."""
    return [body.replace(b"@", place.encode()) for body in (*ODD, *NO_DRAFTS)]


def client(*enhance: str, **more: Any) -> dict[str, Any]:
    scopes = ["draft", "material", "relay:read"]
    entry = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": scopes}
    return {"clients": [{**entry, "enhance": list(enhance)}], **more}


@asynccontextmanager
async def wired(
    open_stand: Opens, *enhance: str, **more: Any
) -> AsyncIterator[tuple[Recorder, Stand]]:
    """A gateway before a WeChat that keeps every byte; its client has `enhance` set."""
    answer = json.dumps({"url": THERE, "media_id": "M" * 43}).encode()
    async with recording() as wechat:
        wechat.answer = whole(answer, "Content-Type: application/json")
        change = {**client(*enhance), **upstream_of(wechat), "relay": PATIENT, **more}
        async with open_stand(change) as stand:
            yield wechat, stand


def sent(wechat: Recorder, path: str = ADD) -> list[bytes]:
    """The bodies of the calls of `path`."""
    return [body for head, body in wechat.requests if f" {path}?".encode() in head]


@pytest.mark.parametrize("enhance", [[], ["images", "lint"]], ids=["unset", "off"])
async def test_unasked_every_byte_goes_up_as_it_came(open_stand: Opens, enhance: list[str]) -> None:
    wrapped = b'{"articles":[{"content":"<html><body><img src=\'@\'></body></html>"}]}'
    bodies = [*odd("http://127.0.0.1:1/a.png"), wrapped, b" " * 1_500_000 + wrapped]
    headers = {"x-wxgate-enhance": "off"} if enhance else {}
    async with wired(open_stand, *enhance) as (wechat, stand):
        for kind in ({}, {"content-type": "text/plain;charset=UTF-8"}):
            for body in bodies:
                answer = await stand.http.post(ADD, content=body, headers={**headers, **kind})
                assert not {"x-wxgate-enhance", "x-wxgate-lint"} & set(answer.headers)
        await stand.http.post("/wx" + UPDATE, content=bodies[0], headers=headers)
        picture = {"media": ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp")}
        await stand.http.post("/cgi-bin/media/uploadimg", files=picture, headers=headers)
    assert sent(wechat) == bodies * 2
    assert sent(wechat, UPDATE) == bodies[:1]
    assert b"RIFF\0\0\0\0WEBPVP8 " in sent(wechat, "/cgi-bin/media/uploadimg")[0]
    assert len(wechat.requests) == 2 * len(bodies) + 2, "a picture was fetched and uploaded"


async def test_asked_only_the_addresses_differ(open_stand: Opens) -> None:
    async with wired(open_stand) as (wechat, stand):
        for kind in ({}, {"content-type": "text/plain;charset=UTF-8"}):
            for body in odd(DATA):
                answer = await stand.http.post(ADD, content=body, headers={**ASKED, **kind})
                assert "failed=0" in answer.headers["x-wxgate-enhance"]
    expected = [body.replace(b"@", HTTPS_THERE.encode()) for body in ODD] + odd(DATA)[len(ODD) :]
    assert sent(wechat) == expected * 2
    assert len(sent(wechat, "/cgi-bin/media/uploadimg")) == 1, "the same picture went up twice"


async def test_a_body_of_megabytes_keeps_its_bytes_too(open_stand: Opens) -> None:
    text = "一段正文" * 100_000
    body = json.dumps(
        {"articles": [{"content": f"<html><body>{text}<img src='{DATA}'></body></html>"}]},
        ensure_ascii=False,
    ).encode()
    assert len(body) > 1_000_000
    async with wired(open_stand) as (wechat, stand):
        answer = await stand.http.post(ADD, content=body, headers=ASKED)
        assert answer.headers["x-wxgate-enhance"] == "images=1, failed=0, unwrapped=1"
        assert "enhance_too_large:1" in answer.headers["x-wxgate-lint"]
    expected = body.replace(DATA.encode(), HTTPS_THERE.encode())
    for wrapper in (b"<html><body>", b"</body></html>"):
        expected = expected.replace(wrapper, b"")
    assert sent(wechat) == [expected]


async def test_large_bodies_leave_nothing_on_disk(open_stand: Opens) -> None:
    """Each takes 4 MB as it came and 4 MB as it goes up; the share for all is 20 MB."""
    body = ODD[0].replace(b"@'>", DATA.encode() + b"'>" + b"x" * 4_000_000)
    relay = {**PATIENT, "spool_max_mb": 20}
    async with wired(open_stand, "images", relay=relay) as (wechat, stand):
        for _ in range(6):
            answer = await stand.http.post(ADD, content=body)
            assert answer.headers["x-wxgate-enhance"] == "images=1, failed=0, unwrapped=0"
    assert {len(up) for up in sent(wechat)} == {len(body) - len(DATA) + len(HTTPS_THERE)}


async def test_lint_alone_changes_nothing_but_wrappers(open_stand: Opens) -> None:
    wrapped = b'{ "articles":[{"content":"<html><body>x</body></html>" }]}'
    async with wired(open_stand) as (wechat, stand):
        for body in (*odd(DATA), wrapped):
            await stand.http.post(ADD, content=body, headers={"x-wxgate-enhance": "lint"})
    assert sent(wechat) == [*odd(DATA), b'{ "articles":[{"content":"x" }]}']


async def test_what_the_draft_has_at_wechat_or_has_no_name_for_stays(open_stand: Opens) -> None:
    """Pictures of WeChat's, srcset, lazy ones, links of every other kind, the source's address."""
    content = (
        "<img src='http://mmbiz.qpic.cn/x/0'><img data-src=\"https://mmbiz.qpic.cn/y/0?a=1&amp;b\">"
        "<img srcset='http://127.0.0.1:1/2x.png 2x'><a href='http://127.0.0.1:1/a.png'>x</a>"
        "<video poster='http://127.0.0.1:1/p.png'></video><svg><image href='http://127.0.0.1:1/s'/>"
        "<mp-common-profile data-headimg='http://127.0.0.1:1/h.png'></mp-common-profile>"
    )
    article = {
        "content": content,
        "thumb_media_id": "m" * 43,
        "content_source_url": "http://127.0.0.1:1/a.png",
        "digest": "<img src='http://127.0.0.1:1/d.png'>",
    }
    body = json.dumps({"articles": [article]}).encode()
    async with wired(open_stand) as (wechat, stand):
        answer = await stand.http.post(ADD, content=body, headers=ASKED)
        assert answer.headers["x-wxgate-enhance"] == "images=0, failed=0, unwrapped=0"
    assert wechat.requests[0][1] == body
    assert len(wechat.requests) == 1


async def test_every_place_of_a_picture_in_every_article_is_found(open_stand: Opens) -> None:
    """Covers, lazy pictures, backgrounds, newspics, all of one draft; each goes up once a use."""
    news = {
        "content": f"<p>一<img data-src='{DATA}' src='{DATA}'>"
        f'<section style="background: url(&quot;{DATA}&quot;)">二</section>',
        "thumb_media_id": DATA,
    }
    newspic = {
        "article_type": "newspic",
        "content": "文",
        "image_info": {"image_list": [{"image_media_id": DATA}, {"image_media_id": "m" * 43}]},
    }
    body = json.dumps({"articles": [news, news, newspic]}).encode()
    async with wired(open_stand) as (wechat, stand):
        answer = await stand.http.post(ADD, content=body, headers={"x-wxgate-enhance": "images"})
        assert answer.headers["x-wxgate-enhance"] == "images=3, failed=0, unwrapped=0"
    (up,) = sent(wechat)
    assert json.loads(up)["articles"][2]["image_info"]["image_list"][0] == {
        "image_media_id": "M" * 43
    }
    assert json.loads(up)["articles"][1]["thumb_media_id"] == "M" * 43
    assert up.count(HTTPS_THERE.encode()) == 6
    assert DATA.encode() not in up


async def test_a_draft_that_wechat_refuses_for_its_token_goes_up_again_as_it_was_made(
    open_stand: Opens,
) -> None:
    """The replay takes the same bytes; no picture goes up anew, nor when the tool itself retries."""
    stale = whole(b'{"errcode":40001,"errmsg":"invalid credential"}', "Content-Type: text/plain")
    body = ODD[0].replace(b"@", DATA.encode())
    async with wired(open_stand) as (wechat, stand):
        await stand.http.post(ADD, content=body, headers=ASKED)
        good, wechat.answer = wechat.answer, stale
        refused = await stand.http.post(ADD, content=body, headers=ASKED)
        assert refused.json()["errcode"] == 40001
        wechat.answer = good
        assert "media_id" in (await stand.http.post(ADD, content=body, headers=ASKED)).json()
    assert sent(wechat) == [ODD[0].replace(b"@", HTTPS_THERE.encode())] * 4
    assert len(sent(wechat, "/cgi-bin/media/uploadimg")) == 1


async def test_twenty_drafts_at_once_upload_their_picture_once(open_stand: Opens) -> None:
    body = ODD[0].replace(b"@", DATA.encode())
    async with wired(open_stand) as (wechat, stand):
        calls = (stand.http.post(ADD, content=body, headers=ASKED) for _ in range(20))
        answers = await asyncio.gather(*calls)
    assert {answer.headers["x-wxgate-enhance"] for answer in answers} == {
        "images=1, failed=0, unwrapped=0"
    }
    assert sent(wechat) == [ODD[0].replace(b"@", HTTPS_THERE.encode())] * 20
    assert len(sent(wechat, "/cgi-bin/media/uploadimg")) == 1


@pytest.mark.parametrize("enhance", [[], ["images", "lint"]], ids=["header", "client"])
async def test_through_the_forward_proxy_it_is_the_same(
    open_stand: Opens, enhance: list[str]
) -> None:
    forward = {"listen": "127.0.0.1:1", "mode": "inspect"}
    body = ODD[1].replace(b"@", DATA.encode())
    async with wired(open_stand, *enhance, forward=forward) as (wechat, stand):
        async with httpx.AsyncClient(
            proxy=f"http://blog:{KEY}@127.0.0.1:{stand.forward_port}",
            verify=ssl.create_default_context(cafile=str(stand.data_dir / "ca" / "ca.pem")),
            base_url="https://api.weixin.qq.com",
            trust_env=False,
            timeout=60,
        ) as tool:
            headers = {} if enhance else ASKED
            answer = await tool.post(ADD, content=body, headers=headers)
            untouched = await tool.post(ADD, content=body, headers={"x-wxgate-enhance": "off"})
        assert answer.headers["x-wxgate-enhance"] == "images=1, failed=0, unwrapped=0"
        assert "x-wxgate-lint" in answer.headers
        assert "x-wxgate-enhance" not in untouched.headers
    assert sent(wechat) == [ODD[1].replace(b"@", HTTPS_THERE.encode()), body]


async def test_curl_gets_it_by_its_clients_setting(open_stand: Opens) -> None:
    async with wired(open_stand, "images", "lint") as (wechat, stand):
        process = await asyncio.create_subprocess_exec(
            *("curl", "-sS", "-D", "-", "--noproxy", "*", "-H", f"Authorization: Bearer {KEY}"),
            *("--data-binary", "@-", stand.url + ADD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate(ODD[2].replace(b"@", DATA.encode()))
    assert b"x-wxgate-enhance: images=1, failed=0, unwrapped=0\r\n" in out.lower()
    assert b"x-wxgate-lint: " in out.lower()
    assert sent(wechat) == [ODD[2].replace(b"@", HTTPS_THERE.encode())]


async def test_a_misnamed_picture_is_named_anew_and_keeps_its_bytes(open_stand: Opens) -> None:
    async with wired(open_stand) as (wechat, stand):
        for name in ("a.webp", "blob", "图"):
            files = {"media": (name, PNG, "image/webp")}
            await stand.http.post("/cgi-bin/media/uploadimg", files=files, headers=ASKED)
        files = {"media": ("cover.jpg", PNG, "application/octet-stream")}
        await stand.http.post("/cgi-bin/media/uploadimg", files=files, headers=ASKED)
    *mended, untouched = sent(wechat, "/cgi-bin/media/uploadimg")
    for form in mended:
        assert b'filename="image.png"\r\nContent-Type: image/png\r\n\r\n' + PNG + b"\r\n" in form
    assert b'filename="cover.jpg"\r\nContent-Type: application/octet-stream' in untouched
