import json
from typing import Any

from store.engine import DatabaseSettings, open_database
from tests.e2e.conftest import KEY
from tests.server.cli.commands import wxgate_process
from tests.store.test_alerts import alert_row, put

ID = "alr_06h07z6nxmd948z1se7rzbetyc"
ADMIN = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["admin"]}


async def test_an_alert_is_listed_acknowledged_and_resolved(open_stand: Any) -> None:
    async with open_stand(change={"clients": [ADMIN]}) as stand:
        gate = ("--server", stand.url, "--key", KEY)
        async with open_database(DatabaseSettings(), stand.data_dir) as database:
            await put(database, alert_row(ID, event="disk.near", data={"percent": 81}))
        listed = await wxgate_process("alerts", "list", *gate)
        assert listed.exit_code == 0, listed.output
        assert ID in listed.stdout
        shown = await wxgate_process("alerts", "show", ID, *gate)
        assert {"percent: 81", "event: disk.near"} <= set(shown.stdout.splitlines())
        taken = await wxgate_process("alerts", "acknowledge", ID, "--note", "在查", "--json", *gate)
        assert json.loads(taken.stdout)["note"] == "在查"
        ended = await wxgate_process("alerts", "resolve", ID, *gate)
        assert "resolved_by: client:blog" in ended.stdout
        assert ID not in (await wxgate_process("alerts", "list", *gate)).stdout
        listed = await wxgate_process("alerts", "list", "--all", "--json", *gate)
        assert [row["state"] for row in json.loads(listed.stdout)["items"]] == ["resolved"]
        unknown = await wxgate_process("alerts", "show", "alr_1", *gate)
        assert unknown.exit_code == 1


async def test_a_silence_is_made_listed_and_ended(open_stand: Any) -> None:
    async with open_stand(change={"clients": [ADMIN]}) as stand:
        gate = ("--server", stand.url, "--key", KEY)
        said = ("calls.*", "disk.near", "--account", "main", "--reason", "test")
        made = await wxgate_process("alerts", "silence", *said, "--for", "2h", "--json", *gate)
        assert made.exit_code == 0, made.output
        silence = json.loads(made.stdout)
        assert (silence["state"], silence["events"]) == ("active", ["calls.*", "disk.near"])
        later = ("--start", "30m", "--for", "2099-01-01")
        wrong = await wxgate_process("alerts", "silence", *said, *later, *gate)
        assert (wrong.exit_code, "90" in wrong.output) == (1, True)
        listed = await wxgate_process("alerts", "silences", *gate)
        assert silence["id"] in listed.stdout
        assert (await wxgate_process("alerts", "unsilence", silence["id"], *gate)).exit_code == 0
        assert silence["id"] not in (await wxgate_process("alerts", "silences", *gate)).stdout
        every = await wxgate_process("alerts", "silences", "--all", *gate)
        assert silence["id"] in every.stdout
