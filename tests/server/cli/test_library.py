import json
from typing import Any

from tests.e2e.conftest import KEY
from tests.server.cli.commands import wxgate_process


async def test_drafts_are_listed_shown_tagged_and_deleted(open_stand: Any) -> None:
    async with open_stand() as stand:
        at_gate = ("--server", stand.url, "--key", KEY, "-a", "main")
        made = await stand.article({"markdown": "# 第一篇\n\n正文"})
        media_id = made["result"]["media_id"]
        tagged = await wxgate_process("drafts", "tag", media_id, "--add", "待审", *at_gate)
        assert tagged.stdout == f"{media_id}: 待审\n", tagged.output
        listed = await wxgate_process("drafts", "list", "-q", "第一", "--tag", "待审", *at_gate)
        assert listed.exit_code == 0, listed.output
        assert listed.stdout.splitlines()[1].split()[0] == media_id
        found = await wxgate_process("drafts", "list", "--refresh", "--json", *at_gate)
        assert [item["id"] for item in json.loads(found.stdout)] == [media_id]
        shown = await wxgate_process("drafts", "show", media_id, *at_gate)
        assert f"job: {made['id']}" in shown.stdout
        assert "1. 第一篇 http" in shown.stdout
        asked = await wxgate_process("drafts", "delete", media_id, *at_gate)
        assert (asked.exit_code, "1" in asked.stdout) == (1, True)
        deleted = await wxgate_process("drafts", "delete", media_id, "--yes", *at_gate)
        assert deleted.exit_code == 0
        again = await wxgate_process("drafts", "delete", media_id, "-y", *at_gate)
        assert again.exit_code == 1
        pictures = await wxgate_process("materials", "list", "--type", "image", *at_gate)
        assert len(pictures.stdout.splitlines()) == 2
        none = await wxgate_process("publications", "list", *at_gate)
        assert (none.exit_code, len(none.stdout.splitlines())) == (0, 1)
