"""Section B at the door of the forward proxy: where CONNECT leads, in both of its modes."""

import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.forward.answer import ESTABLISHED
from tests.conftest import free_port
from tests.faults.doors import FORWARD, HOST, basic
from tests.faults.test_b_relayed import Names, names
from tests.faults.wire import Answer, get, knocking
from tests.fetch.test_addresses import CLOSED

__all__ = ["names"]

MP = "mp.weixin.qq.com"
TARGETS = (
    *(f"[{each}]:443" if ":" in each else f"{each}:443" for each in CLOSED),
    # numbers, letters that turn into numbers, zones, versions
    "0:443", "127.1:443", "2130706433:443", "0x7f.1:443", "0x7f000001:443", "0177.0.0.1:443",
    "%E2%91%A0.0.0.1:443", "[fe80::1%25eth0]:443", "[::1%lo]:443", "[v1.fe80::a]:443", "[::1:443",
    # names, and what looks like WeChat's
    "localhost:443", "metadata.google.internal:443", "example.com:443", "8.8.8.8:443",
    "weixin.qq.com:443", "evil.api.weixin.qq.com:443", "api.weixin.qq.com.evil.example:443",
    "api.weixin.qq.com.:443", "xapi.weixin.qq.com:443", "api-weixin.qq.com:443",
    f"{'a' * 64}.com:443", f"{'a.' * 150}com:443", "xn--a:443", "mmbiz.qpic.cn:443",
    # ports
    *(f"{HOST}:{port}" for port in ("", "0", "22", "80", "0443", "+443", "6379", "8443", "65536")),
    f"{HOST}", f"{HOST}:80:443", f"{HOST}:443:80",
    # users, paths, schemes, escapes
    f"u:p@{HOST}:443", f"{HOST}:443@127.0.0.1:443", f"127.0.0.1\\@{HOST}:443",
    f"{HOST}:443/../127.0.0.1", f"https://{HOST}:443", f"//{HOST}:443", f"{HOST}%00.evil:443",
    f"{HOST}#@127.0.0.1:443", f"{HOST}%0d%0aHost:evil:443",
)  # fmt: skip


@pytest.fixture(params=["inspect", "tunnel"])
async def gate(open_stand: Any, names: Names, request: Any) -> AsyncIterator[Any]:
    """A gateway with a forward proxy that has to find mp.weixin.qq.com by its name."""
    names.answers = {MP: []}
    change = {
        "forward": {**FORWARD, "mode": request.param},
        "upstream": {"mp_base_url": f"https://{MP}"},
    }
    async with open_stand(change) as stand:
        yield stand


async def asked(gate: Any, target: str) -> Answer:
    """What the proxy says to a CONNECT that it refuses."""
    async with knocking(gate) as one:
        await one.send(f"CONNECT {target} HTTP/1.1\r\n{basic()}\r\n\r\n")
        answer = await one.answer()
        assert answer is not None, target
        assert await one.is_over(), target
        return answer


async def still_open(gate: Any) -> None:
    async with knocking(gate) as one:
        await one.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n{basic()}\r\n\r\n")
        assert await one.reader.readexactly(len(ESTABLISHED)) == ESTABLISHED


async def test_023_024_025_026_031_033_034_035_036_037_connect_leads_to_wechats_hosts_alone(
    gate: Any,
) -> None:
    for target in TARGETS:
        answer = await asked(gate, target)
        assert (answer.status, answer.code) == (403, "forward_host_refused"), target
    await still_open(gate)


async def test_036_a_target_with_controls_is_no_connect(gate: Any) -> None:
    for target in ("", " ", f"{HOST}\t:443", f"{HOST}:443\x00", f"{HOST}\x7f:443", "\xe4.com:443",
                   f"{HOST}:443 {HOST}:443", f"{HOST}:443\rX: y"):  # fmt: skip
        answer = await asked(gate, target)
        assert (answer.status, answer.code) == (400, "forward_malformed"), target
    assert (await asked(gate, "a" * 20_000)).status == 431
    async with knocking(gate) as one:  # as a proxy for http:// is asked
        await one.send(get(f"http://{HOST}/cgi-bin/draft/count", basic()))
        answer = await one.answer()  # type: ignore[assignment]
    assert (answer.status, answer.code) == (405, "forward_only_connect")


async def test_032_046_nobody_learns_by_connect_what_listens_here(gate: Any) -> None:
    own, closed = gate.url.rpartition(":")[2], free_port()
    said = {
        (answer.status, answer.code, answer.json["error"]["message"].replace(str(port), "PORT"))
        for port in (own, gate.forward_port, gate.sandbox.port, closed)
        for answer in [await asked(gate, f"127.0.0.1:{port}")]
    }
    assert len(said) == 1, said


@pytest.mark.parametrize("gate", ["tunnel"], indirect=True)
async def test_027_031_045_a_tunnel_goes_where_the_name_led_when_it_was_judged(
    gate: Any, names: Names
) -> None:
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "fd00:ec2::254"):
        names.answers[MP] = [[address], [address]]
        answer = await asked(gate, f"{MP}:443")
        assert (answer.status, answer.code) == (502, "forward_dns_refused"), address
        assert names.answers[MP] == [[address]], "asked once"
    names.answers[MP] = []
    assert (await asked(gate, f"{MP}:443")).code == "forward_unreachable"
    go_on = threading.Event()
    names.before = lambda: go_on.wait(30)
    try:
        async with knocking(gate) as one, knocking(gate) as other:
            for each in (one, other):
                await each.send(f"CONNECT {MP}:443 HTTP/1.1\r\n{basic()}\r\n\r\n")
            assert (await gate.http.get("/health/live")).status_code == 200
            await still_open(gate)
            go_on.set()
            answer = await one.answer()  # type: ignore[assignment]
            assert answer.code == "forward_unreachable"
    finally:
        go_on.set()


async def test_042_proxies_of_the_environment_are_not_used(
    open_stand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/trap")
    async with open_stand({"forward": {**FORWARD, "mode": "tunnel"}}) as stand:
        await still_open(stand)
