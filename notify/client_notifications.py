from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from notify.attachment import MAX_MESSAGE_BYTES
from notify.channel_errors import ChannelDisabled
from notify.channel_settings import ChannelSettings
from notify.errors import (
    AttachmentsTooLarge,
    AttachmentUnknown,
    ChannelTakesNone,
    NotificationUnderway,
    NotificationUnknown,
    RecipientForbidden,
    RecipientInvalid,
)
from notify.kinds import Kind
from notify.message import Severity
from notify.outbox import NewNotification, Notifications, content_of
from notify.wording import Worded, Words
from store import notification_lists, uploads
from store import notifications as rows
from store.engine import Database
from store.notification_lists import NotificationFilter
from store.notifications import OPEN_STATES, AttemptRow, NotificationRow
from store.uploads import UploadRow

_CARRIED_OVER = (
    *("client_id", "event", "account", "alert_id"),
    *("template", "template_version", "content"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client wants to be sent: a template's words, or its own."""

    client_id: str
    channel: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    mention: tuple[str, ...] = ()
    template: str | None = None  # name or name@version
    variables: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    text: str = ""
    markdown: str = ""
    url: str = ""
    attachments: tuple[str, ...] = ()  # ids of uploads
    severity: Severity = "info"
    account: str | None = None
    dedupe_key: str | None = None
    key_hash: str | None = None
    body_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A notification, and what became of it so far."""

    row: NotificationRow
    attempts: Sequence[AttemptRow]
    files: Sequence[str]


class Channels(Protocol):
    """The channels there are; notify/channels.py has them."""

    def for_client(self, name: str, client_id: str) -> ChannelSettings:
        """One that this client may send by. Raises a GatewayError."""
        ...

    def kind(self, name: str) -> Kind:
        """What its type can do. Raises a GatewayError."""
        ...


class ClientNotifications:
    """What clients have sent, and the history of all that was."""

    def __init__(
        self,
        database: Database,
        channels: Channels,
        words: Words,
        notifications: Notifications,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._channels = channels
        self._words = words
        self._notifications = notifications
        self._clock = clock

    async def made_by(self, key_hash: str) -> NotificationRow | None:
        """What was made under that Idempotency-Key."""
        async with self._database.read() as connection:
            return await rows.made_by(connection, key_hash)

    async def send(self, asked: Asked) -> NotificationRow:
        """Keep it; it survives a crash from the return on, and is sent soon.

        Raises ChannelUnknown, ChannelDisabled, ChannelTakesNone, RecipientInvalid,
        RecipientForbidden,
        AttachmentUnknown, AttachmentsTooLarge, and what `Words.of_template` raises.
        """
        channel = self._channels.for_client(asked.channel, asked.client_id)
        self._check(channel, asked)
        if asked.template is None:
            worded = Worded(subject=asked.subject, text=asked.text, markdown=asked.markdown)
        else:
            worded = await self._words.of_template(
                asked.template, asked.variables, channel.language
            )
        async with self._database.write() as connection:
            files = await self._files(connection, asked)
            added = await self._notifications.add(connection, _new(asked, worded, files))
            row = await rows.get(connection, added.id)
        self._notifications.wake()
        assert row is not None  # noqa: S101 - it was put there, in this transaction
        return row

    async def get(self, notification_id: str, client_id: str | None) -> Told:
        """One; with `client_id`, one of that client's. Raises NotificationUnknown."""
        async with self._database.read() as connection:
            row = await _found(connection, notification_id, client_id)
            attempts = await rows.attempts(connection, row.id)
            return Told(row, attempts, await rows.file_names(connection, row.id))

    async def page(
        self, wanted: NotificationFilter, *, before: str | None, limit: int
    ) -> tuple[Sequence[NotificationRow], str | None]:
        """Those that are wanted, newest first, and the cursor of the next page."""
        async with self._database.read() as connection:
            found = await notification_lists.page(
                connection, wanted, before=before, limit=limit + 1
            )
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    async def summary(self, wanted: NotificationFilter) -> dict[str, int]:
        """How many are in each state."""
        async with self._database.read() as connection:
            return await notification_lists.summary(connection, wanted)

    async def resend(self, notification_id: str, client_id: str | None) -> NotificationRow:
        """Send it once more, as a new one.

        Raises NotificationUnknown, NotificationUnderway, and with `client_id` ChannelUnknown,
        ChannelDisabled, RecipientForbidden: its channel may have been closed to it since.
        """
        async with self._database.write() as connection:
            seen = await _found(connection, notification_id, client_id)
            if seen.state in OPEN_STATES:
                raise NotificationUnderway(id=seen.id, state=seen.state)
            if client_id is not None:
                channel = self._channels.for_client(seen.channel, client_id)
                named = [
                    each for name in ("to", "cc", "bcc") for each in seen.recipients.get(name, ())
                ]
                _check_open(channel, named)
            whom: dict[str, Any] = {name: tuple(found) for name, found in seen.recipients.items()}
            same = {name: getattr(seen, name) for name in (*_CARRIED_OVER, "severity")}
            new = NewNotification(channel=seen.channel, resend_of=seen.id, **whom, **same)
            added = await self._notifications.add(connection, new)
            await rows.copy_files(connection, seen.id, added.id)
            row = await rows.get(connection, added.id)
        self._notifications.wake()
        assert row is not None  # noqa: S101 - as above
        return row

    def _check(self, channel: ChannelSettings, asked: Asked) -> None:
        kind, named = self._channels.kind(channel.name), (*asked.to, *asked.cc, *asked.bcc)
        for what, given, taken in (
            ("to", named, kind.takes_to),
            ("attachments", asked.attachments, kind.takes_files),
        ):
            if given and not taken:
                raise ChannelTakesNone(field=what, type=channel.type, what=what)
        _check_open(channel, named)

    async def _files(self, connection: AsyncConnection, asked: Asked) -> list[UploadRow]:
        found = await uploads.of_client(
            connection, asked.client_id, asked.attachments, now=self._clock()
        )
        for place, wanted in enumerate(asked.attachments):
            if wanted not in found:
                raise AttachmentUnknown(field=f"attachments[{place}]", id=wanted[:64])
        files = [found[wanted] for wanted in asked.attachments]
        if sum(each.size for each in files) > MAX_MESSAGE_BYTES:
            raise AttachmentsTooLarge(max_mb=MAX_MESSAGE_BYTES // 1_000_000)
        return files


def _check_open(channel: ChannelSettings, named: Iterable[str]) -> None:
    """Raises ChannelDisabled, RecipientInvalid, RecipientForbidden."""
    if not channel.enabled:
        raise ChannelDisabled(channel=channel.name)
    for recipient in named:
        if not channel.is_recipient(recipient):
            raise RecipientInvalid(channel=channel.name, recipient=recipient[:100])
        if not channel.may_reach(recipient):
            raise RecipientForbidden(channel=channel.name, recipient=recipient[:100])


def _new(asked: Asked, worded: Worded, files: Sequence[UploadRow]) -> NewNotification:
    same = ("client_id", "channel", "to", "cc", "bcc", "mention", "severity", "account")
    keys = ("dedupe_key", "key_hash", "body_hash")
    return NewNotification(
        content=content_of(worded, asked.url),
        template=worded.template,
        template_version=worded.template_version,
        files=files,
        **{name: getattr(asked, name) for name in (*same, *keys)},
    )


async def _found(
    connection: AsyncConnection, notification_id: str, client_id: str | None
) -> NotificationRow:
    row = await rows.get(connection, notification_id, client_id)
    if row is None:
        raise NotificationUnknown(id=notification_id[:64])
    return row
