"""Every example of the documentation is run.

The examples of a page are read from top to bottom, as a reader would type them: one shell a page,
beside a sandbox and a gateway. Only the Chinese pages are run; test_pages.py proves that their
English twins have the same examples.
"""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.settings import VERIFIED
from server.settings import load_settings
from tests.conftest import free_port
from tests.docs.blocks import Block, Page, pages, twins
from tests.docs.conftest import SAMPLE_PICTURE, Running, plain_environment

LANGUAGES = {"bash", "toml", "json", "python", "markdown", "css", "text"}
PLACEHOLDER_APP_ID = "wx0000000000000001"
# The examples that cannot run in a test. Whoever adds one says here why that must be.
NOT_RUN = {
    "README.md": ["make demo", "make test", "python3 scripts/bootstrap.py"],  # install
    "docs/zh/quickstart.md": ["python3 scripts/bootstrap.py"],
    # a CA of its own, a PostgreSQL of its own
    "docs/zh/cli.md": ["wxgate ca show", "wxgate worker"],
    "docs/zh/alerts.md": ["wxgate alerts show"],  # nothing is wrong
    # a mailbox and a robot; a PostgreSQL and a Redis
    "docs/zh/notifications.md": ["wxgate check-config"],
    "docs/zh/replicas.md": ["wxgate migrate", "wxgate replicas list", "wxgate migrate"],
    "docs/zh/forward.md": [
        "export HTTPS_PROXY",
        "wxgate ca show",
        "wxgate ca show --pem",
    ],  # trust in a CA of its own
    # root, Docker, a quarter of an hour
    # and another machine
    "docs/zh/operations.md": [
        "useradd",
        "docker compose",
        "python -m bench.kill_ledger",
        "wxgate restore",
    ],
}
ACCOUNT = """
[[accounts]]
name = "main"
app_id = "wx0000000000000001"
app_secret = "0123456789abcdef0123456789abcdef"
"""
ARTICLE = "# 第一篇文章\n\n![配图](picture.png)\n"  # where the page itself shows none
_TIMEOUT_S = 280  # a page may have fifty commands; this only ends one that hangs
_PAGES = [chinese for chinese, _ in twins()]
_ALL = [block for page in pages() for block in page.blocks]

# Failures are shown as `file:line`. Background servers must obey SIGTERM when the page ends.
_PRELUDE = """
set -euo pipefail
servers=()
finish() {
  status=$?
  for server in ${servers[@]+"${servers[@]}"}; do kill -TERM "$server"; done
  for server in ${servers[@]+"${servers[@]}"}; do
    wait "$server" || { code=$?; [ $code = 143 ] || { echo "server ended with $code"; status=1; }; }
  done
  exit $status
}
trap finish EXIT
up() {
  for _ in $(seq 400); do
    (: < "/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.05
  done
  echo "nobody listens on $1"; exit 1
}
"""


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    assert {block.language for block in _ALL} <= LANGUAGES
    for block in _ALL:
        known = block.info in ("", "server") or block.info.startswith(("file=", "no-test "))
        assert known, f"{block.where}: {block.info}"


def test_only_the_listed_examples_are_not_run() -> None:
    found: dict[str, list[str]] = {}
    for page in _PAGES:
        for block in page.blocks:
            if not block.is_run:
                found.setdefault(page.name, []).append(block.text)
    assert found.keys() == NOT_RUN.keys()
    for name, texts in found.items():
        assert len(texts) == len(NOT_RUN[name]), name
        for text, begin in zip(texts, NOT_RUN[name], strict=True):
            assert text.startswith(begin), f"{name}: {text}"


@pytest.mark.parametrize("block", [b for b in _ALL if b.language == "json"], ids=lambda b: b.where)
def test_json_examples_are_json(block: Block) -> None:
    assert json.loads(block.text)


@pytest.mark.parametrize("block", [b for b in _ALL if b.language == "toml"], ids=lambda b: b.where)
def test_configuration_examples_load(block: Block, tmp_path: Path) -> None:
    secret = tmp_path / "agent_key"
    secret.write_text("wxg_agent_replace-me-with-random-text\n", "utf-8")
    text = block.text.replace("/run/secrets", str(tmp_path))
    if "[[accounts]]" not in text:
        text += ACCOUNT
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    assert load_settings(path).accounts


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples use curl")
@pytest.mark.parametrize(
    "page", [p for p in _PAGES if p.of("bash")], ids=lambda p: p.name.replace("/", "-")
)
def test_commands_of_the_page_run(page: Page, running: Running, tmp_path: Path) -> None:
    script, environment = _script(page, running, tmp_path)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        input=f"{VERIFIED.app_id}\n{VERIFIED.app_secret}\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
        start_new_session=True,  # without a terminal the secret is read from the input
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for shown in page.of("text"):
        assert shown.text in done.stdout, f"{shown.where}\n{done.stdout}"
    for answer in re.findall(r'"state":"(\w+)"', done.stdout):
        assert answer != "failed", done.stdout
    assert '{"error"' not in done.stdout, done.stdout
    # The dictionary of errcodes goes on with "text", a refusal with "errmsg".
    assert not re.search(r'\{"errcode":(?!0,)-?\d+,"errmsg"', done.stdout), done.stdout


def _script(page: Page, running: Running, directory: Path) -> tuple[str, dict[str, str]]:
    """The page as one script, and its environment."""
    shutil.copy(SAMPLE_PICTURE, directory / "picture.png")
    (directory / "article.md").write_text(ARTICLE, "utf-8")
    ports = _ports(page, running)
    environment = plain_environment(running.sandbox_port, ports[8080])
    commands = [block for block in page.of("bash") if block.is_run]
    if not any("wxgate init" in block.text for block in commands):
        shutil.copy(running.config, directory)
        environment |= {"WXGATE_URL": running.url, "WXGATE_KEY": running.key}
    for block in page.blocks:
        if block.file:
            path = directory / block.file
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, "utf-8")
    if not any(block.is_server and "wxgate serve" in block.text for block in commands):
        # Commands that work on the database must find the one of the gateway that is up.
        environment["WXGATE_SERVER__DATA_DIR"] = str(running.data_dir)
    script = _PRELUDE
    for block in page.blocks:
        if block.is_run and block.language in ("bash", "python"):
            script += f"echo {shlex.quote('#### ' + block.where)}\n" + _runnable(block, ports)
    return script, environment


def _ports(page: Page, running: Running) -> dict[int, int]:
    """The port that stands for each one of the page; one of its own for each server it starts."""
    ports = {8080: running.gateway_port, 9000: running.sandbox_port}
    for block in page.of("bash"):
        if block.is_server:
            named = re.search(r"127\.0\.0\.1:(\d+)", block.text)
            ports[int(named.group(1)) if named else 8080] = free_port()
    return ports


def _runnable(block: Block, ports: dict[int, int]) -> str:
    text = block.text.replace(PLACEHOLDER_APP_ID, VERIFIED.app_id)
    text = re.sub(r"127\.0\.0\.1:(\d+)", lambda at: f"127.0.0.1:{ports[int(at[1])]}", text)
    if block.language == "python":
        return f"python - <<'PYTHON'\n{text}PYTHON\necho\n"
    if not block.is_server:
        # curl must fail where its answer is an HTTP error.
        return (
            'curl() { command curl --fail-with-body --silent --show-error "$@"; }\n'
            + text
            + "\necho\n"
        )
    assert text.count("\n") == 1, f"{block.where}: a server is one command"
    listen = re.search(r"127\.0\.0\.1:(\d+)", text)
    port = listen.group(1) if listen else ports[8080]
    return f"(exec {text.rstrip()}) < /dev/null &\nservers+=($!)\nup {port}\n"
