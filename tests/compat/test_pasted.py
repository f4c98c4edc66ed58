"""What `wxgate snippets` prints, pasted where it belongs: one gateway with all doors open.

The way that each goes is the one that its file names (`tested`): `run` as it is printed, `sent`
by a parser of what it says, `parsed` by the language's own parser.
"""

import asyncio
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import httpx2
import pytest
import pytest_asyncio
import yaml
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from sandbox.settings import VERIFIED
from server.cli.snippet_book import Trial, read_book
from tests.compat.installing import Installer
from tests.e2e.conftest import KEY, Stand, stand_in
from tests.e2e.wenyan import Tool
from tests.examples.tools import needs
from tests.server.cli.commands import wxgate
from tests.signing import after_start

ROOT = Path(__file__).parent.parent.parent
BOOK = read_book().snippets
OPEN = {
    "forward": {"listen": "127.0.0.1:1", "mode": "inspect"},
    "wenyan": {"enabled": True},
    "mcp": {"enabled": True},
    "relay": {"cors_origins": ["https://md.doocs.org"]},
}
# As printed with the key in it, and with the key in the environment.
BOTH = pytest.mark.parametrize("written", [True, False], ids=["key", "env"])
HERE = pytest.mark.asyncio(loop_scope="module")
# Not asked for in CI.
FISH = pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
SHELLS = pytest.mark.parametrize("shell", ["bash", pytest.param("fish", marks=FISH)])

BARE = {
    "curl": ("bash", "secret.sh"),
    "curl-signed": ("bash", "secret.sh"),
    "python-httpx": (sys.executable, "secret.py"),
    "node": ("node", "secret.mjs"),
}
INSTALLED = {
    "wechatpy": ("wechatpy[cryptography]==1.8.18", "total_count"),
    "python-requests": ("wechatpy[cryptography]==1.8.18", "total_count"),  # brings requests
    "co-wechat-api": ("co-wechat-api@3.11.0", "image_count"),
    "node-easywechat": ("node-easywechat@3.6.2 node-socialite@1.4.1", "total_count"),
}
ASSISTANTS = ("mcp", "cursor", "vscode", "cherry-studio")
BRIDGE = "mcp-remote@0.15.1"
CALLS = """
curl -sS 'https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&appid={app_id}&secret=any'
{python} -c 'import requests; print(requests.get("https://api.weixin.qq.com/cgi-bin/token", params={{"grant_type": "client_credential", "appid": "{app_id}", "secret": "any"}}).text)'
{python} -c 'import httpx; print(httpx.get("https://api.weixin.qq.com/cgi-bin/token", params={{"grant_type": "client_credential", "appid": "{app_id}", "secret": "any"}}).text)'
"""
NODE_CALL = """
const url = "https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential";
console.log(await (await fetch(`${{url}}&appid={app_id}&secret=any`)).text());
"""


def test_every_snippet_is_treated_as_it_says() -> None:
    told = {kind: {name for name, each in BOOK.items() if each.tested is kind} for kind in Trial}
    assert told == {
        Trial.RUN: {*BARE, *INSTALLED, "publish", "https-proxy", "claude-desktop"},
        Trial.SENT: {*ASSISTANTS, "n8n", "dify", "doocs-md", "easywechat", "wenyan-cli",
                      "wenyan-mcp"},
        Trial.PARSED: {"wxjava", "silenceper-wechat", "powerwechat", "github-actions"},
        Trial.NO: {"senparc"},
    }  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    """A gateway whose doors are all open, for all tests here."""
    async with stand_in(tmp_path_factory.mktemp("gate") / "data", OPEN) as opened:
        await after_start()  # what is signed in the very second of its start is stale
        yield opened


def pasted(gate: Stand, name: str, *options: str, written: bool = True) -> str:
    """The settings, with the key written out or left to the environment."""
    at = ("--server", gate.url, "--account", "main", "--forward", f"127.0.0.1:{gate.forward_port}")
    done = (
        wxgate("snippets", name, *at, "--key", KEY, *options)
        if written
        else wxgate("snippets", name, *at, *options, env={"WXGATE_KEY": KEY})
    )
    assert done.exit_code == 0, done.output
    assert (KEY in done.stdout) is (written and name != "github-actions")
    return done.stdout


async def run(
    *command: object, where: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """What a program says on stdout, without this machine's proxies."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=where,
        env={**own, "WXGATE_KEY": KEY, "NO_PROXY": "127.0.0.1", **(env or {})},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(100):
        stdout, _ = await process.communicate()
    return stdout.decode()


@HERE
@BOTH
@pytest.mark.parametrize("name", [pytest.param(n, marks=needs(BARE[n][0])) for n in BARE])
async def test_what_a_bare_machine_can_run_works(
    gate: Stand, tmp_path: Path, name: str, *, written: bool
) -> None:
    program, file = BARE[name]
    (tmp_path / file).write_text(pasted(gate, name, written=written), "utf-8")
    assert "total_count" in await run(program, tmp_path / file, where=tmp_path)


@HERE
@BOTH
@FISH
async def test_fish_calls_as_bash_does(gate: Stand, tmp_path: Path, *, written: bool) -> None:
    text = pasted(gate, "curl", "--shell", "fish", written=written)
    (tmp_path / "secret.fish").write_text(text, "utf-8")
    assert "total_count" in await run("fish", "--no-config", tmp_path / "secret.fish")


@HERE
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", INSTALLED)
async def test_what_needs_a_package_works(
    gate: Stand, tmp_path: Path, installer: Installer, name: str
) -> None:
    requirement, shown = INSTALLED[name]
    for written in (True, False):
        text = pasted(gate, name, written=written)
        if "require(" in text:
            script = installer.node_modules(*requirement.split()) / f"{tmp_path.name}.cjs"
            program = installer.node()
        else:
            script, program = tmp_path / "secret.py", installer.python_with(requirement)
        script.write_text(text, "utf-8")
        try:
            # node-easywechat keeps its token in a file where it is run.
            assert shown in await run(program, script, where=tmp_path)
        finally:
            script.unlink()
            shutil.rmtree(tmp_path / ".wechat-cache", ignore_errors=True)  # it holds a token


@HERE
@SHELLS
async def test_a_tool_whose_host_is_fixed_gets_through(
    gate: Stand, tmp_path: Path, shell: str
) -> None:
    shutil.copy(gate.data_dir / "ca" / "ca.pem", tmp_path / "wxgate-ca.pem")
    calls = CALLS.format(app_id=VERIFIED.app_id, python=sys.executable)
    script = tmp_path / "secret.sh"
    script.write_text(pasted(gate, "https-proxy", "--shell", shell, written=False) + calls, "utf-8")
    plain = {"NO_PROXY": "", "no_proxy": ""}
    assert (await run(shell, script, where=tmp_path, env=plain)).count("wxgv_") == 3


@HERE
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_node_gets_through_by_the_same_lines(
    gate: Stand, tmp_path: Path, installer: Installer
) -> None:
    shutil.copy(gate.data_dir / "ca" / "ca.pem", tmp_path / "wxgate-ca.pem")
    node = installer.node(least=(22, 21))
    (tmp_path / "a.mjs").write_text(NODE_CALL.format(app_id=VERIFIED.app_id), "utf-8")
    script = tmp_path / "secret.sh"
    script.write_text(f"{pasted(gate, 'https-proxy')}'{node}' a.mjs\n", "utf-8")
    assert "wxgv_" in await run("bash", script, where=tmp_path, env={"NO_PROXY": ""})


@HERE
@SHELLS
async def test_a_folder_of_notes_becomes_drafts(gate: Stand, tmp_path: Path, shell: str) -> None:
    posts = tmp_path / "posts"
    posts.mkdir()
    (posts / "a.md").write_text(f"# 笔记 {shell}\n\n正文。\n", "utf-8")
    command = tmp_path / "wxgate-client"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wxgate_client "$@"\n', "utf-8")
    command.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}
    (tmp_path / "secret.sh").write_text(pasted(gate, "publish", "--shell", shell), "utf-8")
    await run(shell, tmp_path / "secret.sh", where=tmp_path, env=env)
    assert f"笔记 {shell}" in json.dumps(
        [str(draft) for draft in gate.committed("draft")], ensure_ascii=False
    )


@HERE
@pytest.mark.parametrize("name", ASSISTANTS)
async def test_an_assistant_finds_its_tools(gate: Stand, name: str) -> None:
    settings = json.loads(pasted(gate, name))
    (server,) = (settings.get("mcpServers") or settings["servers"]).values()
    url, headers = server.get("url") or server["baseUrl"], server["headers"]
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        names = {tool.name for tool in (await client.list_tools()).tools}
    assert {"render", "create_draft", "job_status"} <= names


@HERE
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_bridge_that_claude_desktop_starts_finds_the_tools(
    gate: Stand, tmp_path: Path, installer: Installer
) -> None:
    server = json.loads(pasted(gate, "claude-desktop"))["mcpServers"]["wxgate"]
    assert server["command"] == "npx"
    parameters = StdioServerParameters(
        command=str(installer.node().with_name("npx")),
        args=server["args"],
        env={**server["env"], "HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        cwd=installer.node_modules(BRIDGE),  # where npx finds it without asking an index
    )
    with (tmp_path / "stderr").open("w") as stderr:
        async with Client(stdio_client(parameters, errlog=stderr)) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
    assert {"render", "create_draft", "job_status"} <= names


@pytest.mark.parametrize("name", [*ASSISTANTS, "claude-desktop"])
def test_an_assistant_may_take_the_key_from_elsewhere(name: str) -> None:
    at = ("--server", "https://gate.example", "--account", "main")
    done = wxgate("snippets", name, *at, env={"WXGATE_KEY": KEY})
    assert json.loads(done.stdout)
    instead = BOOK[name].env or "wxg_blog_…"
    assert f"Bearer {instead}" in done.stdout


@HERE
async def test_what_n8n_is_told_to_send_makes_a_draft(gate: Stand) -> None:
    (node,) = json.loads(pasted(gate, "n8n"))["nodes"]
    told = node["parameters"]
    field = re.fullmatch(
        r"=\{\{ JSON\.stringify\(\{ markdown: \$json\.(\w+) \}\) \}\}", told["jsonBody"]
    )
    assert field is not None
    incoming = {"markdown": '# 流程\n\n正文 "引号"'}
    headers = {each["name"]: each["value"] for each in told["headerParameters"]["parameters"]}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.request(
            told["method"], told["url"], json={"markdown": incoming[field[1]]}, headers=headers
        )
    assert answer.status_code == 202, answer.text


@HERE
async def test_what_a_workflow_node_is_told_to_send_makes_a_draft(gate: Stand) -> None:
    code, _, request = pasted(gate, "dify").partition("--- HTTP\n")
    line, fields, body = request.strip().split("\n\n")
    node: dict[str, Any] = {}
    exec(code, node)  # noqa: S102 (as the workflow would)
    body = body.replace("{{body}}", node["main"]('# 标题\n\n正文 "引号"')["body"])
    method, url = line.split()
    headers = dict(field.split(": ", 1) for field in fields.splitlines())
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.request(method, url, headers=headers, content=body.encode())
    assert answer.json()["state"] == "succeeded", answer.text


@HERE
async def test_what_doocs_md_is_told_gets_it_a_token_in_a_page(gate: Stand) -> None:
    form, _, config = pasted(gate, "doocs-md").partition("# config.toml\n")
    told = dict(re.split(r":\s+", line, maxsplit=1) for line in form.strip().splitlines())
    (origin,) = tomllib.loads(config)["relay"]["cors_origins"]
    asked = {
        "grant_type": "client_credential", "appid": told["AppID"], "secret": told["AppSecret"],
    }  # fmt: skip
    async with httpx.AsyncClient(trust_env=False, headers={"Origin": origin}) as http:
        answer = await http.post(f"{told['代理域名']}/cgi-bin/stable_token", json=asked)
    assert answer.json()["access_token"].startswith("wxgv_")
    assert answer.headers["access-control-allow-origin"] == origin


@HERE
@pytest.mark.parametrize("name", ["wenyan-cli", "wenyan-mcp"])
async def test_what_wenyan_is_told_makes_a_draft(gate: Stand, name: str) -> None:
    text = pasted(gate, name)
    if name == "wenyan-mcp":
        words = json.loads(text)["mcpServers"]["wenyan-mcp"]["args"]
    else:
        words = text.splitlines()[-1].replace('"', "").split()[2:]
    told = dict(zip(words[::2], words[1::2], strict=True))
    address = urlsplit(told["--server"])
    assert address.path == "/wenyan"
    tool = Tool(gate, told["--api-key"])
    tool.http.base_url = httpx.URL(told["--server"])
    async with tool.http:
        app_id = told.get("--app-id", VERIFIED.app_id)
        answer = await tool.publish(await tool.article(f"经 {name}"), appId=app_id)
    assert answer.json()["media_id"], answer.text


# What the two calls of the snippet do with their settings, as EasyWeChat 6 does it: Symfony's
# HTTP client resolves a path against base_uri, with all that follows its last slash gone.
EASYWECHAT = r"""<?php
namespace EasyWeChat\OfficialAccount;
class Application {
    public function __construct(private array $config) {}
    public function getClient(): self { return $this; }
    public function get(string $path): void {
        $base = preg_replace('#[^/]*$#', '', $this->config['http']['base_uri']);
        $query = http_build_query(['grant_type' => 'client_credential',
            'appid' => $this->config['app_id'], 'secret' => $this->config['secret']]);
        $token = json_decode(file_get_contents("{$base}cgi-bin/token?$query"), true);
        echo file_get_contents("$base$path?access_token={$token['access_token']}");
    }
}
"""


@HERE
@BOTH
@needs("php")
async def test_what_easywechat_is_told_leads_here(
    gate: Stand, tmp_path: Path, *, written: bool
) -> None:
    (tmp_path / "sdk.php").write_text(EASYWECHAT, "utf-8")
    (tmp_path / "secret.php").write_text(pasted(gate, "easywechat", written=written), "utf-8")
    assert "No syntax errors" in await run("php", "-l", tmp_path / "secret.php")
    first = f"auto_prepend_file={tmp_path / 'sdk.php'}"
    assert "total_count" in await run("php", "-d", first, tmp_path / "secret.php")


@HERE
@BOTH
@needs("gofmt")
@pytest.mark.parametrize("name", ["silenceper-wechat", "powerwechat"])
async def test_the_go_is_go_and_formatted(
    gate: Stand, tmp_path: Path, name: str, *, written: bool
) -> None:
    text = pasted(gate, name, written=written)
    (tmp_path / "secret.go").write_text(text, "utf-8")
    assert await run("gofmt", "-e", tmp_path / "secret.go") == text


@HERE
@BOTH
@needs("javac")
async def test_the_java_lacks_nothing_but_the_sdk(
    gate: Stand, tmp_path: Path, *, written: bool
) -> None:
    (tmp_path / "secret.java").write_text(pasted(gate, "wxjava", written=written), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *("javac", "-J-Duser.language=en", "-Xmaxerrs", "1000", "-d", tmp_path),
        tmp_path / "secret.java",
        stderr=asyncio.subprocess.PIPE,
    )
    _, stderr = await process.communicate()
    wrong = re.findall(r"error: (.*)", stderr.decode())
    assert wrong
    assert [
        each for each in wrong if "does not exist" not in each and "cannot find" not in each
    ] == []


def test_the_workflow_names_the_inputs_of_the_action() -> None:
    at = ("--server", "https://gate.example", "--key", KEY, "--account", "main")
    text = wxgate("snippets", "github-actions", *at).stdout
    (job,) = yaml.safe_load(text)["jobs"].values()
    told = job["steps"][-1]["with"]
    action = yaml.safe_load((ROOT / "examples/github-action/action.yml").read_text("utf-8"))
    assert set(told) <= set(action["inputs"])
    assert {name for name, each in action["inputs"].items() if each.get("required")} <= set(told)
    assert told["server"] == "https://gate.example"
    assert KEY not in text
