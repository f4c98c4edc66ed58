"""A stand for notifications: channels that record what they get, and a clock that stands still."""

import asyncio
from collections import defaultdict
from typing import Any, ClassVar

from core.errors import GatewayError, Language, Text
from core.ids import new_id
from core.metrics import Metrics
from notify.alerting.alerts import Alerts
from notify.alerting.settings import AlertSettings
from notify.delivery import Delivery, Way
from notify.digest import Digests
from notify.happening import Happening, row_of
from notify.message import Message
from notify.outbox import Added, NewNotification, Notifications
from notify.routing import Routing
from notify.sender import NotDelivered, Receipt
from notify.settings import NotifySettings
from notify.wording import Worded, plain_words
from store import happenings
from store import notifications as rows
from store.engine import Database
from store.notifications import AttemptRow, NotificationRow
from store.tables import notification

PAUSES = (10.0, 100.0)


class NoSuchChannel(GatewayError):
    """There is no such channel."""

    code = "channel_unknown"
    message = Text("没有", "none")


class Recorder:
    """A Sender that keeps what it gets, and ends as it is told to."""

    repeatable: ClassVar[bool] = False

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.ends: list[Exception | None] = []  # of the next ones; then all is well
        self.hold: asyncio.Event | None = None
        self.reference = "ref"
        self.at_once = self.most_at_once = 0

    async def send(self, message: Message) -> Receipt:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.got.append(message)
            if self.hold is not None:
                await self.hold.wait()
            end = self.ends.pop(0) if self.ends else None
            if end is not None:
                raise end
            return Receipt(by="account-1", reference=f"{self.reference}-{len(self.got)}")
        finally:
            self.at_once -= 1

    async def aclose(self) -> None:
        pass


class Repeating(Recorder):
    """One whose second message is no harm."""

    repeatable = True


class Facts:
    language: Language = "zh"


class Ways:
    """Channels by name; `robot` repeats, any other does not."""

    def __init__(self) -> None:
        self.senders: dict[str, Recorder] = defaultdict(Recorder, robot=Repeating())

    def get(self, name: str) -> Facts:
        if name == "gone":
            raise NoSuchChannel
        return Facts()

    def sender(self, name: str) -> Recorder:
        self.get(name)
        return self.senders[name]


class PlainWords:
    """Words without templates."""

    async def of_event(self, event: Any, data: Any, language: Language) -> Worded:
        return plain_words(event, data, language)

    async def of_template(self, reference: str, variables: Any, language: Language) -> Worded:
        del variables, language
        raise AssertionError(reference)


class Desk:
    """All of notify on one store; `other()` is another process of the same."""

    def __init__(self, database: Database, **how: Any) -> None:
        self.database = database
        self.now = 1_794_971_200.0  # 2026-11-18 11:06:40 in Shanghai
        self.settings = NotifySettings(**{"sweep_s": 0.01, "retry_after_s": PAUSES, **how})
        self.ways = Ways()
        self.metrics = Metrics()
        self.notifications = Notifications(
            lambda: self.settings, lambda: None, clock=lambda: self.now
        )
        current: Any = {"settings": lambda: self.settings, "clock": lambda: self.now}
        self.routing = Routing(
            database,
            self.notifications,
            Alerts(AlertSettings),
            self.metrics,
            public_url="https://gate.test/",
            **current,
        )
        self.digests = Digests(database, self.ways, **current)

    def delivery(self, owner: str = "me") -> Delivery:
        return Delivery(
            *(self.database, Way(self.ways, PlainWords(), self.metrics)),
            owner=owner,
            settings=lambda: self.settings,
            clock=lambda: self.now,
            uniform=lambda low, _high: low,
        )

    async def add(self, channel: str = "mail", text: str = "", **values: Any) -> Added:
        said = text or new_id("text")
        new = NewNotification(
            channel=channel,
            content={"subject": said, "text": said},
            **{"client_id": "blog", **values},
        )
        async with self.database.write() as connection:
            return await self.notifications.add(connection, new)

    async def happen(self, event: Any = "job.failed", key: str = "", **values: Any) -> None:
        happening = Happening(event=event, key=key or new_id("job"), **values)
        async with self.database.write() as connection:
            await happenings.insert(connection, [row_of(happening, self.now)])

    async def get(self, notification_id: str) -> NotificationRow:
        async with self.database.read() as connection:
            found = await rows.get(connection, notification_id)
        assert found is not None
        return found

    async def attempts(self, notification_id: str) -> list[AttemptRow]:
        async with self.database.read() as connection:
            return await rows.attempts(connection, notification_id)

    async def all(self, **equal: Any) -> list[NotificationRow]:
        query = notification.select().order_by(notification.c.id)
        for name, value in equal.items():
            query = query.where(notification.c[name] == value)
        async with self.database.read() as connection:
            return [rows.row_of(found) for found in await connection.execute(query)]

    async def until(self, notification_id: str, state: str, attempts: int = 0) -> NotificationRow:
        """The notification once it is in that state, and nobody is sending it."""
        async with asyncio.timeout(30):
            while True:
                found = await self.get(notification_id)
                if (
                    found.state == state
                    and found.attempts >= attempts
                    and found.lease_owner is None
                ):
                    return found
                await asyncio.sleep(0.01)

    async def told(self) -> list[str]:
        """The events that nobody was told of yet."""
        async with self.database.write() as connection:
            return [row.event for row in await happenings.take(connection, limit=99_999)]


def refused(reason: str = "550 no such user", **how: Any) -> NotDelivered:
    return NotDelivered(reason, **how)
