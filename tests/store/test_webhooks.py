from typing import Any

from store import webhooks
from store.engine import Database
from store.webhooks import WebhookRow


def webhook_row(webhook_id: str = "whk_1", **values: Any) -> WebhookRow:
    defaults: dict[str, Any] = {
        "id": webhook_id,
        "client_id": "blog",
        "url": "https://hooks.example.com/x",
        "sealed": b"sealed",
        "accounts": [],
        "events": ["*"],
        "state": "active",
        "version": 1,
        "created_at": 100.0,
        "updated_at": 100.0,
    }
    return WebhookRow(**{**defaults, **values})


async def test_a_webhook_comes_back_changes_and_goes(database: Database) -> None:
    async with database.write() as connection:
        await webhooks.insert(connection, webhook_row())
        assert await webhooks.get(connection, "whk_1", lock=True) == webhook_row()
        await webhooks.change(connection, "whk_1", {"state": "disabled"}, 200.0)
        await webhooks.put_sealed(connection, "whk_1", b"anew")
        changed = webhook_row(state="disabled", version=2, updated_at=200.0, sealed=b"anew")
        assert await webhooks.get(connection, "whk_1") == changed
        await webhooks.remove(connection, "whk_1")
        assert await webhooks.get(connection, "whk_1") is None


async def test_a_client_has_its_own(database: Database) -> None:
    async with database.write() as connection:
        for row in (
            webhook_row("whk_1"),
            webhook_row("whk_2", state="disabled"),
            webhook_row("whk_3", client_id="ci"),
        ):
            await webhooks.insert(connection, row)
        mine = await webhooks.of_client(connection, "blog")
        active = await webhooks.active(connection, "blog")
        everybodys = await webhooks.active(connection)
        assert await webhooks.count(connection, "blog") == 2
        assert len(await webhooks.of_client(connection, None)) == 3
    assert [row.id for row in mine] == ["whk_1", "whk_2"]
    assert [row.id for row in active] == ["whk_1"]
    assert {row.id for row in everybodys} == {"whk_1", "whk_3"}
