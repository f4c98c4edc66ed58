"""Which host, which path: said once, in one way, or refused."""

from typing import Any

from tests.faults.doors import each_door
from tests.faults.recorder import recording, upstream_of
from tests.faults.wire import ACCOUNT, COUNT, Wire, ask, get, still_serves, upstream, wire

REAL_TOKEN = "92_real"


def with_hosts(*hosts: str, path: str = "/health") -> str:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    return f"GET {path} HTTP/1.1\r\n{lines}{ACCOUNT}\r\n"


async def test_066_exactly_one_host_that_is_ours(stand: Any) -> None:
    port = stand.url.rpartition(":")[2]
    refused = {
        "none": with_hosts(),
        "two": with_hosts("127.0.0.1", "evil.example"),
        "the same twice": with_hosts("127.0.0.1", "127.0.0.1"),
        "a path": with_hosts("127.0.0.1/?x="),
        "BadHost": with_hosts("a/?x="),
        "a user": with_hosts("user@127.0.0.1"),
        "a port beyond all": with_hosts("127.0.0.1:99999"),
        "another name": with_hosts("evil.example"),
        "a name that ends like ours": with_hosts("127.0.0.1.evil.example"),
        "empty": with_hosts(""),
        "another host in the URL": with_hosts("127.0.0.1", path="http://evil.example/health"),
        "another port in the URL": with_hosts("127.0.0.1", path="http://127.0.0.1:9/health"),
        "another scheme in the URL": with_hosts("127.0.0.1", path="ftp://127.0.0.1/health"),
        "a relayed call of another name": with_hosts("evil.example", path=COUNT),
    }
    for name, request in refused.items():
        answer = await ask(stand, request)
        assert answer is not None, name
        assert (answer.status, answer.code) == (400, "host_invalid"), name
        assert "location" not in answer.headers, name
    assert upstream(stand) == []
    for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", "[::1]:1", "LOCALHOST."):
        answer = await ask(stand, with_hosts(host))
        assert answer is not None, host
        assert answer.status == 200, host
    same = await ask(stand, with_hosts("127.0.0.1", path="http://127.0.0.1/health"))
    assert same is not None
    assert same.status == 200


TRICKS = (
    "/cgi-bin/../datacube/getusersummary", "/cgi-bin/%2e%2e/datacube/getusersummary",
    "/cgi-bin/draft%2fcount", "/cgi-bin/draft%252fcount", "/cgi-bin/..;/draft/count",
    "//cgi-bin/draft/count", "/cgi-bin//draft/count", "/cgi-bin\\draft\\count",
    "/cgi-bin/%5cdraft/count", "/cgi-bin/draft/count%00", "/cgi-bin/draft/count%ff",
    "/cgi-bin/draft/count.", "/cgi-bin/draft/count%0d%0aX:1", "/wx/../cgi-bin/draft/count",
    "/wx/%2e%2e/v1/jobs", "/%63gi-bin/draft/count", "/cgi-bin/./draft/count",
    "/cgi-bin/draft/count%20", "/cgi-bin/draft/count;x=1", "/cgi-bin/draft/count/../add",
)  # fmt: skip
OTHERS = ("/cgi-bin/draft/count/", "/CGI-BIN/draft/count", "/cgi-bin/Draft/count", "/cgi-bin",
          "/cgi-bin/nothing", "/wx/wx/cgi-bin/draft/count", "/wx", "/cgi-bin/draft/count.php")  # fmt: skip


@each_door
async def test_067_a_path_that_can_be_read_in_two_ways_reaches_nobody(stand: Any) -> None:
    for path in TRICKS:
        answer = await ask(stand, get(path))
        assert answer is not None, path
        assert answer.status in (400, 404), path
        assert answer.code in ("path_invalid", "not_found", "http_malformed"), path
    for path in OTHERS:
        answer = await ask(stand, get(path))
        assert answer is not None, path
        assert answer.status == 404, path
    assert upstream(stand) == []
    assert await ask(stand, get("/v1%2fadmin/..%2f..%2fjobs")) is not None
    await still_serves(stand)
    assert {seen.path for seen in upstream(stand)} == {COUNT}


@each_door
async def test_067_a_fragment_and_bytes_beyond_ascii_are_refused(stand: Any) -> None:
    for path in ("/cgi-bin/dräft/count", "/cgi-bin/draft/count\x7f", "/cgi-bin/draft/count\xff"):
        answer = await ask(stand, get(path))
        assert answer is not None, path
        assert answer.status == 400, path
    assert upstream(stand) == []


@each_door
async def test_070_headers_that_rewrite_a_request_elsewhere_mean_nothing(open_stand: Any) -> None:
    lines = (
        "X-Real-IP: 203.0.113.9", "Forwarded: for=203.0.113.9;host=evil.example",
        "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https", "X-Original-URL: /cgi-bin/freepublish/submit",
        "X-Rewrite-URL: /cgi-bin/freepublish/submit", "X-HTTP-Method-Override: POST",
        "X-Method-Override: DELETE", "True-Client-IP: 203.0.113.9", "CF-Connecting-IP: 1.2.3.4",
        "Cookie: session=1", "Referer: https://evil.example/", "Origin: https://evil.example",
    )  # fmt: skip
    async with recording() as wechat, open_stand(upstream_of(wechat)) as stand:
        answer = await ask(stand, get(COUNT, *lines))
        assert answer is not None
        assert answer.status == 200
    ((head, _),) = wechat.requests
    assert head.startswith(b"GET /cgi-bin/draft/count?access_token=92_real HTTP/1.1\r\n")
    for trace in ("203.0.113.9", "evil.example", "freepublish", "override", "1.2.3.4", "cookie"):
        assert trace not in wechat.heads, trace


async def peer_of(one: Wire, *lines: str) -> str:
    """The address that the gateway takes the caller for, told by a refusal."""
    await one.send(get(COUNT, *lines, "Accept-Language: en"))
    answer = await one.answer()
    assert answer is not None
    assert answer.code == "ip_not_allowed"
    return str(answer.json["error"]["message"]).split()[1]


async def test_070_only_a_trusted_proxy_names_the_caller(open_stand: Any) -> None:
    client = {
        "id": "blog", "key": ACCOUNT.split()[2], "accounts": ["main"], "scopes": ["relay:read"],
        "allow_ips": ["192.0.2.0/24"],
    }  # fmt: skip
    forwarded = "X-Forwarded-For: 198.51.100.1, 203.0.113.9"
    async with open_stand({"clients": [client]}) as stand, wire(stand) as one:
        assert await peer_of(one, forwarded) == "127.0.0.1"
    proxies = {"server": {"trusted_proxies": ["127.0.0.0/8"]}, "clients": [client]}
    async with open_stand(proxies) as stand, wire(stand) as one:
        assert await peer_of(one, forwarded) == "203.0.113.9"
        assert await peer_of(one) == "127.0.0.1"
        assert await peer_of(one, "X-Forwarded-For: unknown") == "unknown"
