import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.conftest import KEY, Opens, Stand
from tests.server.cli.commands import wxgate_process

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"


ADMIN = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["admin"]}


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    """A gateway whose one client is an admin."""
    async with open_stand({"clients": [ADMIN]}) as opened:
        yield opened


def entry(folder: Path, url: str, name: str = "own") -> str:
    file = folder / f"{name}.toml"
    file.write_text(
        f'name = "{name}"\ntype = "webhook"\nurl = "{url}"\nsecret = "{SECRET}"\n', "utf-8"
    )
    return str(file)


async def test_a_channel_is_made_tried_listed_changed_and_removed(
    stand: Stand, tmp_path: Path
) -> None:
    gate = ("--server", stand.url, "--key", KEY)
    url = f"{stand.sandbox.url}/sandbox/reset"  # takes any POST, and answers it with a 200
    added = await wxgate_process("channels", "add", entry(tmp_path, url), *gate)
    assert added.exit_code == 0, added.output
    assert SECRET not in added.output
    listed = await wxgate_process("channels", "list", "--json", *gate)
    (item,) = json.loads(listed.stdout)["items"]
    assert (item["name"], item["type"], item["version"]) == ("own", "webhook", 1)
    tried = await wxgate_process("channels", "test", "own", *gate)
    assert tried.exit_code == 0, tried.output
    assert "delivered" in tried.stdout
    assert (await wxgate_process("channels", "disable", "own", *gate)).exit_code == 0
    off = await wxgate_process("channels", "test", "own", *gate)
    assert off.exit_code == 1
    assert "own" in off.output
    (tmp_path / "new.toml").write_text('language = "en"\nenabled = true\n', "utf-8")
    changed = await wxgate_process("channels", "change", "own", str(tmp_path / "new.toml"), *gate)
    assert changed.exit_code == 0, changed.output
    shown = await wxgate_process("channels", "show", "own", "--json", *gate)
    settings = json.loads(shown.stdout)["settings"]
    assert (settings["language"], settings["enabled"], settings["secret"]) == ("en", True, "***")
    assert (await wxgate_process("channels", "remove", "own", *gate)).exit_code == 0
    assert (await wxgate_process("channels", "show", "own", *gate)).exit_code == 1


async def test_one_that_does_not_answer_is_told(stand: Stand, tmp_path: Path) -> None:
    gate = ("--server", stand.url, "--key", KEY)
    url = f"{stand.sandbox.url}/sandbox/faults"  # answers what it cannot read with a 422
    await wxgate_process("channels", "add", entry(tmp_path, url, "bad"), *gate)
    tried = await wxgate_process("channels", "test", "bad", *gate)
    assert tried.exit_code == 1
    assert "HTTP 422" in tried.output


@pytest.mark.parametrize("text", ["not toml", None])
async def test_a_file_that_cannot_be_read_is_a_fault_of_usage(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "x.toml"
    if text is not None:
        file.write_text(text, "utf-8")
    gate = ("--server", "http://127.0.0.1:9", "--key", KEY)
    told = await wxgate_process("channels", "add", str(file), *gate)
    assert told.exit_code == 2
    assert "x.toml" in told.output
