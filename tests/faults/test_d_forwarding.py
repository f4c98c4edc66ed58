"""What goes to WeChat and what comes back: ours to say, never the caller's or the upstream's."""

import zlib
from typing import Any

from sandbox.settings import VERIFIED
from tests.e2e.conftest import KEY
from tests.faults.doors import each_door
from tests.faults.recorder import recording, upstream_of, whole
from tests.faults.wire import ADD, COUNT, ask, get, post, upstream, wire


@each_door
async def test_068_a_callers_own_credentials_never_go_on(open_stand: Any) -> None:
    async with recording() as wechat, open_stand(upstream_of(wechat)) as stand:
        for query in (
            "access_token=mine", "access_token=a&access_token=b", "ACCESS_TOKEN=x&access%5ftoken=y",
            "access_token=&offset=1", "%61ccess_token=mine", "access_token",
        ):  # fmt: skip
            answer = await ask(stand, get(f"{COUNT}?{query}"))
            assert answer is not None, query
            assert answer.status == 200, query
            line = wechat.requests[-1][0].split(b"\r\n")[0].decode()
            assert line.count("access_token=") == 1, line
            assert line.count("access_token=92_real") == 1, line
            assert "mine" not in line, line
        body = b'{"access_token":"mine","articles":[]}'
        answer = await ask(stand, post(body))
        assert answer is not None
        assert wechat.requests[-1][1] == body  # a field of the caller's document, of no effect
        key_in_url = await ask(stand, get(f"{COUNT}?key={KEY}"))
        assert key_in_url is not None
        assert key_in_url.code == "key_in_url"
    assert KEY not in wechat.heads


@each_door
async def test_068_an_app_secret_in_the_query_is_replaced_by_the_real_one(open_stand: Any) -> None:
    query = f"appid=main&secret={KEY}&appid=wxother&secret=x&code=c&grant_type=authorization_code"
    async with recording() as wechat, open_stand(upstream_of(wechat)) as stand:
        answer = await ask(
            stand, f"GET /sns/oauth2/access_token?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        )
        assert answer is not None
        assert answer.status == 200
    line = wechat.requests[-1][0].split(b"\r\n")[0].decode()
    assert line.count("secret=") == line.count("appid=") == 1
    assert VERIFIED.app_id in line
    assert VERIFIED.app_secret in line
    assert KEY not in line


@each_door
async def test_069_headers_of_one_hop_stay_there(open_stand: Any) -> None:
    lines = (
        "Connection: X-Account, keep-alive, Authorization, Content-Type", "X-Account: evil",
        "TE: trailers", "Trailer: X-Sum", "Keep-Alive: timeout=600", "Proxy-Connection: close",
        "Proxy-Authorization: Basic Zm9vOmJhcg==", "Proxy-Authenticate: Basic", "Via: 1.1 evil",
    )  # fmt: skip
    async with recording() as wechat, open_stand(upstream_of(wechat)) as stand:
        answer = await ask(stand, post(b"{}", *lines))
        assert answer is not None
        assert answer.status == 200
    for name in ("x-account", "\nte:", "trailer", "keep-alive: ", "proxy-", "via", "evil", "blog"):
        assert name not in wechat.heads, name
    assert "content-length: 2\r\n" in wechat.heads
    assert "authorization" not in wechat.heads


@each_door
async def test_071_only_listed_headers_of_the_upstream_come_back(open_stand: Any) -> None:
    async with recording() as wechat, open_stand(upstream_of(wechat)) as stand:
        wechat.answer = whole(
            b'{"total_count":1}',
            *("Content-Type: application/json", "Set-Cookie: a=b", "Server: nginx/1.0"),
            *("Location: https://evil.example/", "X-Powered-By: PHP", "Access-Control-Allow-Origin: *"),
            *("X-Request-Id: theirs", "Strict-Transport-Security: max-age=1", "Via: 1.1 x"),
        )  # fmt: skip
        answer = await ask(stand, get())
        assert answer is not None
        assert answer.body == b'{"total_count":1}'
        allowed = {
            "date", "content-type", "content-length", "x-request-id", "x-wxgate-account",
            "x-wxgate-cache", "x-wxgate-quota-remaining", "x-content-type-options",
        }  # fmt: skip
        said = {name for name in answer.headers if not name.startswith("ratelimit")}
        assert said <= allowed, said - allowed
        assert answer.headers["x-request-id"].startswith("req_")


@each_door
async def test_071_a_body_is_framed_anew_whatever_the_upstream_says_of_it(open_stand: Any) -> None:
    async with recording() as wechat, open_stand(upstream_of(wechat)) as stand:
        body = b'{"total_count":2}'
        chunked = b"%x\r\n%b\r\n0\r\nX-Trailer: evil\r\n\r\n" % (len(body), body)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        wechat.answer = head + chunked
        async with wire(stand) as one:
            await one.send(get())
            answer = await one.answer()
            assert answer is not None
            assert (answer.body, answer.headers["content-length"]) == (body, str(len(body)))
            wechat.answer = whole(zlib.compress(body), "Content-Encoding: deflate")
            await one.send(get())
            packed = await one.answer()
            assert packed is not None
            if packed.status == 200:  # as it came, and said to be what it is
                assert packed.headers["content-encoding"] == "deflate"
                assert zlib.decompress(packed.body) == body
            wechat.answer = whole(body, "Content-Encoding: gzip", "Content-Type: application/json")
            await one.send(get())
            lying = await one.answer()
            assert lying is not None
            assert lying.status in (200, 502)


@each_door
async def test_081_a_callers_text_never_makes_a_header(stand: Any) -> None:
    for value in (
        "abc",
        "abcdefgh\tSet-Cookie:a",
        "a" * 65,
        "äbcdefgh",
        "<script>alert(1)</script>",
    ):
        answer = await ask(stand, get(COUNT, f"X-Request-Id: {value}"))
        assert answer is not None, value
        assert answer.headers["x-request-id"].startswith("req_"), value
    kept = await ask(stand, get(COUNT, "X-Request-Id: abcdefgh-1"))
    assert kept is not None
    assert kept.headers["x-request-id"] == "abcdefgh-1"
    for account in ("x%0d%0aSet-Cookie:a", "\xe4", "a\tb", "<b>"):
        request = get().replace("X-Wxgate-Account: main", f"X-Wxgate-Account: {account}")
        answer = await ask(stand, request)
        assert answer is not None, account
        assert answer.status in (400, 404), account
        assert "set-cookie" not in answer.headers, account
    assert {seen.path for seen in upstream(stand)} == {COUNT}


@each_door
async def test_081_a_file_name_of_the_upstream_cannot_split_the_answer(open_stand: Any) -> None:
    async with recording() as wechat, open_stand(upstream_of(wechat)) as stand:
        for name in (b"a\rSet-Cookie: x=1", b"a\x00b", b"a\nSet-Cookie: x=1"):
            wechat.answer = (
                b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
                b'Content-Disposition: attachment; filename="' + name + b'"\r\n'
                b"Content-Length: 2\r\n\r\nxx"
            )
            answer = await ask(stand, get("/cgi-bin/media/get?media_id=1"))
            assert answer is not None, name
            assert "set-cookie" not in answer.headers, name
            assert b"\x00" not in str(answer.headers).encode(), name
            assert answer.status in (200, 502, 504), name


@each_door
async def test_082_a_compressed_body_is_refused_unread(stand: Any) -> None:
    bomb = zlib.compress(b"0" * 10_000_000, 9)
    for coding in ("gzip", "deflate", "br", "GZIP", "identity, gzip"):
        answer = await ask(stand, post(bomb, f"Content-Encoding: {coding}"))
        assert answer is not None, coding
        assert (answer.status, answer.code) == (415, "body_encoded"), coding
    assert upstream(stand) == []
    plain = await ask(stand, post("{}", "Content-Encoding: identity", path=ADD))
    assert plain is not None
    assert plain.json["errcode"] != 0
    assert len(upstream(stand)) == 1


async def test_082_a_compressed_body_of_ours_is_refused_unread(stand: Any) -> None:
    bomb = zlib.compress(b"0" * 10_000_000, 9)
    answer = await ask(stand, post(bomb, "Content-Encoding: deflate", path="/v1/render"))
    assert answer is not None
    assert answer.status in (400, 415)
