from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.clients import Client, Scope
from core.clock import Clock, rfc3339
from core.ids import new_id
from jobs import happened
from jobs.rights import LiveClient
from jobs.states import State
from notify.happening import Happening, row_of
from store import deliveries, happenings, webhooks
from store.deliveries import DeliveryRow
from store.events import EventRow
from store.jobs import JobHead
from store.webhooks import WebhookRow

APPROVAL_WANTED = "job.approval_wanted"
TEST = "webhook.test"

# Of a result; pictures and what WeChat changed are to be read from the job.
_TOLD_OF_RESULT = (
    "mode",
    "media_id",
    "publish_id",
    "msg_id",
    "article_id",
    "url",
    "urls",
    "left_box",
)
_TOLD_OF_ERROR = ("code", "category", "message", "hint", "retryable")
_TITLE_CHARS = 200


class Announce:
    """Writes down what to tell, within the transaction that makes it so (an outbox).

    `jobs.deliver` sends it to webhooks afterwards, `notify` to people. What becomes of that
    changes no job.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def job_ended(
        self,
        connection: AsyncConnection,
        row: JobHead,
        state: State,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """A job has come to its end; an item of a batch is told of by its batch."""
        if row.parent_id is None:
            told = {**_job(row, state), "result": _result(result), "error": _error(error)}
            await self._tell_owner(connection, row, f"job.{state}", told)
            await self._happened(connection, happened.ended(row, state, result, error))

    async def approval_wanted(self, connection: AsyncConnection, row: JobHead) -> None:
        """A job waits until somebody else agrees."""
        if row.parent_id is None:
            await self._tell_owner(connection, row, APPROVAL_WANTED, _job(row, row.state))
            await self._happened(connection, happened.approval_wanted(row))

    async def review_over(self, connection: AsyncConnection, row: JobHead) -> None:
        """A job that waited for a person, if it did (`row` is as it was), waits no longer."""
        if row.parent_id is None and row.state == State.NEEDS_REVIEW:
            await self._happened(connection, happened.reviewed(row))

    async def pushed(
        self, connection: AsyncConnection, row: EventRow, live_client: LiveClient
    ) -> None:
        """WeChat pushed something to an account: told to those who may read what it holds."""
        kind = f"wechat.{row.type}"
        heard = [
            hook
            for hook in await webhooks.active(connection)
            if may_hear(live_client(hook.client_id), row.account, kind)
        ]
        told = {"account": row.account, "event": row.type, "job_id": row.job_id, "body": row.body}
        await self._tell(connection, heard, row.account, kind, told)

    async def _happened(self, connection: AsyncConnection, happening: Happening) -> None:
        await happenings.insert(connection, [row_of(happening, self._clock())])

    async def _tell_owner(
        self, connection: AsyncConnection, row: JobHead, kind: str, told: Mapping[str, Any]
    ) -> None:
        hooks = await webhooks.active(connection, row.client_id)
        await self._tell(connection, hooks, row.account, kind, told)

    async def _tell(
        self,
        connection: AsyncConnection,
        hooks: Iterable[WebhookRow],
        account: str,
        kind: str,
        told: Mapping[str, Any],
    ) -> None:
        now = self._clock()
        rows = [
            message(hook.id, kind, told, now)
            for hook in hooks
            if wants(hook.events, kind) and account in (hook.accounts or (account,))
        ]
        await deliveries.insert(connection, rows)


def message(webhook_id: str, kind: str, told: Mapping[str, Any], now: float) -> DeliveryRow:
    """What a webhook is to get, in the form of Standard Webhooks."""
    body = {"type": kind, "timestamp": rfc3339(now), "data": dict(told)}
    return DeliveryRow(
        id=new_id("msg"), webhook_id=webhook_id, type=kind, body=body, next_at=now, created_at=now
    )


def wants(events: Iterable[str], kind: str) -> bool:
    """Whether one of `events` names that type; a * at its end stands for anything."""
    return any(
        kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted
        for wanted in events
    )


def may_hear(client: Client | None, account: str, kind: str) -> bool:
    """Whether the client may be told that of the account now.

    Messages of an account's readers are as good as read through the relay.
    """
    if client is None or account not in client.accounts:
        return False
    return not kind.startswith("wechat.") or client.may(Scope.RELAY_READ, Scope.ADMIN)


def _job(row: JobHead, state: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "account": row.account,
        "state": state,
        "action": row.action,
        "title": row.title and row.title[:_TITLE_CHARS],
        "created_at": rfc3339(row.created_at),
    }


def _result(result: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: result[name] for name in _TOLD_OF_RESULT if result.get(name)} if result else None


def _error(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """In both languages: who will read it is not known."""
    return {name: error[name] for name in _TOLD_OF_ERROR if name in error} if error else None
