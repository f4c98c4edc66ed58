import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from server.cli.snippets import read_snippets
from tests.compat.installing import Installer
from tests.e2e.conftest import KEY
from tests.e2e.processes import write_toml
from tests.server.cli.commands import wxgate
from tests.signing import after_start

NAMES = list(read_snippets())
AT = ("--server", "https://gate.example", "--key", KEY, "--account", "main")
SECRET = "0123456789abcdef0123456789abcdef"


def test_without_a_tool_all_are_listed_a_line_each() -> None:
    done = wxgate("snippets")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == NAMES
    listed = json.loads(wxgate("snippets", "--json").stdout)
    assert [each["name"] for each in listed] == NAMES
    assert {each["way"] for each in listed} == {
        "base-url", "forward", "wenyan", "content-api", "mcp",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_each_is_filled_in_and_explained_in_both_languages(name: str) -> None:
    done = wxgate("snippets", name, *AT)
    assert done.exit_code == 0
    told = json.loads(wxgate("snippets", name, *AT, "--json").stdout)
    assert done.stdout == told["text"]
    assert "gate.example" in done.stdout
    assert KEY in done.output
    for text in (told["zh"], told["en"], told["text"]):
        assert "@URL@" not in text
        assert "@KEY@" not in text
    assert told["zh"] in done.stderr
    assert told["en"] in done.stderr
    assert told["source"] in done.stderr


def test_the_configuration_gives_the_public_url_the_key_and_the_account(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    write_toml(
        config,
        {
            "server": {"listen": "127.0.0.1:8099", "public_url": "https://gate.example"},
            "accounts": [{"name": "news", "app_id": "wx0000000000000001", "app_secret": SECRET}],
            "clients": [{"id": "blog", "key": KEY, "accounts": ["news"], "scopes": ["draft"]}],
        },
    )
    done = wxgate("snippets", "wenyan-cli", "--config", config)
    assert done.exit_code == 0
    asked = f"--server https://gate.example/wenyan --api-key {KEY} --app-id news"
    assert asked in done.stdout
    assert SECRET not in done.output


def test_the_forward_proxy_is_on_the_same_host_unless_told_otherwise() -> None:
    usual = wxgate("snippets", "https-proxy", *AT).stdout
    assert f"HTTPS_PROXY=http://blog:{KEY}@gate.example:8081\n" in usual
    other = wxgate("snippets", "https-proxy", *AT, "--forward", "10.0.0.1:3128").stdout
    assert f"HTTPS_PROXY=http://blog:{KEY}@10.0.0.1:3128\n" in other


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing", *AT), "wechatpy"),
        (("curl", *AT[:4]), "--account"),
        (("curl", *AT, "--account", "a'b"), "--account"),
        (("curl", *AT, "--key", "not-a-key"), "wxg_<id>_"),
        (("curl", *AT, "--server", "https://gate.example/$(id)"), "--server"),
        (("https-proxy", *AT, "--forward", "a b"), "--forward"),
    ],
)
def test_what_cannot_be_pasted_ends_with_2(arguments: tuple[str, ...], told: str) -> None:
    done = wxgate("snippets", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("curl", "bash a.sh"),
        ("curl-signed", "bash a.sh"),
        ("python-httpx", f"{sys.executable} a.py"),
        ("node", "node a.mjs"),
    ],
)
async def test_what_a_bare_machine_can_run_works(
    stand: Any, tmp_path: Path, name: str, file: str
) -> None:
    program, script = file.split()
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    at = ("--server", stand.url, "--key", KEY, "--account", "main")
    (tmp_path / script).write_text(wxgate("snippets", name, *at).stdout, "utf-8")
    await after_start()  # what is signed in the very second of its start is stale
    assert "total_count" in await _run(program, str(tmp_path / script))


@pytest.mark.parametrize("name", ["n8n", "mcp", "wenyan-mcp"])
def test_what_is_pasted_as_json_is_json(name: str) -> None:
    assert json.loads(wxgate("snippets", name, *AT).stdout)


def test_the_workflow_is_yaml_and_does_not_hold_the_key() -> None:
    text = wxgate("snippets", "github-actions", *AT).stdout
    (job,) = yaml.safe_load(text)["jobs"].values()
    assert job["steps"][-1]["with"]["server"] == "https://gate.example"
    assert KEY not in text


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")
async def test_the_php_can_be_parsed(tmp_path: Path) -> None:
    script = tmp_path / "a.php"
    script.write_text(wxgate("snippets", "easywechat", *AT).stdout, "utf-8")
    assert "No syntax errors" in await _run("php", "-l", str(script))


async def test_what_a_workflow_node_is_told_to_send_makes_a_draft(stand: Any) -> None:
    at = ("--server", stand.url, "--key", KEY, "--account", "main")
    code, _, request = wxgate("snippets", "dify", *at).stdout.partition("--- HTTP\n")
    line, fields, body = request.strip().split("\n\n")
    node: dict[str, Any] = {}
    exec(code, node)  # noqa: S102 (as the workflow would)
    body = body.replace("{{body}}", node["main"]('# 标题\n\n正文 "引号"')["body"])
    method, url = line.split()
    headers = dict(field.split(": ", 1) for field in fields.splitlines())
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.request(method, url, headers=headers, content=body.encode())
    assert answer.json()["state"] == "succeeded", answer.text


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "requirement", "shown"),
    [
        ("wechatpy", "wechatpy[cryptography]==1.8.18", "total_count"),
        ("python-requests", "wechatpy[cryptography]==1.8.18", "total_count"),  # brings requests
        ("co-wechat-api", "co-wechat-api@3.11.0", "image_count"),
    ],
)
async def test_what_needs_a_package_works(
    stand: Any,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    name: str,
    requirement: str,
    shown: str,
) -> None:
    cache = pytestconfig.cache
    assert cache is not None
    installer = Installer(Path(cache.mkdir("compat")))
    at = ("--server", stand.url, "--key", KEY, "--account", "main")
    text = wxgate("snippets", name, *at).stdout
    if "require(" in text:
        script = installer.node_modules(requirement) / f"{tmp_path.name}.cjs"
        program = installer.node()
    else:
        script, program = tmp_path / "a.py", installer.python_with(requirement)
    script.write_text(text, "utf-8")
    try:
        assert shown in await _run(str(program), str(script))
    finally:
        script.unlink()


async def _run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        stdout, _ = await process.communicate()
    return stdout.decode()
