import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import PERSONAL, VERIFIED, SandboxSettings
from tests.e2e.conftest import configuration
from tests.e2e.processes import write_toml
from tests.server.cli.commands import wxgate_process


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with run_sandbox(SandboxSettings()) as running:
        yield running


@pytest.fixture
def config(sandbox: RunningSandbox, tmp_path: Path) -> dict[str, Any]:
    """Written to ./config.toml: a verified and a personal account, no fetching from loopback."""
    made = configuration(sandbox, tmp_path / "data", 8080)
    del made["fetch"]
    write_toml(tmp_path / "config.toml", made)
    return made


async def test_warnings_do_not_fail_it(config: dict[str, Any]) -> None:
    done = await wxgate_process("doctor")
    assert done.exit_code == 0, done.output
    assert "✓ main: token: 已取得 access_token" in done.stdout
    assert "! personal: publish: 该账号不能用接口发布" in done.stdout
    assert "→ 草稿照常" in done.stdout
    assert done.stderr == ""
    for account in (VERIFIED, PERSONAL):
        assert account.app_secret not in done.output


async def test_it_speaks_english_too(config: dict[str, Any]) -> None:
    done = await wxgate_process("doctor", env={"LANG": "en_US.UTF-8"})
    assert "main: token: got an access_token" in done.stdout
    assert "已取得" not in done.stdout


async def test_json_holds_each_finding_in_both_languages(
    config: dict[str, Any], tmp_path: Path, unused_port: int
) -> None:
    config["redis"] = {"url": f"redis://127.0.0.1:{unused_port}/0"}
    write_toml(tmp_path / "config.toml", config)
    done = await wxgate_process("doctor", "--json")
    assert done.exit_code == 1
    found = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert found["redis"]["status"] == "fail"
    assert set(found["redis"]["found"]) == set(found["redis"]["fix"]) == {"zh", "en"}
    assert found["main: publish"] == {
        "name": "main: publish",
        "status": "ok",
        "found": {"zh": "可以用接口发布", "en": "may publish by API"},
        "fix": None,
    }


async def test_a_report_is_safe_to_paste(config: dict[str, Any], tmp_path: Path) -> None:
    config["accounts"][0]["callback_token"] = "CANARYcallback"
    config["clients"][0]["previous_key"] = "wxg_blog_CANARYprevious0123456789"
    write_toml(tmp_path / "config.toml", config)
    report = tmp_path / "report.json"
    report.touch(mode=0o644)
    done = await wxgate_process("doctor", "--report", report)
    assert done.exit_code == 0, done.output
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text("utf-8")
    for secret in ("CANARY", config["clients"][0]["key"], "sandbox-secret", 'master.key": "'):
        assert secret not in text
    told = json.loads(text)
    assert told["versions"]["wxgate"]
    assert told["settings"]["accounts"][0]["app_id"] == VERIFIED.app_id
    assert {"clients", "main: token"} <= {finding["name"] for finding in told["findings"]}


async def test_a_configuration_that_others_may_read_is_told(
    config: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "config.toml").chmod(0o644)
    done = await wxgate_process("doctor")
    assert "! config file: " in done.stdout
    assert "→ chmod 600 config.toml" in done.stdout


async def test_several_faults_come_in_one_examination(
    config: dict[str, Any], tmp_path: Path, unused_port: int
) -> None:
    config["redis"] = {"url": f"redis://127.0.0.1:{unused_port}/0"}
    config["secrets"] = {"master_key_file": str(tmp_path / "none.key")}
    config["database"] = {"url": f"postgresql://u:canary@127.0.0.1:{unused_port}/x"}
    config["accounts"][0]["app_secret"] = "canary-wrong"
    write_toml(tmp_path / "config.toml", config)
    done = await wxgate_process("doctor")
    assert done.exit_code == 1
    for name in ("master key", "database", "redis", "main: token"):
        assert f"✗ {name}: " in done.stdout
    assert "✓ personal: token" in done.stdout
    assert "canary" not in done.output


async def test_a_configuration_that_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server")
    assert (await wxgate_process("doctor")).exit_code == 2
