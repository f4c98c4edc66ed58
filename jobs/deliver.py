import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Protocol, Self

import structlog

from accounts.master_key import Sealer
from accounts.webhook_secrets import webhook_aad
from core.clock import Clock
from core.errors import GatewayError
from core.metrics import Metrics
from core.tasks import TaskSet
from jobs.announce import TEST, may_hear
from jobs.push_settings import WebhookSettings
from jobs.rights import LiveClient
from notify.senders.webhook_signing import signed_headers
from store import deliveries, events, webhooks
from store.deliveries import DeliveryRow
from store.engine import Database, StorageUnavailable
from store.for_ever import for_ever
from store.webhooks import WebhookRow

log = structlog.get_logger(__name__)

_LEASE_MARGIN_S = 30.0  # beyond its timeout; then another process may try
_TIDY_EVERY_S = 3_600.0
_AT_ONCE_TO_ONE = 2  # so that one slow receiver does not hold the others up


class Posts(Protocol):
    """Sends a body to an address; `fetch.post` does, under its guard."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The HTTP status of the answer. Raises a GatewayError where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """What a delivery goes through on its way."""

    posts: Posts
    sealer: Sealer
    live_client: LiveClient
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a delivery did not arrive."""

    reason: str
    gone: bool = False  # the receiver says that it wants nothing more
    final: bool = False  # trying again would not help


class Deliveries:
    """Sends what `jobs.announce` wrote down, again and again until somebody took it.

    A delivery is a row; several processes share them by claim, and one that dies leaves its own to
    the others after a while. So a receiver may get a message twice, under the same `webhook-id`.
    """

    def __init__(
        self,
        database: Database,
        way: Way,
        *,
        settings: WebhookSettings,
        keep_events_s: float,
        clock: Clock,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._database = database
        self._way = way
        self._settings = settings
        self._keep_events_s = keep_events_s
        self._clock = clock
        self._uniform = uniform
        self._sending: Counter[str] = Counter()  # by webhook
        self._work = TaskSet()
        self._loops = TaskSet()
        self._awake = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start to send."""
        sending = for_ever(
            self._send_due,
            every_s=self._settings.sweep_s,
            awake=self._awake,
            away="webhooks wait for the database",
            failed="webhooks failed",
        )
        self._loops.start(sending, name="webhooks: send")
        tidying = for_ever(self._tidy, every_s=_TIDY_EVERY_S, failed="webhooks not tidied")
        self._loops.start(tidying, name="webhooks: housekeeping")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Send no more; what is under way is sent again by whoever comes next."""
        await self._loops.aclose()
        await self._work.aclose()

    def wake(self) -> None:
        """Look now; call it after a commit that wrote one down."""
        self._awake.set()

    async def _send_due(self) -> None:
        free = self._settings.concurrency - self._sending.total()
        if free <= 0:
            return
        now = self._clock()
        busy = [hook for hook, count in self._sending.items() if count >= _AT_ONCE_TO_ONE]
        async with self._database.read() as connection:
            due = await deliveries.webhooks_due(connection, now, busy=busy, limit=free)
        until = now + self._settings.timeout_s + _LEASE_MARGIN_S
        for webhook_id in due:
            room = min(
                _AT_ONCE_TO_ONE - self._sending[webhook_id],
                self._settings.concurrency - self._sending.total(),
            )
            if room <= 0:
                continue
            async with self._database.write() as connection:
                hook = await webhooks.get(connection, webhook_id)
                rows = await deliveries.claim(
                    connection, webhook_id, now=now, until=until, limit=room
                )
            if hook is None:
                continue  # removed meanwhile, with its deliveries
            for row in rows:
                self._sending[webhook_id] += 1
                self._work.start(self._send(hook, row), name=f"delivery {row.id}")

    async def _send(self, hook: WebhookRow, row: DeliveryRow) -> None:
        try:
            await self._record(hook, row, await self._error(hook, row))
        except StorageUnavailable as exc:
            log.warning("delivery not recorded", delivery=row.id, reason=str(exc))
        finally:
            self._sending[hook.id] -= 1
            if not self._sending[hook.id]:
                del self._sending[hook.id]
            self.wake()

    async def _error(self, hook: WebhookRow, row: DeliveryRow) -> _Failure | None:
        """Send it; why it did not arrive, None if it did."""
        secret = self._way.sealer.open(hook.sealed, aad=webhook_aad(hook.id))
        if secret is None:
            return _Failure("the master key does not open its secret", final=True)
        if not self._may_hear(hook, row):
            return _Failure("its client may not hear of that any more", final=True)
        body = json.dumps(row.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = signed_headers(secret.decode(), row.id, int(self._clock()), body)
        try:
            status = await self._way.posts.post(hook.url, body, headers)
        except GatewayError as exc:
            return _Failure(exc.code)
        if status // 100 == 2:
            return None
        return _Failure(f"HTTP {status}", gone=status == HTTPStatus.GONE)

    def _may_hear(self, hook: WebhookRow, row: DeliveryRow) -> bool:
        client = self._way.live_client(hook.client_id)
        if row.type == TEST:
            return client is not None
        return may_hear(client, str(row.body["data"]["account"]), row.type)

    async def _record(self, hook: WebhookRow, row: DeliveryRow, failure: _Failure | None) -> None:
        now, pauses = self._clock(), self._settings.retry_after_s
        async with self._database.write() as connection:
            if failure is None:
                values = {"state": "delivered", "error": None, "done_at": now}
                outcome = "delivered"
            elif failure.final or failure.gone or row.attempts > len(pauses):
                values = {"state": "dead", "error": failure.reason, "done_at": now}
                outcome = "dead"
            else:
                pause_s = pauses[row.attempts - 1]
                next_at = now + self._uniform(pause_s, pause_s * 1.2)
                values = {"error": failure.reason, "next_at": next_at}
                outcome = "failed"
            await deliveries.settle(connection, row, **values)
            if failure is not None and outcome == "dead" and not failure.final:
                reached = await deliveries.reached_since(connection, hook.id, row.created_at)
                if failure.gone or not reached:
                    await webhooks.change(connection, hook.id, {"state": "disabled"}, now)
                    await deliveries.give_up(connection, hook.id, "webhook disabled", now)
                    log.error("webhook disabled", webhook=hook.id, client=hook.client_id)
        self._way.metrics.deliveries.labels(outcome).inc()
        log.info("delivery tried", webhook=hook.id, delivery=row.id, outcome=outcome)

    async def _tidy(self) -> None:
        now = self._clock()
        async with self._database.write() as connection:
            await deliveries.purge(connection, before=now - self._settings.keep_s)
            await events.purge(connection, before=now - self._keep_events_s)
