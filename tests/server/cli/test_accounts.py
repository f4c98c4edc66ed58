import json
import re
from pathlib import Path

import pytest

from sandbox.server import run_sandbox
from sandbox.settings import PERSONAL, SandboxSettings
from tests.server.cli.commands import Done, wxgate_process

APP_ID = "wx0000000000000001"
SECRET = "canary-app-secret"


class Terminal:
    """Runs `wxgate accounts` on one store."""

    def __init__(self, database_url: str, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._env = {
            "WXGATE_DATABASE__URL": database_url,
            "WXGATE_SERVER__DATA_DIR": str(data_dir),
        }

    def reach(self, upstream: str) -> None:
        """Let WeChat be there."""
        self._env["WXGATE_UPSTREAM__BASE_URLS"] = json.dumps([upstream])
        self._env["WXGATE_UPSTREAM__MP_BASE_URL"] = upstream

    async def __call__(self, *said: object, secret: str = "") -> Done:
        env = self._env | ({"WXGATE_APP_SECRET": secret} if secret else {})
        done = await wxgate_process(*said, env=env)
        assert "canary" not in done.output
        assert "Traceback" not in done.output
        return done


@pytest.fixture
async def run(database_url: str, tmp_path: Path) -> Terminal:
    terminal = Terminal(database_url, tmp_path)
    assert (await terminal("migrate")).exit_code == 0
    return terminal


async def test_the_life_of_an_account(run: Terminal, tmp_path: Path) -> None:
    added = await run("accounts", "add", "main", "--app-id", APP_ID, secret=SECRET)
    assert added.exit_code == 0, added.stderr
    file = tmp_path / "new.secret"
    file.write_text(f"{SECRET}-2\n")
    before = json.loads((await run("accounts", "show", "main", "--json")).stdout)
    done = await run("accounts", "set-secret", "main", "--secret-file", file)
    assert done.exit_code == 0, done.stderr
    (after,) = json.loads((await run("accounts", "list", "--json")).stdout)
    assert after["version"] == before["version"] + 1 == 2
    assert after["app_secret"]["fingerprint"] != before["app_secret"]["fingerprint"]
    assert (await run("accounts", "remove", "main", "--yes")).exit_code == 0
    assert (await run("accounts", "list")).stdout == ""
    logged = (await run("audit", "list", "--action", "account")).stdout
    for action in ("account.create", "account.change", "account.remove"):
        assert action in logged
    assert (await run("audit", "verify")).exit_code == 0


async def test_mistakes_are_told(run: Terminal, tmp_path: Path) -> None:
    wrong = await run("accounts", "add", "main", "--app-id", "nonsense", secret=SECRET)
    assert (wrong.exit_code, "app_id" in wrong.stderr) == (1, True)
    assert (await run("accounts", "show", "main")).exit_code == 1
    missing = await run("accounts", "set-secret", "main", "--secret-file", tmp_path / "none")
    assert missing.exit_code == 2


async def test_a_new_master_key_takes_the_secrets_over(run: Terminal) -> None:
    await run("accounts", "add", "main", "--app-id", APP_ID, secret=SECRET)
    key, old = run.data_dir / "master.key", run.data_dir / "old.key"
    key.rename(old)
    assert "已锁定" in (await run("accounts", "list")).stdout
    done = await run("accounts", "reseal", "--old-key-file", old)
    assert done.exit_code == 0, done.stderr
    assert "secrets encrypted anew: 1" in done.stdout
    assert "可用" in (await run("accounts", "list")).stdout
    assert (await run("audit", "verify", "--old-key-file", old)).exit_code == 0


async def test_what_an_account_may_do_is_asked_for_kept_and_shown(run: Terminal) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        run.reach(sandbox.url)
        added = ("accounts", "add", "main", "--app-id", PERSONAL.app_id)
        assert (await run(*added, secret=PERSONAL.app_secret)).exit_code == 0
        assert "wxgate accounts probe" in (await run("accounts", "show", "main")).stdout
        done = await run("accounts", "probe", "main")
        assert done.exit_code == 0, done.stderr
        assert re.search(r"^freepublish +不可以 / no$", done.stdout, re.MULTILINE)
        assert re.search(r"^verified +unlikely ", done.stdout, re.MULTILINE)
        asked = json.loads((await run("accounts", "probe", "main", "--json")).stdout)
        shown = json.loads((await run("accounts", "show", "main", "--json")).stdout)
        assert shown["capabilities"] == asked
        assert asked["quotas"]["/cgi-bin/draft/add"]["daily_limit"] == 1_000
        unknown = await run("accounts", "probe", "nobody")
    assert (unknown.exit_code, "nobody" in unknown.stderr) == (1, True)
