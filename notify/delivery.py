import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.awake import is_set_within
from core.clock import Clock
from core.errors import GatewayError, Language
from core.metrics import Metrics
from core.tasks import TaskSet
from notify import outcome
from notify.aftermath import tell_of_failure
from notify.channel_errors import ChannelResting
from notify.message import Message
from notify.outcome import End
from notify.sender import DeliveryUnknown, NotDelivered, Resting, Sender
from notify.settings import NotifySettings
from notify.wording import Words
from notify.writing import message_of
from store import sending, uploads
from store.engine import Database, StorageUnavailable
from store.for_ever import survive
from store.notifications import NotificationRow
from store.sending import Lease

log = structlog.get_logger(__name__)

_LEASE_MARGIN_S = 30.0  # beyond the time of an attempt; then it counts as lost
_GRACE_S = 15.0  # for what is being sent when we are asked to stop
_LOST = DeliveryUnknown("the process that sent it has ended, or stood still")
_RECORD_AGAIN_S = (0.5, 2.0, 5.0)  # what came of a mail is not asked twice


class ChannelFacts(Protocol):
    """What is to be known of a channel to send by it."""

    @property
    def language(self) -> Language:
        """Of what it says."""
        ...


class Channels(Protocol):
    """The channels there are; notify/channels.py has them."""

    def get(self, name: str) -> ChannelFacts:
        """The channel of that name. Raises a GatewayError where there is none."""
        ...

    def sender(self, name: str) -> Sender:
        """What sends by it; it belongs to the channel.

        Raises a GatewayError where there is no such channel, or it is disabled.
        """
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """What a notification goes through on its way."""

    channels: Channels
    words: Words
    metrics: Metrics


class Delivery:
    """Sends notifications; several processes share them, and a channel holds up no other.

    An attempt is written down before it is made. One that has no end when its time is over was
    begun by a process that is gone, or stopped: it may have reached its reader. Such a mail is
    never sent again by itself; what is `repeatable` is.
    """

    def __init__(
        self,
        database: Database,
        way: Way,
        *,
        owner: str,
        settings: Callable[[], NotifySettings],
        clock: Clock,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`owner` names this process among all that ever send."""
        self._database = database
        self._way = way
        self._owner = owner
        self._settings = settings
        self._clock = clock
        self._uniform = uniform
        self._sending: Counter[str] = Counter()  # by channel
        self._rests: dict[str, float] = {}  # channels that want to, and until when
        self._work = TaskSet()
        self._loops: list[asyncio.Task[None]] = []
        self._awake = asyncio.Event()
        self._stopping = False

    async def __aenter__(self) -> Self:
        """Start to send."""
        self._loops = [self._work.start(self._send_for_ever(), name="notifications: send")]
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Begin nothing more; what is under way may end.

        What is cut off had perhaps been claimed and not begun: a mail would wait for a person.
        """
        self._stopping = True
        self.wake()
        try:
            async with asyncio.timeout(_GRACE_S):
                await asyncio.wait(self._loops)
                while self._sending:
                    self._awake.clear()
                    await self._awake.wait()
        except TimeoutError:
            log.warning("notifications cut short", channels=sorted(self._sending))
        await self._work.aclose()

    def wake(self) -> None:
        """Look now; call it after a commit that wrote one down."""
        self._awake.set()

    async def _send_for_ever(self) -> None:
        while not self._stopping:
            self._awake.clear()
            away = "notifications wait for the database"
            await survive(self._send_due, away=away, failed="notifications failed")
            await is_set_within(self._awake, self._settings().sweep_s)

    async def find_lost(self) -> None:
        """See to attempts whose process never said what came of them."""
        now = self._clock()
        async with self._database.read() as connection:
            if not await sending.any_lost(connection, now):
                return
        async with self._database.write() as connection:
            for row in await sending.lost(connection, now):
                await self._record(connection, row, outcome.unknown(now, _LOST))

    async def _send_due(self) -> None:
        await self.find_lost()
        settings, now = self._settings(), self._clock()
        self._rests = {name: until for name, until in self._rests.items() if until > now}
        busy = [name for name, count in self._sending.items() if count >= settings.concurrency]
        busy += self._rests
        async with self._database.read() as connection:
            due = await sending.channels_due(connection, now, busy=busy)
        for channel in due:
            async with self._database.write() as connection:
                claimed = await sending.claim(
                    connection,
                    channel,
                    Lease(self._owner, now, now + settings.timeout_s + _LEASE_MARGIN_S),
                    limit=settings.concurrency - self._sending[channel],
                    per_minute=settings.per_minute,
                )
            for row in claimed:
                self._sending[channel] += 1
                self._work.start(self._send(row), name=f"notification {row.id}")

    async def _send(self, row: NotificationRow) -> None:
        try:
            await self._keep(row, await self._attempt(row))
        finally:
            self._sending[row.channel] -= 1
            if not self._sending[row.channel]:
                del self._sending[row.channel]
            self.wake()

    async def _attempt(self, row: NotificationRow) -> End:
        """Hand it to its sender; what came of that."""
        handed = False
        try:
            sender = self._way.channels.sender(row.channel)
            async with asyncio.timeout(self._settings().timeout_s) as patience:
                message, written = await self._message(row)
                self._check_time(row)
                await self._take_longer(row, message.carry_s, patience)
                handed = True
                receipt = await sender.send(message)
            return outcome.sent(self._clock(), receipt, written)
        except Resting as exc:
            end = outcome.none_made(self._clock(), exc)
            self._rests[row.channel] = end.ended.at + end.after_s
            return end
        except NotDelivered as exc:
            return outcome.failed(self._clock(), exc)
        except DeliveryUnknown as exc:
            return outcome.unknown(self._clock(), exc)
        except GatewayError as exc:
            # Of the channel, or of our store: senders raise none.
            final = not exc.retryable
            return outcome.failed(self._clock(), NotDelivered(outcome.in_words(exc), final=final))
        except TimeoutError:
            reason = "it took too long"
        except Exception:
            log.exception("sender failed", channel=row.channel)
            reason = "a fault of the gateway's"
        if handed:
            return outcome.unknown(self._clock(), DeliveryUnknown(reason))
        return outcome.failed(self._clock(), NotDelivered(reason))

    def _check_time(self, row: NotificationRow) -> None:
        """Finding the words may have taken long, or the machine slept. Raises NotDelivered."""
        if self._clock() >= row.next_at - _LEASE_MARGIN_S:
            raise NotDelivered("there was no time left to send it")

    async def _take_longer(
        self, row: NotificationRow, more_s: float, patience: asyncio.Timeout
    ) -> None:
        """What is large needs longer, and nobody is to take it for lost meanwhile.

        Raises NotDelivered, where somebody has, and StorageUnavailable.
        """
        if not more_s:
            return
        allowed_s = self._settings().timeout_s + more_s
        until = self._clock() + allowed_s + _LEASE_MARGIN_S
        async with self._database.write() as connection:
            if not await sending.prolong(connection, row, until):
                raise NotDelivered("it was taken for lost before it was sent")
        patience.reschedule(asyncio.get_running_loop().time() + allowed_s)

    async def _message(self, row: NotificationRow) -> tuple[Message, Mapping[str, Any]]:
        language = self._way.channels.get(row.channel).language
        async with self._database.read() as connection:
            files = await uploads.attached(connection, row.id)
        return await message_of(row, files, self._way.words, language)

    async def _keep(self, row: NotificationRow, ended: End) -> None:
        for pause_s in _RECORD_AGAIN_S:
            try:
                async with self._database.write() as connection:
                    await self._record(connection, row, ended)
            except StorageUnavailable as exc:
                log.warning("attempt not recorded", notification=row.id, reason=str(exc))
                await asyncio.sleep(pause_s)
            else:
                return

    async def _record(self, connection: AsyncConnection, row: NotificationRow, end: End) -> None:
        if end.uncounted:
            await sending.undo(connection, row, next_at=end.ended.at + end.after_s)
            await self._give_up(connection, row.channel, end)
            return
        values = outcome.what_follows(
            *(row, end, self._settings().retry_after_s),
            repeatable=self._repeatable(row),
            uniform=self._uniform,
        )
        if not await sending.end(connection, row, end.ended, **values):
            return
        state = values["state"]
        if state in ("dead", "needs_review"):
            await tell_of_failure(connection, row, values, end.ended.at)
        came = "failed" if state == "pending" else state
        self._way.metrics.notifications.labels(row.channel, came).inc()
        log.info("notification tried", notification=row.id, channel=row.channel, outcome=came)

    async def _give_up(self, connection: AsyncConnection, channel: str, end: End) -> None:
        """The channel rests. What waited too long for it while it sent nothing waits no more."""
        now, give_up_s = end.ended.at, self._settings().give_up_s
        hours = round(give_up_s / 3_600)
        why = ChannelResting(channel=channel, hours=hours, reason=end.ended.error)
        values: dict[str, Any] = {
            "state": "dead",
            "error": outcome.in_words(why),
            "done_at": now,
        }
        given_up = await sending.give_up(connection, channel, before=now - give_up_s, **values)
        for row in given_up:
            await tell_of_failure(connection, row, values, now)
            self._way.metrics.notifications.labels(channel, "dead").inc()
        if given_up:
            log.error("notifications given up", channel=channel, count=len(given_up))

    def _repeatable(self, row: NotificationRow) -> bool:
        try:
            return self._way.channels.sender(row.channel).repeatable
        except GatewayError:
            return False
