"""The service alone; its rules over HTTP stand in tests/handlers/test_webhooks.py."""

import pytest

from accounts.audit import AuditLog
from accounts.edits import Editor
from accounts.master_key import Sealer
from accounts.webhook_secrets import webhook_aad
from jobs.webhooks import Secrecy, Webhooks, WebhookUnknown
from store.engine import Database

EDITOR = Editor("client:blog")


class Urls:
    """Keeps the Protocol ChecksUrl."""

    def check(self, url: str) -> str:
        return url + "/"


async def test_what_the_owner_got_is_what_is_signed_with(database: Database) -> None:
    sealer, audit = Sealer(bytes(32)), AuditLog(database, bytes(32), clock=lambda: 1.0)
    service = Webhooks(
        *(database, Secrecy(sealer, audit), Urls(), lambda: None),
        max_per_client=1,
        clock=lambda: 1.0,
    )
    said = {"url": "http://a", "events": ["*"], "accounts": []}
    row, secret = await service.add("blog", said, EDITOR)
    kept = await service.get("blog", row.id)
    assert kept.url == "http://a/"
    assert sealer.open(kept.sealed, aad=webhook_aad(row.id)) == secret.encode()
    await service.remove("blog", row.id, EDITOR)
    with pytest.raises(WebhookUnknown):
        await service.get("blog", row.id)
