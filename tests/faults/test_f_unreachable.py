"""WeChat's hosts cannot be reached, or cannot prove who they are: nothing was sent."""

import datetime as dt
import ssl
from pathlib import Path

import pytest
import trustme

from proxy.aiohttp_upstream import ssl_context
from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from tests.conftest import free_port
from tests.faults.upstreams import ADD, BATCHGET, COUNT, NEVER, STABLE, SUBMIT, code_of, door, front
from tests.gateway import MAIN

PAGE = {"offset": 0, "count": 1}


def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.retry._FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("proxy.retry._LONGEST_WAIT_S", 0.002)


@pytest.mark.parametrize("path", [BATCHGET, ADD, SUBMIT])
async def test_102_what_was_not_sent_is_tried_three_times_and_called_unreachable(
    sandbox: RunningSandbox, tmp_path: Path, path: str
) -> None:
    async with door(sandbox) as host, front(tmp_path, host.url) as gate:
        await gate.ask(COUNT)
        await host.shut()
        answer = await gate.ask(path, PAGE)
        assert (answer.status_code, code_of(answer)) == (502, "upstream_unreachable")
        assert answer.json()["error"]["retryable"]
        sample = f'wxgate_upstream_calls_total{{errcode="not_sent",path="{path}"}}'
        assert gate.metric(sample) == 3
        assert sandbox.calls.count(path) == 0


@pytest.mark.parametrize("path", [BATCHGET, ADD, SUBMIT])
async def test_102_a_host_that_refuses_hands_the_call_to_the_next(
    sandbox: RunningSandbox, tmp_path: Path, path: str
) -> None:
    async with front(tmp_path, nobody(), nobody(), sandbox.url) as gate:
        answer = await gate.ask(path, PAGE)
        assert code_of(answer) == ""
        assert answer.json().get("errcode") != -1
        assert sandbox.calls.count(path) == 1


async def test_102_a_broken_host_is_left_and_found_again_when_it_is_back(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with (
        door(sandbox) as first,
        door(sandbox) as second,
        front(tmp_path, first.url, second.url) as gate,
    ):
        await gate.ask(COUNT)
        assert (first.opened > 0, second.opened) == (True, 0)
        await first.shut()
        for _ in range(10):
            assert (await gate.ask(COUNT)).json() == {"total_count": 0}
        sample = f'wxgate_upstream_calls_total{{errcode="not_sent",path="{COUNT}"}}'
        assert gate.metric(sample) <= 1
        hosts = gate.gateway.hosts.describe([])["hosts"]
        assert [host["left_for_s"] > 0 for host in hosts] == [True, False]
        await first.open()
        before = first.opened
        gate.gateway.hosts.api.note(first.url, well=True)  # as when the time is over
        await gate.ask(COUNT)
        assert first.opened == before + 1


async def test_104_a_host_that_keeps_silent_is_left_too(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with (
        door(sandbox) as first,
        door(sandbox) as second,
        front(tmp_path, first.url, second.url, timeout_s=1) as gate,
    ):
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="stall", path=COUNT))
        assert (await gate.ask(COUNT)).status_code == 504
        assert second.opened == 0
        assert (await gate.ask(COUNT)).json() == {"total_count": 0}
        assert second.opened == 1


async def test_102_the_token_call_finds_the_next_host_too(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, nobody(), sandbox.url) as gate:
        assert (await gate.ask(COUNT)).status_code == 200
        assert sandbox.calls.count(STABLE) == 1


async def test_102_pictures_of_qr_codes_have_a_host_of_their_own(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url, mp_base_url=nobody()) as gate:
        answer = await gate.ask("/cgi-bin/showqrcode?ticket=x")
        assert (answer.status_code, code_of(answer)) == (502, "upstream_unreachable")
        assert (await gate.ask(COUNT)).status_code == 200


@pytest.mark.parametrize("fault", ["expired", "wrong name", "self-signed"])
async def test_103_who_cannot_prove_to_be_wechat_gets_nothing(tmp_path: Path, fault: str) -> None:
    authority = trustme.CA()
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC) if fault == "expired" else None
    name = "api.elsewhere.test" if fault == "wrong name" else "127.0.0.1"
    issued = authority.issue_cert(name, not_after=past)
    cert, key, ca = (str(tmp_path / name) for name in ("cert.pem", "key.pem", "ca.pem"))
    for blob in issued.cert_chain_pems:
        blob.write_to_path(cert, append=True)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    ca_file = "" if fault == "self-signed" else ca
    async with (
        run_sandbox(SandboxSettings(), tls_cert=cert, tls_key=key) as sandbox,
        front(tmp_path, sandbox.url, ca_file=ca_file) as gate,
    ):
        answer = await gate.ask(ADD, PAGE)
        assert (answer.status_code, code_of(answer)) == (502, "upstream_tls")
        assert sandbox.calls.count() == 0


def test_103_old_tls_is_not_spoken() -> None:
    context = ssl_context(UpstreamSettings())
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_114_flapping_costs_wechat_a_tenth_more_calls_at_most(
    sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0

    def flapping(path: str) -> Fault | None:
        nonlocal seen
        seen += path == COUNT
        return Fault(kind="html502", path=path) if path == COUNT and seen % 2 else None

    async with front(tmp_path, sandbox.url, breaker=NEVER) as gate:
        await gate.ask(BATCHGET, PAGE)
        monkeypatch.setattr(sandbox.faults, "take", flapping)
        for _ in range(400):
            await gate.ask(COUNT)
    assert 400 < seen <= 440 + 15  # ten saved up, and what a minute brings


async def test_114_a_wechat_that_fails_is_left_alone_and_then_probed(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        await gate.ask(BATCHGET, PAGE)
        sandbox.faults.add(Fault(kind="html502", path=COUNT, count=1_000))
        answers = [await gate.ask(COUNT) for _ in range(100)]
        refused = answers[-1]
        assert (refused.status_code, code_of(refused)) == (503, "upstream_breaker_open")
        assert refused.json()["errcode"] == -1
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        assert sandbox.faults.happened["html502", COUNT] <= 15
        told = gate.gateway.hosts.describe([MAIN])["breakers"]["main"]
        assert [host["state"] for host in told.values()] == ["open"]
        assert (await gate.ask(COUNT, account="personal")).status_code == 502
