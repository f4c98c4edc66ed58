"""`wxgate snippets`; what it prints is tried in tests/compat/test_pasted.py."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.cli.snippet_book import read_book
from tests.e2e.conftest import KEY
from tests.e2e.processes import write_toml
from tests.server.cli.commands import wxgate

BOOK = read_book().snippets
NAMES = list(BOOK)
AT = ("--server", "https://gate.example", "--account", "main")
WITH_KEY = (*AT, "--key", KEY)
SECRET = "0123456789abcdef0123456789abcdef"


def test_without_a_tool_all_are_listed_a_line_each() -> None:
    done = wxgate("snippets")
    assert done.exit_code == 0
    told = [line.split()[:2] for line in done.stdout.splitlines()]
    assert told == [[each.name, each.tested] for each in BOOK.values()]
    listed = json.loads(wxgate("snippets", "--json").stdout)
    assert [each["name"] for each in listed] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_filled_in_and_explained_without_the_key_of_the_environment(name: str) -> None:
    done = wxgate("snippets", name, *AT, "--lang", "en", env={"WXGATE_KEY": KEY})
    assert done.exit_code == 0
    assert "gate.example" in done.stdout
    assert BOOK[name].source in done.stderr
    assert BOOK[name].title in done.stderr
    assert KEY not in done.output


def test_the_explanation_is_in_the_language_that_was_asked_for() -> None:
    told = json.loads(wxgate("snippets", "wechatpy", *WITH_KEY, "--json").stdout)
    for language in ("zh", "en"):
        done = wxgate("snippets", "wechatpy", *WITH_KEY, "--lang", language)
        assert done.stdout == told["text"]
        assert told[language] in done.stderr


def test_a_key_of_the_environment_is_printed_only_when_asked_for() -> None:
    environment = {"WXGATE_KEY": KEY}
    for name in ("doocs-md", "wechatpy"):
        assert KEY not in wxgate("snippets", name, *AT, "--json", env=environment).output
        assert KEY in wxgate("snippets", name, *AT, "--show-key", env=environment).stdout
        assert KEY in wxgate("snippets", name, *WITH_KEY, env=environment).stdout


def configured(tmp_path: Path, **more: Any) -> Path:
    config = tmp_path / "config.toml"
    write_toml(
        config,
        {
            "server": {"listen": "127.0.0.1:8099", "public_url": "https://gate.example"},
            "accounts": [{"name": "news", "app_id": "wx0000000000000001", "app_secret": SECRET}],
            "clients": [{"id": "blog", "key": KEY, "accounts": ["news"], "scopes": ["draft"]}],
            **more,
        },
    )
    return config


def test_the_configuration_gives_the_public_url_the_key_and_the_account(tmp_path: Path) -> None:
    config = configured(tmp_path)
    done = wxgate("snippets", "wenyan-cli", "--config", config, "--show-key")
    assert done.exit_code == 0
    asked = f'--server "https://gate.example/wenyan" --api-key "{KEY}" --app-id news'
    assert asked in done.stdout
    assert SECRET not in done.output
    assert KEY not in wxgate("snippets", "wenyan-cli", "--config", config).output


@pytest.mark.parametrize(
    ("name", "section", "open_"),
    [
        ("wenyan-cli", "wenyan", {"enabled": "true"}),
        ("mcp", "mcp", {"enabled": "true"}),
        ("https-proxy", "forward", {"listen": "127.0.0.1:8081"}),
    ],
)
def test_a_closed_door_of_the_configured_gateway_is_told(
    tmp_path: Path, name: str, section: str, open_: dict[str, Any]
) -> None:
    closed = wxgate("snippets", name, "--config", configured(tmp_path), "--lang", "en")
    assert f"[{section}]" in closed.stderr.splitlines()[-2]
    told = wxgate(
        "snippets", name, "--config", configured(tmp_path, **{section: open_}), "--lang", "en"
    )
    assert "is off" not in told.stderr


@pytest.mark.parametrize(
    ("listen", "told"),
    [
        ("127.0.0.1:3128", "127.0.0.1:3128"),
        ("0.0.0.0:3128", "gate.example:3128"),
        ("", "gate.example:8081"),
    ],
)
def test_the_forward_proxy_is_where_the_configuration_says(
    tmp_path: Path, listen: str, told: str
) -> None:
    config = configured(tmp_path, forward={"listen": listen})
    printed = wxgate("snippets", "https-proxy", "--config", config).stdout
    assert f"HTTPS_PROXY=http://blog:$WXGATE_KEY@{told} " in printed


def test_the_forward_proxy_is_on_the_same_host_unless_told_otherwise() -> None:
    usual = wxgate("snippets", "https-proxy", *WITH_KEY).stdout
    assert f"HTTPS_PROXY=http://blog:{KEY}@gate.example:8081 " in usual
    other = wxgate("snippets", "https-proxy", *WITH_KEY, "--forward", "10.0.0.1:3128").stdout
    assert f"HTTPS_PROXY=http://blog:{KEY}@10.0.0.1:3128 " in other


def test_each_shell_has_its_own_words() -> None:
    printed = {
        shell: wxgate(
            "snippets", "https-proxy", *AT, "--shell", shell, env={"WXGATE_KEY": KEY}
        ).stdout
        for shell in ("bash", "fish", "powershell", "cmd")
    }
    assert "export HTTPS_PROXY=http://blog:$WXGATE_KEY@" in printed["bash"]
    assert "set -gx HTTPS_PROXY http://blog:$WXGATE_KEY@" in printed["fish"]
    assert '$env:HTTPS_PROXY = "http://blog:$env:WXGATE_KEY@' in printed["powershell"]
    assert 'set "HTTPS_PROXY=http://blog:%WXGATE_KEY%@' in printed["cmd"]
    # What is no matter of a shell is the same in all.
    assert "import httpx" in wxgate("snippets", "python-httpx", *WITH_KEY, "--shell", "fish").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("wechat-py", *WITH_KEY), "wechatpy"),
        (("python", *WITH_KEY), "python-httpx python-requests wechatpy"),
        (("nothing-like-it", *WITH_KEY), "https-proxy"),
        (("curl", *WITH_KEY, "--shell", "cmd"), "powershell"),
        (("curl", *AT[:2], "--key", KEY), "--account"),
        (("curl", *WITH_KEY, "--account", "a'b"), "--account"),
        (("curl", *AT, "--key", "not-a-key"), "wxg_<id>_"),
        (("curl", *WITH_KEY, "--server", "https://gate.example/$(id)"), "--server"),
        (("https-proxy", *WITH_KEY, "--forward", "a b"), "--forward"),
    ],
)
def test_what_cannot_be_pasted_ends_with_2(arguments: tuple[str, ...], told: str) -> None:
    done = wxgate("snippets", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stdout == ""
