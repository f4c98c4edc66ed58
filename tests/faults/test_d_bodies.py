"""Bodies that are too large, cut, or whose sender goes away."""

import asyncio
from typing import Any

from sandbox.faults import Fault
from tests.faults.doors import each_door
from tests.faults.wire import ADD, ask, get, post, still_serves, upstream, wire

UPLOAD, ARTICLES = "/cgi-bin/media/uploadimg", "/v1/accounts/main/articles"


def form(*parts: bytes, boundary: bytes = b"b", end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end


def part(disposition: str, data: bytes = b"x", headers: str = "") -> bytes:
    head = f"Content-Disposition: form-data; {disposition}\r\n{headers}\r\n"
    return head.encode("latin-1") + data


def multipart(body: bytes, path: str, boundary: str = "b") -> bytes:
    request = post(body, path=path)
    kind = f"Content-Type: multipart/form-data; boundary={boundary}".encode()
    return request.replace(b"Content-Type: application/json", kind, 1)


@each_door
async def test_072_a_body_over_the_limit_is_refused_before_it_is_read(open_stand: Any) -> None:
    async with open_stand({"relay": {"max_body_mb": 1}}) as stand:
        async with wire(stand) as one:
            await one.send(post(b"", "Content-Length: 1000001"))
            answer = await one.answer()
            assert answer is not None
            assert (answer.status, answer.code) == (413, "body_too_large")
            assert answer.headers["connection"] == "close"
            assert await one.is_over()
        async with wire(stand) as one:
            await one.send(post(b"", "Transfer-Encoding: chunked"))
            chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
            for _ in range(17):
                await one.send(chunk)
            answer = await one.answer()
            assert answer is not None
            assert (answer.status, answer.code) == (413, "body_too_large")
        async with wire(stand) as one:  # longer than it says: the rest is no request
            await one.send(post(b"{}" + b"x" * 3_000_000, "Content-Length: 2"))
            first, second = await one.answer(), await one.answer()
            assert first is not None
            assert second is not None
            assert (second.status, second.code) == (400, "http_malformed")
        assert [seen.length for seen in upstream(stand)] == [2]
        await still_serves(stand)


def floods(name: str) -> dict[str, tuple[str, bytes]]:
    """Forms that ask for far too much, with the part `name` among the rest; and their boundaries."""
    wanted = part(f'name="{name}"', b'{"markdown":"# a"}')
    files = (part(f'name="p{n}"; filename="p{n}.png"') for n in range(5_000))
    many_headers = part(f'name="{name}"', b"{}", "".join(f"X-{n}: 1\r\n" for n in range(5_000)))
    nested = part(f'name="{name}"', form(wanted), "Content-Type: multipart/mixed; boundary=c\r\n")
    long = "b" * 300
    return {
        "5 000 parts": ("b", form(wanted, *files)),
        "5 000 headers of a part": ("b", form(many_headers)),
        "a boundary of 300 bytes": (
            long, form(wanted, boundary=long.encode(), end=f"--{long}--".encode())
        ),
        "10 MB before the first part": ("b", b"x" * 10_000_000 + form(wanted)),
        "a form inside a form": ("b", form(nested)),
    }  # fmt: skip


async def test_072_floods_of_parts_fields_and_headers_are_refused(stand: Any) -> None:
    fields = post(b"&".join(b"a%d=1" % n for n in range(50_000)), path="/v1/render")
    requests = {
        "50 000 fields": fields.replace(b"json", b"x-www-form-urlencoded", 1),
        **{
            name: multipart(body, ARTICLES, boundary)
            for name, (boundary, body) in floods("article").items()
        },
    }
    for name, request in requests.items():
        answer = await ask(stand, request)
        assert answer is not None, name
        assert 400 <= answer.status < 500, (name, answer)
        assert answer.code, name
    await still_serves(stand)


@each_door
async def test_072_no_flood_becomes_a_picture(stand: Any) -> None:
    for name, (boundary, body) in floods("media").items():
        answer = await ask(stand, multipart(body, UPLOAD, boundary))
        assert answer is not None, name
        assert answer.status < 500, (name, answer)
        assert answer.json["errcode"] != 0, name
    assert stand.committed("image") == []
    await still_serves(stand)


@each_door
async def test_073_an_upload_that_is_cut_or_odd_never_becomes_a_picture(stand: Any) -> None:
    media = part('name="media"; filename="a.png"', b"\x89PNG\r\n\x1a\n")
    odd = {
        "cut before the closing boundary": form(media, end=b""),
        "no part at all": form(),
        "two files": form(media, media),
        "a line break in the name": form(part('name="media"; filename="a\r\nX: y.png"')),
        "a path in the name": form(part('name="media"; filename="../../etc/passwd"')),
        "no name": form(part('name="media"')),
        "a quote in the name": form(part('name="me\\"dia"; filename*=UTF-8\'\'a%22.png')),
    }
    for name, body in odd.items():
        answer = await ask(stand, multipart(body, UPLOAD))
        assert answer is not None, name
        assert answer.status in (200, 400), name
        assert answer.json.get("errcode"), name
    assert stand.committed("image") == []
    await still_serves(stand)


async def test_073_a_form_of_ours_that_is_cut_is_refused(stand: Any) -> None:
    for body in (form(part('name="article"', b'{"markdown":"# a"}'), end=b""), form()):
        answer = await ask(stand, multipart(body, ARTICLES))
        assert answer is not None, body
        assert (answer.status, answer.code) == (400, "multipart_invalid"), body


@each_door
async def test_077_five_hundred_callers_that_go_away_leave_nothing_behind(stand: Any) -> None:
    whole, half = get().encode(), post(b"{}", "Content-Length: 100")
    for index in range(500):
        async with wire(stand) as one:
            await one.send((whole, half, whole[:40], whole * 3)[index % 4])
    async with asyncio.timeout(30):
        while [task for task in asyncio.all_tasks() if "run_asgi" in repr(task)]:
            await asyncio.sleep(0.05)
    await still_serves(stand)


@each_door
async def test_077_what_was_sent_to_wechat_is_finished_and_recorded(stand: Any) -> None:
    stand.sandbox.faults.add(Fault(kind="slow", path=ADD, seconds=0.5))
    async with wire(stand) as one, asyncio.timeout(20):
        await one.send(post(b'{"articles":[]}'))
        while not stand.sandbox.faults.happened:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(20):
        while f'path="{ADD}"}} 1.0' not in (await stand.http.get("/metrics")).text:
            await asyncio.sleep(0.05)
    assert stand.sandbox.calls.count(ADD) == 1
