import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import KEY, Opens
from tests.server.cli.commands import Done, wxgate_process

TEXT = "---\ntitle: {{ title }}\n---\n\n早上好，{{ who }}。\n"
DECLARED = "- {name: title, max: 32}\n- {name: who, default: 读者}\n"


@pytest.fixture
async def keeper(open_stand: Opens) -> AsyncIterator[Any]:
    """A Stand whose client may save templates."""
    client = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft", "templates"]}
    async with open_stand({"clients": [client]}) as opened:
        yield opened


async def told(stand: Any, *arguments: object) -> Done:
    return await wxgate_process("templates", *arguments, "--server", stand.url, "--key", KEY)


async def test_a_template_from_its_first_version_to_its_end(keeper: Any, tmp_path: Path) -> None:
    path = tmp_path / "daily.md"
    path.write_text(TEXT, "utf-8")
    (tmp_path / "daily.yaml").write_text(DECLARED, "utf-8")
    assert (await told(keeper, "add", path, "--note", "第一版")).stdout == "daily@1\n"
    path.write_text(TEXT + "再见。\n", "utf-8")
    assert (await told(keeper, "add", path)).stdout == "daily@2\n"
    listed = await told(keeper, "list", "-q", "daily")
    assert listed.stdout.splitlines()[1].split()[:3] == ["daily", "article", "2"]
    shown = await told(keeper, "show", "daily@1")
    assert shown.stdout.endswith(TEXT)
    assert "第一版" in shown.stdout
    assert "who" in shown.stdout
    changed = await told(keeper, "diff", "daily", 1)
    assert changed.stdout.splitlines()[-1] == "+再见。"
    assert (await told(keeper, "rollback", "daily", 1)).stdout == "daily@3\n"
    seen = await told(keeper, "preview", "daily", "--set", "title=早报", "-o", tmp_path / "a.html")
    assert (seen.exit_code, seen.stdout) == (0, ""), seen.output
    assert "早上好，读者。" in (tmp_path / "a.html").read_text("utf-8")
    old = await told(keeper, "preview", "daily@2", "--set", "title=早报", "--set", "who=你")
    assert old.stdout.endswith("早上好，你。\n再见。\n")
    assert (await told(keeper, "remove", "daily")).exit_code == 0
    assert (await told(keeper, "show", "daily")).exit_code == 1


async def test_each_row_of_a_table_becomes_an_article(keeper: Any, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("festival,message\n元旦,新年好\n春节,过年好\n", "utf-8")
    done = await told(
        *(keeper, "publish", "season-greetings", "--vars", table, "--set", "wish=吉祥"),
        *("--set", "sender=编辑部", "--json", "-a", "main"),
    )
    assert done.exit_code == 0, done.output
    items = json.loads(done.stdout)["items"]
    assert [item["state"] for item in items] == ["succeeded"] * 2
    assert {item["title"][:4] for item in items} == {"元旦吉祥", "春节吉祥"}
    assert len(keeper.committed("draft")) == 2


async def test_what_cannot_be_done_is_told(keeper: Any, tmp_path: Path) -> None:
    assert (await told(keeper, "add", tmp_path / "none.md")).exit_code == 2
    assert (await told(keeper, "publish", "season-greetings", "--set", "x")).exit_code == 2
    path = tmp_path / "wrong.md"
    path.write_text("{{ nobody }}\n", "utf-8")
    refused = await told(keeper, "add", path)
    assert refused.exit_code == 1
    assert "nobody" in refused.stderr
