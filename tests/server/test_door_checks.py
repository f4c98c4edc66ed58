from pathlib import Path
from typing import Any

from server.checks import checks_of
from server.door_checks import door_checks
from server.settings import Settings

ACCOUNT = {"name": "main", "app_id": "wx0000000000000001", "app_secret": "0" * 32}


def _client(name: str, *scopes: str, **more: Any) -> dict[str, Any]:
    key = f"wxg_{name}_0123456789abcdefghijklmn"
    return {"id": name, "key": key, "accounts": ["main"], "scopes": list(scopes), **more}


def _settings(tmp_path: Path, *clients: dict[str, Any], on: bool = True) -> Settings:
    return Settings.model_validate(
        {
            "server": {"public_url": "https://gate.example.com/", "data_dir": str(tmp_path)},
            "accounts": [ACCOUNT],
            "clients": list(clients),
            "wenyan": {"enabled": on},
            "mcp": {"enabled": on},
        }
    )


def test_doors_that_are_shut_are_not_told_of(tmp_path: Path) -> None:
    assert list(door_checks(_settings(tmp_path, _client("blog", "draft"), on=False))) == []


def test_each_open_door_says_where_it_is_and_for_whom(tmp_path: Path) -> None:
    settings = _settings(
        tmp_path,
        _client("writer", "draft"),
        _client("bold", "draft", "publish"),
        _client("careful", "publish", approve_publish=True),
    )
    wenyan, mcp = door_checks(settings)
    assert (wenyan.status, mcp.status) == ("ok", "ok")
    assert "https://gate.example.com/wenyan" in wenyan.found.en
    assert wenyan.found.en.endswith("for: writer, bold")
    assert "https://gate.example.com/mcp" in mcp.found.en
    assert mcp.found.en.endswith("without approval: bold")
    assert {"wenyan", "mcp"} <= {finding.name for finding in checks_of(settings, None)}


def test_a_door_that_nobody_may_use_is_a_warning(tmp_path: Path) -> None:
    wenyan, _ = door_checks(_settings(tmp_path, _client("reader", "relay:read")))
    assert wenyan.status == "warn"
    assert wenyan.fix is not None
