import asyncio
from pathlib import Path
from typing import Any

import pytest
import typer

from accounts.clients import Scope
from server.cli.target import Target, admin_target, ask, ask_list, at_gateway, find_target
from tests.e2e.conftest import KEY
from tests.e2e.processes import write_toml

KEYS = {name: f"wxg_{name}_0123456789abcdefghijklmn" for name in ("drafts", "watch")}
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    write_toml(
        path,
        {
            "server": {"listen": "0.0.0.0:8099"},
            "accounts": [{"name": "main", "app_id": "wx0000000000000001", "app_secret": SECRET}],
            "clients": [
                {"id": name, "key": key, "accounts": ["main"], "scopes": [scope]}
                for (name, key), scope in zip(KEYS.items(), ("draft", "stats"), strict=True)
            ],
        },
    )
    return path


def test_what_is_named_is_taken_as_it_is() -> None:
    named = find_target("https://gate.example", "k", None, Scope.STATS, account="a")
    assert named == Target("https://gate.example", "k", "a")


@pytest.mark.parametrize("url", ["gate.example", "https://me:PASS@gate.example"])
def test_a_url_that_is_none_ends_with_2(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        find_target(url, "k", None, Scope.STATS)
    assert ended.value.exit_code == 2
    assert "PASS" not in "".join(capsys.readouterr())


def test_else_the_configured_gateway_with_the_first_key_that_may(config: Path) -> None:
    found = find_target("", "", config, Scope.STATS, Scope.ADMIN)
    assert found == Target("http://127.0.0.1:8099", KEYS["watch"], "")
    assert find_target("", "", config, Scope.DRAFT, account="main").key == KEYS["drafts"]
    assert admin_target("", "mine", config).key == "mine"


@pytest.mark.parametrize(("scope", "account"), [(Scope.ADMIN, ""), (Scope.DRAFT, "other")])
def test_no_such_client_ends_with_2(
    config: Path, capsys: pytest.CaptureFixture[str], scope: Scope, account: str
) -> None:
    with pytest.raises(typer.Exit) as ended:
        find_target("", "", config, scope, account=account)
    assert ended.value.exit_code == 2
    assert f"wxgate clients add cli --scope {scope.value}" in capsys.readouterr().err


def test_the_command_it_names_works_where_accounts_are_several(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = f'[[accounts]]\nname = "b"\napp_id = "wx0000000000000002"\napp_secret = "{SECRET}"\n'
    config.write_text(config.read_text() + second)
    with pytest.raises(typer.Exit):
        find_target("", "", config, Scope.ADMIN)
    assert "wxgate clients add cli --scope admin --account main" in capsys.readouterr().err


def test_who_has_no_configuration_is_asked_for_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.Exit) as ended:
        find_target("", "", None, Scope.DRAFT)
    assert ended.value.exit_code == 2
    assert "WXGATE_URL" in capsys.readouterr().err


async def test_a_list_is_read_over_all_pages_or_up_to_its_limit(open_stand: Any) -> None:
    async with open_stand() as stand:
        gate = Target(stand.url, KEY, "main")
        page = await asyncio.to_thread(ask, gate, "GET", "templates", query={"limit": 2, "q": ""})
        assert page["next_cursor"] == page["items"][-1]["name"]
        every = await asyncio.to_thread(ask_list, gate, "templates", query={"limit": "2"})
        assert (len(every) > 2, every[:2]) == (True, page["items"])
        first = await asyncio.to_thread(ask_list, gate, "templates", query={"q": ""}, limit=3)
        assert first == every[:3]
        none = await asyncio.to_thread(ask_list, gate, "schedules", query={}, of_account=True)
        assert none == []


async def test_a_part_of_a_path_stays_one(
    open_stand: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_stand() as stand:
        gate = Target(stand.url, KEY, "main")
        with pytest.raises(typer.Exit) as ended:
            await asyncio.to_thread(ask, gate, "GET", "templates", "a?b")
        assert ended.value.exit_code == 1
        assert "a?b" in capsys.readouterr().err


@pytest.mark.parametrize("status", [0, 130])
def test_ctrl_c_ends_with_the_status_that_is_asked_for(status: int) -> None:
    async def interrupted(_gateway: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as ended:
        at_gateway(Target("http://127.0.0.1:1", "k", ""), interrupted, interrupted=status)
    assert ended.value.exit_code == status
