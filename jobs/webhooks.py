from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.audit import AuditLog
from accounts.edits import Editor, check_version
from accounts.master_key import Sealer
from accounts.webhook_secrets import webhook_aad
from core.clock import Clock
from core.errors import GatewayError, Text
from core.ids import new_id
from jobs.announce import TEST, message
from notify.senders.webhook_signing import new_secret
from store import deliveries, webhooks
from store.deliveries import DeliveryRow
from store.engine import Database
from store.webhooks import WebhookRow


class WebhookUnknown(GatewayError):
    """There is no such webhook, or it is another client's."""

    status = 404
    code = "webhook_unknown"
    category = "params"
    message = Text("没有这个 webhook：{id}", "no such webhook: {id}")
    hint = Text(
        "自己的见 wxgate webhooks list（GET /v1/webhooks）",
        "wxgate webhooks list (GET /v1/webhooks) has your own",
    )


class DeliveryUnknown(GatewayError):
    """The webhook has no such delivery, or no longer."""

    status = 404
    code = "delivery_unknown"
    category = "params"
    message = Text("没有这次投递：{id}", "no such delivery: {id}")
    hint = Text("投递记录只保留一段时间", "deliveries are kept for some time only")


class TooManyWebhooks(GatewayError):
    """The client has as many webhooks as it may have."""

    status = 409
    code = "too_many_webhooks"
    category = "quota"
    message = Text("最多 {limit} 个 webhook", "at most {limit} webhooks")
    hint = Text("先删除不用的", "remove those that are not used")


class WebhookDisabled(GatewayError):
    """Nothing is sent to a webhook that is disabled."""

    status = 409
    code = "webhook_disabled"
    category = "params"
    message = Text("webhook {id} 已停用", "the webhook {id} is disabled")
    hint = Text(
        '修好接收端后 PATCH {"state": "active"}',
        'mend the receiver, then PATCH {"state": "active"}',
    )


@dataclass(frozen=True, slots=True)
class Secrecy:
    """What webhooks' secrets are sealed with, and where their changes are written down."""

    sealer: Sealer
    audit: AuditLog


class ChecksUrl(Protocol):
    """Says which addresses may be posted to; `fetch.post` does."""

    def check(self, url: str) -> str:
        """`url` in its canonical form. Raises UrlInvalid, UrlForbidden."""
        ...


class Webhooks:
    """Where clients want to be told; each sees its own.

    A webhook's secret is shown once, and kept sealed under the master key.
    """

    def __init__(
        self,
        database: Database,
        secrecy: Secrecy,
        urls: ChecksUrl,
        wake: Callable[[], None],
        *,
        max_per_client: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sealer = secrecy.sealer
        self._audit = secrecy.audit
        self._urls = urls
        self._wake = wake
        self._max_per_client = max_per_client
        self._clock = clock

    async def add(
        self, client_id: str, said: Mapping[str, Any], editor: Editor
    ) -> tuple[WebhookRow, str]:
        """A new webhook and its secret. Raises TooManyWebhooks, UrlInvalid, UrlForbidden."""
        now, webhook_id, secret = self._clock(), new_id("whk"), new_secret()
        row = WebhookRow(
            id=webhook_id,
            client_id=client_id,
            url=self._checked(said["url"]),
            sealed=self._sealer.seal(secret.encode(), aad=webhook_aad(webhook_id)),
            accounts=list(said["accounts"]),
            events=list(said["events"]),
            state="active",
            version=1,
            created_at=now,
            updated_at=now,
        )
        async with self._database.write() as connection:
            if await webhooks.count(connection, client_id) >= self._max_per_client:
                raise TooManyWebhooks(limit=self._max_per_client)
            await webhooks.insert(connection, row)
            await self._log(connection, editor, "webhook.create", row)
        return row, secret

    async def list(self, client_id: str) -> Sequence[WebhookRow]:
        """A client's, oldest first."""
        async with self._database.read() as connection:
            return await webhooks.of_client(connection, client_id)

    async def get(self, client_id: str, webhook_id: str) -> WebhookRow:
        """One of them. Raises WebhookUnknown."""
        async with self._database.read() as connection:
            return await _found(connection, client_id, webhook_id)

    async def change(
        self,
        client_id: str,
        webhook_id: str,
        said: Mapping[str, Any],
        editor: Editor,
        *,
        version: int | None = None,
    ) -> WebhookRow:
        """Change what `said` names. Raises WebhookUnknown, StaleEdit, UrlInvalid, UrlForbidden."""
        values = dict(said)
        if "url" in values:
            values["url"] = self._checked(values["url"])
        async with self._database.write() as connection:
            row = await _found(connection, client_id, webhook_id, lock=True)
            check_version(webhook_id, version, row.version)
            now = self._clock()
            await webhooks.change(connection, webhook_id, values, now)
            if values.get("state") == "disabled":
                await deliveries.give_up(connection, webhook_id, "webhook disabled", now)
            changed = await _found(connection, client_id, webhook_id)
            await self._log(connection, editor, "webhook.change", changed)
        return changed

    async def remove(self, client_id: str, webhook_id: str, editor: Editor) -> None:
        """No such webhook any more. Raises WebhookUnknown."""
        async with self._database.write() as connection:
            row = await _found(connection, client_id, webhook_id, lock=True)
            await webhooks.remove(connection, webhook_id)
            await self._log(connection, editor, "webhook.remove", row)

    async def test(self, client_id: str, webhook_id: str) -> DeliveryRow:
        """Have something sent that tells of nothing. Raises WebhookUnknown, WebhookDisabled."""
        row = message(webhook_id, TEST, {"webhook_id": webhook_id}, self._clock())
        async with self._database.write() as connection:
            await _active(connection, client_id, webhook_id)
            await deliveries.insert(connection, [row])
        self._wake()
        return row

    async def deliveries(
        self,
        client_id: str,
        webhook_id: str,
        *,
        state: str | None,
        before: str | None,
        limit: int,
    ) -> tuple[Sequence[DeliveryRow], str | None]:
        """Deliveries, newest first, and the cursor of the next page. Raises WebhookUnknown."""
        async with self._database.read() as connection:
            await _found(connection, client_id, webhook_id)
            rows = await deliveries.page(
                connection, webhook_id, state=state, before=before, limit=limit + 1
            )
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    async def redeliver(self, client_id: str, webhook_id: str, delivery_id: str) -> DeliveryRow:
        """Send a delivery once more. Raises WebhookUnknown, WebhookDisabled, DeliveryUnknown."""
        async with self._database.write() as connection:
            await _active(connection, client_id, webhook_id)
            if await deliveries.get(connection, webhook_id, delivery_id) is None:
                raise DeliveryUnknown(id=delivery_id[:64])
            await deliveries.again(connection, delivery_id, self._clock())
            row = await deliveries.get(connection, webhook_id, delivery_id)
            assert row is not None  # noqa: S101 - it was there a moment ago, in this transaction
        self._wake()
        return row

    def _checked(self, url: str) -> str:
        try:
            return self._urls.check(url)
        except GatewayError as exc:
            exc.field = "url"
            raise

    async def _log(
        self, connection: AsyncConnection, editor: Editor, action: str, row: WebhookRow
    ) -> None:
        # Of the address its host alone: a path or a query may hold a credential.
        host = row.url.split("/", 3)[2]
        detail = {"host": host, "events": row.events, "accounts": row.accounts, "state": row.state}
        await self._audit.append(connection, editor.did(action, row.id, detail))


async def _found(
    connection: AsyncConnection, client_id: str, webhook_id: str, *, lock: bool = False
) -> WebhookRow:
    row = await webhooks.get(connection, webhook_id, lock=lock)
    if row is None or row.client_id != client_id:
        raise WebhookUnknown(id=webhook_id[:64])
    return row


async def _active(connection: AsyncConnection, client_id: str, webhook_id: str) -> WebhookRow:
    row = await _found(connection, client_id, webhook_id)
    if row.state != "active":
        raise WebhookDisabled(id=webhook_id)
    return row
