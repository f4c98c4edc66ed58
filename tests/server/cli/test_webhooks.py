import json
from typing import Any

from tests.e2e.conftest import KEY
from tests.server.cli.commands import wxgate_process


async def test_a_webhook_is_made_tried_listed_and_removed(stand: Any) -> None:
    gate = ("--server", stand.url, "--key", KEY)
    url = f"{stand.sandbox.url}/sandbox/reset"  # takes any POST, and answers it with a 200
    added = await wxgate_process("webhooks", "add", url, "--event", "job.*", *gate)
    assert added.exit_code == 0, added.output
    webhook_id, secret = added.stdout.split()
    assert secret.startswith("whsec_")
    listed = await wxgate_process("webhooks", "list", *gate)
    assert webhook_id in listed.stdout
    assert secret not in listed.stdout
    tried = await wxgate_process("webhooks", "test", webhook_id, *gate)
    assert (tried.exit_code, tried.stdout.strip()) == (0, "已送达 / delivered"), tried.output
    sent = await wxgate_process("webhooks", "deliveries", webhook_id, "--json", *gate)
    assert [row["state"] for row in json.loads(sent.stdout)["items"]] == ["delivered"]
    assert (await wxgate_process("webhooks", "remove", webhook_id, *gate)).exit_code == 0
    gone = await wxgate_process("webhooks", "test", webhook_id, *gate)
    assert gone.exit_code == 1


async def test_one_that_does_not_answer_is_told(stand: Any) -> None:
    gate = ("--server", stand.url, "--key", KEY)
    url = f"{stand.sandbox.url}/sandbox/faults"  # answers what it cannot read with a 422
    added = await wxgate_process("webhooks", "add", url, "--json", *gate)
    webhook_id = json.loads(added.stdout)["id"]
    tried = await wxgate_process("webhooks", "test", webhook_id, *gate)
    assert tried.exit_code == 1
    assert "HTTP 422" in tried.output
