"""Who is told what, from which address, and how often: 16 to 20."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from proxy import signature
from proxy.upstream import UpstreamSettings
from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests import gateway as relay
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import serve, write_toml
from tests.faults.wire import COUNT, ask, get, upstream
from tests.signing import signed

INSIDE = "10.1.2.3"


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[relay.Gateway]:
    async with run_sandbox(SandboxSettings()) as sandbox:
        settings = UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url)
        async with relay.open_gateway(relay.Setup(settings, tmp_path)) as gateway:
            yield gateway


def calling_from(opened: relay.Gateway, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(opened.relay, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://gate")


async def test_016_an_unknown_client_and_a_wrong_signature_look_alike(
    opened: relay.Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    real = signature.sign
    unknown = signed("GET", COUNT, "wxg_nobody_0123456789abcdefghijklmn")
    wrong = signed("GET", COUNT, "wxg_blog_0123456789wrongwrongwrong")

    def counting(base: bytes, key: bytes) -> bytes:
        made.append(key)
        return real(base, key)

    monkeypatch.setattr(signature, "sign", counting)
    answers, work = [], []
    async with opened.client() as caller:
        for headers in (unknown, wrong):
            response = await caller.get(COUNT, headers=headers)
            told = response.json()
            del told["error"]["request_id"]
            shown = {k: v for k, v in response.headers.items() if k != "x-request-id"}
            answers.append((response.status_code, told, shown))
            work.append(len(made))
            made.clear()
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert work == [2, 2]  # what takes time is done as often


@pytest.mark.parametrize("query", [f"key={KEY}", f"access_token={KEY}", f"{KEY}=1", "a=b&c=" + KEY])
async def test_017_a_key_in_a_url_is_refused_and_not_logged(stand: Any, query: str) -> None:
    with structlog.testing.capture_logs() as logged:
        for path in (COUNT, "/v1/jobs"):
            answer = await ask(stand, get(f"{path}?{query}"))
            assert answer is not None
            assert (answer.status, answer.code) == (400, "key_in_url")
            assert KEY.encode() not in answer.body
    assert logged
    assert KEY not in str(logged)
    assert upstream(stand) == []


def tied(client: dict[str, Any]) -> dict[str, Any]:
    return {**client, "id": "blog", "key": KEY, "allow_ips": ["10.0.0.0/8", "2001:db8::/32"]}


CLIENT = {"accounts": ["main"], "scopes": ["relay:read", "stats"]}
FORGED = [
    ["X-Forwarded-For: 10.0.0.1"],
    ["X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.2"],
    ["X-Forwarded-For: 127.0.0.1, 10.0.0.1"],
    ["X-Real-IP: 10.0.0.1", "Forwarded: for=10.0.0.1", "X-Client-IP: 10.0.0.1"],
]


async def test_018_a_forwarded_address_of_the_callers_own_making_counts_for_nothing(
    open_stand: Any,
) -> None:
    async with open_stand({"clients": [tied(CLIENT)]}) as stand:
        for lines in FORGED:
            for path in (COUNT, "/v1/accounts"):
                answer = await ask(stand, get(path, *lines))
                assert answer is not None
                assert (answer.status, answer.code) == (403, "ip_not_allowed")
                assert "127.0.0.1" in answer.json["error"]["message"]


@pytest.mark.slow
async def test_018_the_real_process_trusts_no_proxy_by_itself(tmp_path: Path) -> None:
    """uvicorn alone would trust X-Forwarded-For from 127.0.0.1, or what this variable names."""
    async with run_sandbox(SandboxSettings()) as sandbox:
        config = configuration(sandbox, tmp_path / "data", free_port())
        config["clients"] = [tied(CLIENT)]
        write_toml(tmp_path / "config.toml", config)
        url = config["server"]["public_url"]
        environment = {"FORWARDED_ALLOW_IPS": "*"}
        async with serve(tmp_path / "config.toml", url, KEY, environment) as served:
            for lines in FORGED:
                headers = [(line.split(": ")[0], line.split(": ")[1]) for line in lines]
                response = await served.http.get(COUNT, headers=headers)
                assert response.status_code == 403
                assert response.json()["error"]["code"] == "ip_not_allowed"


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        (["X-Forwarded-For: 10.0.0.1"], True),
        (["X-Forwarded-For: 192.0.2.1, 10.0.0.1"], True),
        (["X-Forwarded-For: 10.0.0.1, 192.0.2.1"], False),  # the last but the proxies' counts
        (["X-Forwarded-For: 10.0.0.1, 127.0.0.1"], True),
        (["X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 192.0.2.1"], False),
        (["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.0.0.1"], True),
        (["X-Forwarded-For: 2001:db8::7"], True),
        (["X-Forwarded-For: [::1]:1"], False),
        (["X-Forwarded-For: unknown"], False),
        (["X-Forwarded-For: "], False),
        (["X-Forwarded-For: 10.0.0.1, unknown"], False),
        (["X-Forwarded-For: 999.0.0.1"], False),
        (["X-Forwarded-For: 010.0.0.1"], False),
        (["X-Real-IP: 10.0.0.1"], False),
        ([], False),
    ],
)
async def test_018_a_trusted_proxy_tells_who_calls(
    open_stand: Any, lines: list[str], *, allowed: bool
) -> None:
    change = {"clients": [tied(CLIENT)], "server": {"trusted_proxies": ["127.0.0.0/8"]}}
    async with open_stand(change) as stand:
        answer = await ask(stand, get(COUNT, *lines))
    assert answer is not None
    assert answer.status == (200 if allowed else 403)


async def test_020_guessing_is_stopped_and_stops_nobody_else(opened: relay.Gateway) -> None:
    attacker, owner = calling_from(opened, "203.0.113.9"), calling_from(opened, INSIDE)
    async with attacker, owner:
        answers = []
        for number in range(1_000):
            key = f"wxg_blog_{number:026d}"
            if number % 2:
                response = await attacker.get(COUNT, headers=signed("GET", COUNT, key))
            else:
                response = await attacker.get(COUNT, headers={"x-api-key": key})
            answers.append((response.status_code, response.json()["error"]["code"]))
        assert {answer[0] for answer in answers[:10]} == {401}
        assert set(answers[10:]) == {(429, "auth_too_many_failures")}
        assert response.json()["errcode"] == 45011
        assert 0 < int(response.headers["retry-after"]) <= 60
        # The right key tells nothing from there, until the minute is over.
        right = {"x-api-key": relay.KEY}
        assert (await attacker.get(COUNT, headers=right)).status_code == 429
        assert (
            await attacker.get(COUNT, headers=signed("GET", COUNT, relay.KEY))
        ).status_code == 429
        # Its owner elsewhere, and others behind the same address, go on.
        assert (await owner.get(COUNT, headers=right)).status_code == 200
        neighbour = {"x-api-key": relay.READER_KEY}
        assert (await attacker.get(COUNT, headers=neighbour)).status_code == 200


async def test_020_many_keys_from_one_address_are_stopped_too(opened: relay.Gateway) -> None:
    async with calling_from(opened, "203.0.113.9") as attacker:
        statuses = []
        for number in range(200):
            headers = {"authorization": f"Bearer wxg_client-{number}_0123456789abcdefghijklmn"}
            statuses.append((await attacker.get(COUNT, headers=headers)).status_code)
        assert statuses == [401] * 50 + [429] * 150
        good = {"authorization": f"Bearer {relay.KEY}"}
        assert (await attacker.get(COUNT, headers=good)).status_code == 200
    login = f"/cgi-bin/token?grant_type=client_credential&appid=main&secret=wxg_x_{'0' * 26}"
    async with calling_from(opened, "203.0.113.9") as attacker:
        told = (await attacker.get(login)).json()
    assert told["errcode"] == 45011
