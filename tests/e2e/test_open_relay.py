"""Nothing but listed hosts, ports and paths is reached through any of the doors, by anybody.

`pytest -rP` shows the table of what was tried.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import product
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.astray import (
    COUNT,
    FORWARDED,
    HOSTS,
    LITERALS,
    OURS,
    addresses,
    markup,
    odd_paths,
    targets,
)
from tests.e2e.conftest import KEY
from tests.e2e.surroundings import (
    API,
    CALLBACK_TOKEN,
    MP,
    ORIGIN,
    PICTURES,
    WRONG_KEY,
    Row,
    Surroundings,
    connect,
    said,
    surrounded,
)
from tests.faults.recorder import whole
from tests.faults.wire import Answer
from wechat.catalogue import load_catalogue
from wechat.hosts import API_HOSTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

DRAFT_ADD = "/cgi-bin/draft/add"
INSIDE_NOT = (
    *("/v1/jobs", "/v1/themes", "/v1/admin/clients", "/mcp", "/wenyan/verify", "/callback/main"),
    *("/metrics", "/docs", "/health", "/openapi.json", "/console"),
)
ASKS = "Access-Control-Request-Method"
WEAK_KEY = KEY.replace("blog", "weak")
WHO = {"nobody": "", "wrong key": WRONG_KEY, "client": KEY}
PATHS = {
    "relay": COUNT, "wenyan": "/wenyan/verify", "mcp": "/mcp", "v1": "/v1/themes",
    "callback": "/callback/main",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def around(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Surroundings]:
    async with surrounded(tmp_path_factory.mktemp("doors")) as made:
        yield made
        print(made.table())


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _nothing_leaks(around: Surroundings) -> AsyncIterator[None]:
    """After each test: nobody came to the trap, and the processes have gone nowhere else."""
    yield
    assert around.leaks == []
    assert around.trap.visits == 0
    wechat = ("127.0.0.1", int(around.wechat.url.rpartition(":")[2]))
    elsewhere = {place for place in around.connections() if place != wechat}
    assert {host for host, _ in elsewhere} <= {PICTURES}
    hosts = {
        line
        for head, _ in around.wechat.requests
        for line in head.decode("latin-1").lower().split("\r\n")
        if line.startswith("host:")
    }
    assert hosts <= {f"host: 127.0.0.1:{wechat[1]}"}


async def test_what_is_listed_is_reached(around: Surroundings) -> None:
    """All that follows would hold of a gateway that does not work."""
    for enter, host in ((around.at_home, "127.0.0.1"), (around.inside, API)):
        async with enter() as one:
            await one.send(said("GET", COUNT, KEY, host=host))
            answer = await one.answer()
            assert answer is not None
            assert answer.body == b"{}"
    async with around.at(around.tunnelling) as one:
        await one.send(connect(f"{API}:443", KEY))
        await one.reader.readuntil(b"\r\n\r\n")
        await one.send(said("GET", COUNT, host=around.wechat.url[7:]))
        answer = await one.answer()
        assert answer is not None
        assert answer.body == b"{}"
    assert len(around.wechat.requests) == 3
    for path in ("/wenyan/verify", "/v1/themes"):
        assert (await home(around, said("GET", path, KEY))).status == 200
    assert (await home(around, agent("tools/list"))).json["result"]["tools"]
    echo = await home(around, said("GET", f"/callback/main?{signed()}&echostr=there"))
    assert echo.body == b"there"
    preflight = said("OPTIONS", COUNT, headers={"Origin": ORIGIN, ASKS: "POST"})
    allowed = await home(around, preflight)
    assert allowed.headers["access-control-allow-origin"] == ORIGIN


async def home(around: Surroundings, request: bytes) -> Answer:
    async with around.at_home() as one:
        await one.send(request)
        answer = await one.answer()
        assert answer is not None
        return answer


def agent(method: str, **params: Any) -> bytes:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    both = "application/json, text/event-stream"
    headers = {"Accept": both, "MCP-Protocol-Version": "2025-06-18"}
    return said("POST", "/mcp", KEY, json.dumps(message).encode(), headers=headers)


def signed() -> str:
    """The query of a push as WeChat signs it."""
    stamp, nonce = str(int(time.time())), "nonce"
    text = "".join(sorted((CALLBACK_TOKEN, stamp, nonce)))
    signature = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - WeChat's choice
    return f"signature={signature}&timestamp={stamp}&nonce={nonce}"


async def test_connect_leads_to_wechats_hosts_alone(around: Surroundings) -> None:
    for mode, (who, key) in product(("inspect", "tunnel"), WHO.items()):
        port = around.inspecting if mode == "inspect" else around.tunnelling
        for target in targets(around):
            row = Row(f"CONNECT {mode}", who, "other hosts and ports")
            await around.attempt(row, connect(target, key), partial(around.at, port))
        if key != KEY:
            row = Row(f"CONNECT {mode}", who, "WeChat's hosts")
            for host in (*API_HOSTS, MP):
                await around.attempt(row, connect(f"{host}:443", key), partial(around.at, port))
    # Where a name server leads inside, in the tunnel's own lookup.
    row = Row("CONNECT tunnel", "client", "a host of WeChat's that is found inside")
    answer = await around.attempt(
        row, connect(f"{MP}:443", KEY), partial(around.at, around.tunnelling)
    )
    assert answer is not None
    assert answer.code == "forward_dns_refused"
    row = Row("CONNECT at the base URL", "client", "any host")
    for target in targets(around):
        await around.attempt(row, connect(target, KEY), around.at_home)


def doors() -> Iterator[tuple[str, str, str, str, str]]:
    """(door, who, key, how to come in, Host) of all that speak HTTP."""
    for door, who in product(PATHS, ("nobody", "client")):
        yield door, who, WHO[who], "home", "127.0.0.1"
    yield "inspect", "client", "", "inside", API
    yield "inspect", "client", KEY, "inside", API


def is_foreign(host: str) -> bool:
    """Whether it is neither an address nor a name of this machine: a Host that no door has."""
    return not (host.lower().rstrip(".") == "localhost" or host in ("127.0.0.1.", *LITERALS))


async def test_no_host_is_reached_that_a_request_names(around: Surroundings) -> None:
    port = around.trap.port
    for door, who, key, way, home_host in doors():
        path = PATHS.get(door, COUNT)
        enter = around.inside if way == "inside" else around.at_home
        row = Row(door, who, "Host, absolute URLs, forwarded hosts")
        may_pass = (COUNT,) if path == COUNT and who == "client" else ()
        for host in HOSTS:
            at = f"{host}:{port}"
            requests = [
                said("GET", path, key, host=at),
                said("GET", f"http://{at}{path}", key, host=at),
                said("GET", f"http://{at}{path}", key, host=home_host),
                said("GET", f"https://{at}{path}", key, host=home_host),
            ]
            for number, request in enumerate(requests):
                answer = await around.attempt(row, request, enter, may_pass)
                if number > 1 or is_foreign(host) or door == "inspect":
                    assert answer is not None
                    assert answer.status == 400, (door, host, number)
        for name, host in product(FORWARDED, ("169.254.169.254", f"{API}.evil.example")):
            value = f"http://{host}:{port}/" if "URL" in name else f"{host}:{port}"
            request = said("GET", path, key, host=home_host, headers={name: value})
            await around.attempt(row, request, enter, may_pass)


async def test_no_path_is_reached_but_listed_ones(around: Surroundings) -> None:
    what = "paths that could be read in two ways, or are not listed"
    for (who, key), path in product(WHO.items(), odd_paths(around, *OURS)):
        row = Row("base URL", who, what)
        answer = await around.attempt(row, said("GET", path, key), around.at_home)
        assert answer is None or answer.status >= 400, path
    for key, host in (("", API), (KEY, API), (KEY, MP)):
        for path in odd_paths(around):
            row, request = (
                Row(f"inspect, {host}", "client", what),
                said("GET", path, key, host=host),
            )
            answer = await around.attempt(row, request, partial(around.inside, host))
            assert answer is None or answer.status >= 400, path
        for path in INSIDE_NOT:
            row = Row(f"inspect, {host}", "client", "doors of the base URL")
            request = said("GET", path, key, host=host)
            answer = await around.attempt(row, request, partial(around.inside, host))
            assert answer is not None
            assert answer.json["errcode"] == 40066, path


async def test_what_is_listed_wants_a_client_its_scope_and_its_verb(around: Surroundings) -> None:
    callers = {
        "nobody": ("", ""), "wrong key": (WRONG_KEY, ""), "foreign token": ("", "92_other"),
        "key in the URL": ("", KEY), "client of another scope": (WEAK_KEY, ""),
    }  # fmt: skip
    for endpoint in load_catalogue():
        for who, (key, token) in callers.items():
            path = f"{endpoint.path}?access_token={token}" if token else endpoint.path
            body = b"{}" if endpoint.method == "POST" else b""
            row = Row("base URL", who, "each listed path")
            await around.attempt(row, said(endpoint.method, path, key, body), around.at_home)
        verb = "POST" if endpoint.method == "GET" else "GET"
        row = Row("base URL", "client", "each listed path with the other verb")
        await around.attempt(row, said(verb, endpoint.path, KEY), around.at_home)
    segments = sorted(load_catalogue().first_segments)
    for segment, tail in product(segments, ("", "/", "/wxgate-none", "/../v1/jobs", "/a/b/c/d")):
        row = Row("base URL", "client", "paths under each first segment that are not listed")
        await around.attempt(row, said("GET", f"/{segment}{tail}", KEY), around.at_home)
        row = Row("inspect", "client", "paths under each first segment that are not listed")
        request = said("GET", f"/{segment}{tail}", host=API)
        await around.attempt(row, request, around.inside)


def documents(around: Surroundings) -> Iterator[tuple[str, str, bytes]]:
    """(door, path, body) of what may name pictures; one that cannot be had is kept as it is."""
    some = addresses(around)
    plain = "# t\n\n" + "\n\n".join(f"![a]({url})" for url in some)
    keep = {"options": {"image_failure": "keep"}}
    page = {"title": "t", "html": markup(some), **keep}
    text = {"markdown": f"{plain}\n\n{markup(some)}", "content_source_url": some[0], **keep}
    covers = [{"title": "t", "markdown": "x", "cover": url} for url in some]
    for path in ("/v1/render", "/v1/lint", "/v1/accounts/main/articles"):
        yield "v1", path, json.dumps(text).encode()
    yield "v1", "/v1/accounts/main/articles", json.dumps(page).encode()
    for kind, items in (("articles", covers), ("images.upload", [{"url": url} for url in some])):
        yield "v1", "/v1/accounts/main/batches", json.dumps({"kind": kind, "items": items}).encode()
    for tool in ("render", "lint", "create_draft"):
        call = {"name": tool, "arguments": text}
        yield "mcp", "/mcp", agent("tools/call", **call).partition(b"\r\n\r\n")[2]
    article = {"title": "t", "content": f"<p>x</p>{markup(some)}", "thumb_media_id": some[0]}
    for door in ("relay", "inspect"):
        yield door, DRAFT_ADD, json.dumps({"articles": [article]}).encode()


async def test_no_address_in_a_document_is_fetched(around: Surroundings) -> None:
    around.wechat.answer = whole(b'{"media_id":"m","url":"https://mmbiz.qpic.cn/a.png"}')
    listed = {endpoint.path for endpoint in load_catalogue()}
    cases = len(addresses(around))
    headers = {
        "Prefer": "wait=30", "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-06-18", "X-Wxgate-Enhance": "images, lint",
    }  # fmt: skip
    for door, path, body in documents(around):
        enter, host = (around.inside, API) if door == "inspect" else (around.at_home, "127.0.0.1")
        for who, key in WHO.items():
            if door != "inspect" or who == "client":
                row = Row(door, who, "addresses in articles, drafts, covers, batches")
                request = said("POST", path, key, body, host, headers)
                may_pass = listed if who == "client" else ()
                answer = await around.attempt(row, request, enter, may_pass, cases=cases)
                assert answer is not None
                turned_away = answer.status == 401 or answer.code.startswith("auth_")
                assert turned_away == (who != "client"), answer
    for url in addresses(around):
        await wenyan(around, {"title": "t", "content": f'<p>x<img src="{url}"></p>', "cover": url})
    push = f"<xml><ToUserName>gh_1</ToUserName><PicUrl>{addresses(around)[0]}</PicUrl></xml>"
    row = Row("callback", "WeChat", "addresses in pushes")
    pushed = said(
        "POST",
        f"/callback/main?{signed()}",
        body=push.encode(),
        headers={"Content-Type": "text/xml"},
    )
    await around.attempt(row, pushed, around.at_home)
    await settled(around, "/v1/jobs?state=running", "/v1/jobs?state=accepted")
    assert (PICTURES, around.pictures) in around.connections(), "where pictures may come from"


async def wenyan(around: Surroundings, target: dict[str, Any]) -> None:
    form = (
        '--b\r\nContent-Disposition: form-data; name="file"; filename="publish_target.json"\r\n\r\n'
        f"{json.dumps(target)}\r\n--b--\r\n"
    ).encode()
    kind = "multipart/form-data; boundary=b"
    sent = await home(
        around, said("POST", "/wenyan/upload", KEY, form, headers={"Content-Type": kind})
    )
    asked = json.dumps({"fileId": sent.json["data"]["fileId"], "appId": "main"}).encode()
    row = Row("wenyan", "client", "addresses in articles, drafts, covers, batches")
    await around.attempt(row, said("POST", "/wenyan/publish", KEY, asked), around.at_home)


async def settled(around: Surroundings, *lists: str) -> None:
    """Wait until there is nothing on these lists."""
    async with asyncio.timeout(120):
        for path in lists:
            while (await home(around, said("GET", path, KEY))).json["items"]:
                await asyncio.sleep(0.2)


async def test_no_webhook_leads_inside(around: Surroundings) -> None:
    row = Row("v1", "client", "webhooks")
    for url in addresses(around):
        body = json.dumps({"url": url}).encode()
        made = await around.attempt(row, said("POST", "/v1/webhooks", KEY, body), around.at_home)
        assert made is not None
        if made.status != 201:
            continue
        one = f"/v1/webhooks/{made.json['id']}"
        assert (await home(around, said("POST", f"{one}/test", KEY, b"{}"))).status == 202
        async with asyncio.timeout(60):
            sent = said("GET", f"{one}/deliveries", KEY)
            while not (said_of := (await home(around, sent)).json["items"])[0]["error"]:
                await asyncio.sleep(0.1)
        assert said_of[0]["state"] != "delivered", url
        await home(around, said("DELETE", one, KEY))


async def test_no_redirect_is_followed(around: Surroundings) -> None:
    for status, path in product(
        ("301", "302", "303", "307", "308"), (COUNT, "/cgi-bin/showqrcode")
    ):
        elsewhere = f"Location: http://127.0.0.1:{around.trap.port}/"
        around.wechat.answer = whole(b"{}", elsewhere).replace(b"200 OK", f"{status} X".encode())
        for door, enter, host in (
            ("relay", around.at_home, "127.0.0.1"), ("inspect", around.inside, API)
        ):  # fmt: skip
            row = Row(door, "client", "redirects of WeChat's")
            request = said("GET", f"{path}?ticket=t{status}", KEY, host=host)
            answer = await around.attempt(row, request, enter, (path,))
            assert answer is not None
            assert "location" not in answer.headers


async def test_no_page_of_another_origin_may_read(around: Surroundings) -> None:
    strangers = ("null", "*", ORIGIN.replace("https", "http"), f"{ORIGIN}.evil.example", f"{ORIGIN}/",
                 f"{ORIGIN}:8443", ORIGIN.upper(), "https://evil.example", f"https://evil.{ORIGIN[8:]}",
                 f"https://x{ORIGIN[8:]}", "http://127.0.0.1", f"{ORIGIN}, https://evil.example")  # fmt: skip
    for (door, path), origin, (who, key) in product(PATHS.items(), strangers, WHO.items()):
        row = Row(f"{door}, by a page", who, "other origins")
        for verb in ("OPTIONS", "GET"):
            asks = {ASKS: "GET"} if verb == "OPTIONS" else {}
            request = said(verb, path, key, headers={"Origin": origin, **asks})
            may_pass = (COUNT,) if (who, verb) == ("client", "GET") else ()
            answer = await around.attempt(row, request, around.at_home, may_pass)
            assert answer is not None
            assert "access-control-allow-origin" not in answer.headers, (door, origin)
    for door, path in PATHS.items():
        if door != "relay":  # listed origins are those of the relay
            answer = await home(around, said("GET", path, KEY, headers={"Origin": ORIGIN}))
            assert "access-control-allow-origin" not in answer.headers, door
