from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from accounts.official import Accounts
from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import PERSONAL, VERIFIED, SandboxAccount, SandboxSettings
from server.doctor import Doctor
from server.findings import Finding
from server.settings import Settings
from server.tools import open_doctor

STABLE_TOKEN = "/cgi-bin/stable_token"
BATCHGET = "/cgi-bin/freepublish/batchget"


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with run_sandbox(SandboxSettings()) as running:
        yield running


def settings(base_url: str, tmp_path: Path, *accounts: SandboxAccount, **more: Any) -> Settings:
    return Settings(
        server={"data_dir": str(tmp_path / "data")},
        upstream={"base_urls": [base_url], "mp_base_url": base_url, "timeout_s": 2},
        accounts=[
            {"name": "main", "app_id": account.app_id, "app_secret": account.app_secret}
            for account in accounts
        ],
        **more,
    )


async def examined(given: Settings) -> dict[str, Finding]:
    async with open_doctor(given) as doctor:
        return {finding.name: finding async for finding in doctor.examine()}


def fix_of(finding: Finding) -> str:
    assert finding.fix is not None
    assert all(finding.fix)
    assert finding.fix.zh != finding.fix.en
    return finding.fix.zh


async def test_a_gateway_that_is_well_has_nothing_to_fix(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    found = await examined(settings(sandbox.url, tmp_path, VERIFIED))
    assert list(found) == [
        *("listen", "clients", "main: clients", "time zone"),
        *("data_dir", "master key", "database", "redis", "hosts", "word lists"),
        *("channels", "mail accounts", "clock"),
        *("main: token", "main: publish"),
    ]
    del found["main: clients"]  # nobody may use the account yet
    assert {finding.status for finding in found.values()} == {"ok"}
    assert all(finding.fix is None for finding in found.values())


async def test_each_examination_asks_wechat_for_a_token(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    # A token kept from before would hide a secret or a whitelist that is wrong now.
    for _ in range(2):
        await examined(settings(sandbox.url, tmp_path, VERIFIED))
    assert sum(sandbox.calls.by_account(STABLE_TOKEN)[STABLE_TOKEN].values()) == 2


async def test_the_refused_ip_is_named_with_the_place_to_enter_it(tmp_path: Path) -> None:
    closed = VERIFIED.model_copy(update={"ip_whitelist": ()})
    async with run_sandbox(SandboxSettings(accounts=(closed,))) as sandbox:
        found = await examined(settings(sandbox.url, tmp_path, closed))
    token = found["main: token"]
    assert token.status == "fail"
    assert "40164" in token.found.zh
    assert "127.0.0.1" in fix_of(token)
    assert "白名单" in fix_of(token)
    assert "main: publish" not in found


async def test_a_wrong_secret_is_told_without_showing_it(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    wrong = VERIFIED.model_copy(update={"app_secret": "canary-wrong-secret"})
    token = (await examined(settings(sandbox.url, tmp_path, wrong)))["main: token"]
    assert token.status == "fail"
    assert "40125" in token.found.en
    assert "AppSecret" in fix_of(token)
    assert "canary" not in str(token)


async def test_a_personal_account_is_a_warning_with_the_way_that_remains(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    found = await examined(settings(sandbox.url, tmp_path, PERSONAL))
    assert found["main: token"].status == "ok"
    assert found["main: publish"].status == "warn"
    assert "48001" in found["main: publish"].found.en
    assert "草稿" in fix_of(found["main: publish"])


async def test_another_refusal_to_publish_is_a_failure(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(kind="errcode", errcode=45009, path=BATCHGET))
    found = await examined(settings(sandbox.url, tmp_path, VERIFIED))
    assert found["main: publish"].status == "fail"
    assert "45009" in found["main: publish"].found.en


async def test_a_wechat_out_of_reach_is_told_from_a_wrong_secret(
    tmp_path: Path, unused_port: int
) -> None:
    found = await examined(settings(f"http://127.0.0.1:{unused_port}", tmp_path, VERIFIED))
    assert found["clock"].status == "warn"
    assert found["main: token"].status == "fail"
    assert "DNS" in fix_of(found["main: token"])


async def test_without_an_account_the_first_step_is_told(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    account = (await examined(settings(sandbox.url, tmp_path)))["account"]
    assert account.status == "fail"
    assert "wxgate init" in fix_of(account)


@pytest.mark.parametrize(
    ("off_s", "status"),
    [(0, "ok"), (-29, "ok"), (31, "warn"), (-299, "warn"), (301, "fail"), (-3_600, "fail")],
)
async def test_a_clock_is_judged_by_wechats(off_s: float, status: str) -> None:
    there = 1_790_000_000

    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, headers={"Date": formatdate(there, usegmt=True)})

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://wechat") as http:
        doctor = Doctor(
            accounts=Accounts([]),
            call=None,  # type: ignore[arg-type]  # without accounts nobody calls
            http=http,
            probes={},
            clock=lambda: there + off_s,
        )
        clock, _account = [finding async for finding in doctor.examine()]
    assert clock.status == status
    if status != "ok":
        assert str(abs(round(off_s))) in clock.found.zh
        assert "timedatectl" in fix_of(clock)
