"""Section B where it meets the relay: pictures of drafts that tools relay through either door."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.e2e.conftest import KEY
from tests.e2e.test_enhance import article
from tests.faults.doors import basic, each_door
from tests.faults.test_b_fetching import PERMITTED, at, permitted
from tests.faults.wire import COUNT, ask, get, post
from tests.fetch.conftest import Host, host, http
from tests.fetch.test_addresses import CLOSED
from tests.fetch.test_urls import INVALID
from tests.jobs.rig import PNG

__all__ = ["host", "permitted"]

ADMIN = {
    "id": "blog", "key": KEY, "accounts": ["main"], "rate_limit": "60000/minute",
    "scopes": ["draft", "relay:read", "admin"], "enhance": ["images"],
}  # fmt: skip
INSIDE = "this address may not be fetched"


class Names:
    """A name server that never asks another; who has no answer left is not there."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.before: Callable[[], Any] = lambda: None

    def getaddrinfo(self, host: str, port: int, *_how: Any, **_more: Any) -> list[Any]:
        if host in ("127.0.0.1", "localhost"):
            return [_entry("127.0.0.1", port)]
        self.before()
        if not self.answers.get(host):
            raise OSError("no such name")
        return [_entry(address, port) for address in self.answers[host].pop(0)]


def _entry(address: str, port: int) -> Any:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, 6, "", (address, port))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """In place of the system's."""
    made = Names()
    monkeypatch.setattr("fetch.resolver.socket.getaddrinfo", made.getaddrinfo)
    return made


@pytest.fixture
async def gate(
    open_stand: Any, permitted: Host, names: Names, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Any]:
    """A gateway that may fetch from 127.0.0.2 alone; what listens on 127.0.0.1 is inside."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{permitted.port}/trap")
    fetch = {
        "allow_networks": [f"{PERMITTED}/32"], "allow_ports": [80, 1, permitted.port],
        "max_bytes": 100_000, "timeout_s": 1.5,
    }  # fmt: skip
    async with open_stand({"fetch": fetch, "clients": [ADMIN]}) as stand:
        yield stand


async def relayed(gate: Any, *urls: str) -> tuple[dict[str, str], list[str]]:
    """The header that tells of the pictures of a draft with these, and what is told of each."""
    content = "".join(f'<img src="{url}">' for url in urls)
    body = {"articles": [article(f"<p>x</p>{content}", "made-up")]}
    answer = await ask(gate, post(json.dumps(body)))
    assert answer is not None
    assert answer.json["errcode"], "no draft is made: its cover is none"
    page = await gate.http.get("/v1/admin/audit", params={"action": "relay.enhance"})
    said = {
        int(finding.partition("images[")[2].partition("]")[0]): finding.partition(" / ")[2]
        for finding in page.json()["items"][0]["detail"]["findings"]
    }
    done = dict(each.split("=") for each in answer.headers["x-wxgate-enhance"].split(", "))
    return done, [said.get(number, "") for number in range(len(urls))]


@each_door
async def test_023_024_025_026_033_034_035_036_037_no_picture_of_a_draft_leads_inside(
    gate: Any, host: Host
) -> None:
    literal = [f"http://[{each}]/a" if ":" in each else f"http://{each}/a" for each in CLOSED]
    for some in (literal[:40], literal[40:]):  # the audit log tells of fifty
        done, told = await relayed(gate, *some)
        assert (done["images"], done["failed"]) == ("0", str(len(some)))
        assert [url for url, said in zip(some, told, strict=True) if INSIDE not in said] == []
    odd = [url for url in INVALID if url.startswith("http") and '"' not in url]
    odd += [f"http://{PERMITTED}:{port}/" for port in (0, 22, 25, 6379, 65535, 65536)]
    done, _ = await relayed(gate, *odd)
    assert done["images"] == "0"
    assert host.requests == []


@each_door
async def test_027_028_031_032_045_names_lead_no_draft_inside(
    gate: Any, permitted: Host, names: Names
) -> None:
    permitted.answers["/a"] = http(PNG)
    own = gate.url.rpartition(":")[2]
    names.answers = {
        "turns.example": [[PERMITTED], ["127.0.0.1"]],
        "mixed.example": [[PERMITTED, "127.0.0.1"]],
        "metadata.google.internal": [["169.254.169.254"]],
        "gate.example": [["127.0.0.1"]],
    }
    urls = [at(permitted, "/a", "turns.example")]
    done, _ = await relayed(gate, *urls)
    assert done["images"] == "1"
    (turned, *_) = permitted.requests
    assert turned.startswith("GET /a ")
    forbidden = [
        *(at(permitted, f"/b{n}", name) for n, name in enumerate(("turns.example", "mixed.example"))),
        "http://metadata.google.internal/computeMetadata/v1/", "http://gate.example/v1/accounts",
        f"http://127.0.0.1:{own}/v1/accounts", at(permitted, "/a", "127.0.0.1"),
    ]  # fmt: skip
    done, told = await relayed(gate, *forbidden, at(permitted, "/a", "gone.example"))
    assert (done["images"], done["failed"]) == ("0", "7")
    assert all(INSIDE in said for said in told[:-1]), told
    assert "cannot be resolved" in told[-1]
    assert len(permitted.requests) == 1


@each_door
async def test_029_030_038_039_040_041_hosts_of_relayed_pictures_gain_nothing(
    gate: Any, permitted: Host
) -> None:
    async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    moves = {
        f"/to{number}": http(b"", status="302 X", location=place)
        for number, place in enumerate(
            (f"http://127.0.0.1:{permitted.port}/in", "file:///etc/passwd", "gopher://127.0.0.1/",
             "//127.0.0.1/", f"http://u:p@{PERMITTED}:{permitted.port}/", "http://169.254.169.254/")
        )
    }  # fmt: skip
    cases: dict[str, tuple[Any, str]] = {
        **{path: (answer, "redirects to a place") for path, answer in moves.items()},
        "/loop": (http(b"", status="302 X", location="/loop"), "redirects too often"),
        "/refresh": (http(b"<p>", refresh="0;url=/to0", content_type="text/html"), "not a picture"),
        "/silent": (silence, "no complete answer"),
        "/large": (http(PNG + b"x" * 100_000), "over 100000 bytes"),
        "/gzip": (http(PNG, content_encoding="gzip"), "failed"),
        "/page": (http(b"<html>"), "not a picture"),
        "/204": (b"HTTP/1.1 204 X\r\n\r\n", "failed"),
        "/headers": (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000_000, "failed"),
    }
    permitted.answers = {path: answer for path, (answer, _) in cases.items()}
    done, told = await relayed(gate, *(at(permitted, path) for path in cases))
    assert (done["images"], done["failed"]) == ("0", str(len(cases)))
    wrong = {
        path: said
        for (path, (_, wanted)), said in zip(cases.items(), told, strict=True)
        if wanted not in said
    }
    assert wrong == {}
    asked = {request.split(" ")[1] for request in permitted.requests}
    assert asked == set(cases), "nothing of 127.0.0.1, and no way that a redirect said"


@each_door
async def test_042_043_044_046_047_hosts_learn_nothing_of_who_relays(
    gate: Any, permitted: Host
) -> None:
    permitted.answers["/a"] = http(PNG, set_cookie="caller=1; Path=/")
    drafts = [relayed(gate, at(permitted, "/a")) for _ in range(8)]
    assert {done["images"] for done, _ in await asyncio.gather(*drafts)} == {"1"}
    assert len(permitted.requests) < 8  # one fetch at a time; who comes later may cause another
    heads = "\n".join(permitted.requests).lower()
    for trace in (
        "authorization",
        "cookie",
        KEY.lower(),
        basic()[-20:].lower(),
        "x-wxgate",
        "/trap",
    ):
        assert trace not in heads, trace
    open_and_closed = at(permitted, "/b", "127.0.0.1"), "http://127.0.0.1:1/b"
    _, told = await relayed(gate, *open_and_closed)
    first, second = (said.replace(url, "") for said, url in zip(told, open_and_closed, strict=True))
    assert first == second


@each_door
async def test_045_slow_names_of_relayed_pictures_stall_nobody(
    open_stand: Any, names: Names
) -> None:
    go_on = threading.Event()
    names.before = lambda: go_on.wait(30)
    change = {"relay": {"enhance_timeout_s": 1}, "clients": [ADMIN]}
    async with open_stand(change) as stand:
        try:
            urls = (f"http://slow{number}.example/a.png" for number in range(64))
            async with asyncio.TaskGroup() as group:
                draft = group.create_task(relayed(stand, *urls))
                for _ in range(5):
                    await asyncio.sleep(0.05)
                    assert (await stand.http.get("/health/live")).status_code == 200
                counted = await ask(stand, get(COUNT))
            assert counted is not None
            assert counted.status == 200
            assert draft.result()[0]["failed"] == "64"
        finally:
            go_on.set()
