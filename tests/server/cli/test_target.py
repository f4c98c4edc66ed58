from pathlib import Path

import pytest
import typer

from accounts.clients import Scope
from server.cli.target import Target, find_target
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
    assert find_target("", "mine", config, Scope.ADMIN).key == "mine"


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
