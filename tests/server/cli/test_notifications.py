import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import KEY, Opens
from tests.server.cli.commands import wxgate_process

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"
# A channel that leads nowhere: the guard refuses the port.
OPS = {"name": "ops", "type": "webhook", "url": "http://127.0.0.1:9/x", "secret": SECRET}
CLIENT = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["notify"]}


async def test_one_is_sent_found_dead_looked_at_and_sent_again(open_stand: Opens) -> None:
    change: Any = {"channels": [OPS], "clients": [CLIENT], "notify": {"sweep_s": 0.1}}
    async with open_stand(change=change) as stand:
        gate = ("--server", stand.url, "--key", KEY)
        sent = await wxgate_process("notifications", "send", "ops", "正文", "--json", *gate)
        assert sent.exit_code == 0, sent.output
        notification_id = json.loads(sent.stdout)["id"]
        for _ in range(60):
            listed = await wxgate_process("notifications", "list", "--dead", "--json", *gate)
            if json.loads(listed.stdout)["items"]:
                break
        shown = await wxgate_process("notifications", "show", notification_id, *gate)
        assert "dead" in shown.stdout
        assert "正文" in shown.stdout
        again = await wxgate_process("notifications", "resend", notification_id, *gate)
        assert again.exit_code == 0, again.output
        other = again.stdout.split("→")[1].strip()
        told = await wxgate_process("notifications", "show", other, "--json", *gate)
        assert json.loads(told.stdout)["resend_of"] == notification_id
        table = await wxgate_process("notifications", "list", "--channel", "ops", *gate)
        assert other in table.stdout
        refused = await wxgate_process("notifications", "send", "elsewhere", "x", *gate)
        assert refused.exit_code == 1


async def test_a_file_goes_along_under_its_chinese_name(open_stand: Opens, tmp_path: Path) -> None:
    mailbox = {"name": "a", "host": "127.0.0.1", "port": 9, "address": "a@example.com"}
    mail = {"name": "mail", "type": "email", "to": ["b@example.com"], "accounts": [mailbox]}
    file = tmp_path / "报表.pdf"
    file.write_bytes(b"%PDF-1.4")
    change: Any = {"channels": [mail], "clients": [CLIENT]}
    async with open_stand(change=change) as stand:
        gate = ("--server", stand.url, "--key", KEY)
        words = ("notifications", "send", "mail", "见附件", "--attach")
        sent = await wxgate_process(*words, str(file), "--json", *gate)
        assert sent.exit_code == 0, sent.output
        id_ = json.loads(sent.stdout)["id"]
        told = await wxgate_process("notifications", "show", id_, "--json", *gate)
        assert json.loads(told.stdout)["attachments"] == ["报表.pdf"]
        gone = await wxgate_process(*words, str(tmp_path / "no.pdf"), *gate)
        assert gone.exit_code == 2


@pytest.mark.parametrize("said", ["x", "=1"])
async def test_a_variable_has_a_name_and_a_value(said: str) -> None:
    gate = ("--server", "http://127.0.0.1:9", "--key", KEY)
    ended = await wxgate_process(
        "notifications", "send", "ops", "--template", "t", "--var", said, *gate
    )
    assert ended.exit_code == 2
