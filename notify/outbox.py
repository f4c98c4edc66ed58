import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.ids import new_id
from notify.events import EVENTS, EventName
from notify.message import Severity
from notify.settings import NotifySettings
from notify.wording import Worded
from store import locks, uploads
from store import notifications as rows
from store.notifications import NotificationRow
from store.uploads import UploadRow

WHOM = ("to", "cc", "bcc", "only", "mention")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotification:
    """Something to be told by one channel.

    `content` is what `worded` makes of words that are there already; or `{"data": …}` of an
    `event`: its words are found when it is sent.
    """

    channel: str
    content: Mapping[str, Any] = field(repr=False)
    to: tuple[str, ...] = ()  # empty: the channel's own
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    only: tuple[str, ...] = ()  # of them, whom it is still to reach; empty: all
    mention: tuple[str, ...] = ()
    severity: Severity = "info"
    client_id: str | None = None  # who asks for it; None: we do
    event: EventName | None = None
    account: str | None = None
    alert_id: str | None = None
    template: str | None = None
    template_version: int | None = None
    dedupe_key: str | None = None  # those of one key are one, for notify.dedupe_s
    hold_until: float | None = None  # Unix time: not before then, and with others that are held
    resend_of: str | None = None  # a resend is never taken for a repetition
    key_hash: str | None = None  # of the caller's Idempotency-Key
    body_hash: str | None = None
    files: Sequence[UploadRow] = ()

    @classmethod
    def of_event(cls, event: EventName, channel: str, data: Mapping[str, Any], **more: Any) -> Self:
        """What tells of an event, of its usual severity."""
        severity = more.pop("severity", EVENTS[event].severity)
        told = {"data": dict(data)}
        return cls(channel=channel, event=event, content=told, severity=severity, **more)

    def recipients(self) -> dict[str, list[str]]:
        """Whom it is for, as it is stored."""
        return {name: list(found) for name in WHOM if (found := getattr(self, name))}

    def held_with(self) -> str:
        """The same for those that may go out together."""
        return _digest_of([self.channel, self.recipients()])

    def row(self, now: float) -> NotificationRow:
        """Its row, to be sent now or when it is held no more."""
        recipients, content = self.recipients(), dict(self.content)
        held = self.hold_until is not None
        same = [self.channel, recipients, self.event, content, [each.sha256 for each in self.files]]
        return NotificationRow(
            id=new_id("ntf"),
            client_id=self.client_id,
            event=self.event,
            severity=self.severity,
            account=self.account,
            alert_id=self.alert_id,
            channel=self.channel,
            recipients=recipients,
            template=self.template,
            template_version=self.template_version,
            content=content,
            dedupe_key=self.dedupe_key,
            content_hash=_digest_of(same),
            state="held" if held else "pending",
            next_at=now if self.hold_until is None else self.hold_until,
            held_with=self.held_with() if held else None,
            resend_of=self.resend_of,
            key_hash=self.key_hash,
            body_hash=self.body_hash,
            created_at=now,
        )


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a new one. Where it says what another one did, that one's id stands here."""

    id: str
    state: str  # pending, held, suppressed
    is_new: bool


class Notifications:
    """Takes notifications in, within the transaction that makes what they tell of true.

    `notify.delivery` sends them afterwards; call `wake` after the commit.
    """

    def __init__(
        self,
        settings: Callable[[], NotifySettings],
        wake: Callable[[], None],
        *,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self.wake = wake
        self._clock = clock

    async def add(self, connection: AsyncConnection, new: NewNotification) -> Added:
        """Keep it, unless it was told already, by its key or its words.

        A client's repetition is kept as `suppressed`, since it has an id to be asked for. An
        Idempotency-Key that was used gives what was made under it.
        """
        await locks.serialize(connection, "notifications")  # two that are the same come at once
        if new.key_hash and (made := await rows.made_by(connection, new.key_hash)) is not None:
            return Added(made.id, made.state, is_new=False)
        row = new.row(self._clock())
        earlier = await self._earlier(connection, row)
        if earlier is not None and new.client_id is None:
            return Added(earlier, "suppressed", is_new=False)
        if earlier is not None:
            row = replace(row, state="suppressed", digest_id=earlier, done_at=row.created_at)
        await rows.insert(connection, row)
        await uploads.attach(connection, row.id, new.files, now=row.created_at)
        return Added(row.id, row.state, is_new=True)

    async def _earlier(self, connection: AsyncConnection, row: NotificationRow) -> str | None:
        if row.resend_of is not None:
            return None
        settings, found = self._settings(), None
        whose = (connection, row.channel, row.client_id)
        if row.dedupe_key is not None and settings.dedupe_s:
            since = row.created_at - settings.dedupe_s
            found = await rows.repeated(*whose, since=since, key=row.dedupe_key)
        # Of an alert each message is worth one, though it says what another said a moment ago.
        if found is None and settings.dedupe_content_s and row.alert_id is None:
            since = row.created_at - settings.dedupe_content_s
            found = await rows.repeated(*whose, since=since, content_hash=row.content_hash)
        return found


def content_of(worded: Worded, url: str = "") -> dict[str, Any]:
    """Words that are there, as `content`."""
    return {
        "subject": worded.subject,
        "text": worded.text,
        "markdown": worded.markdown,
        "html": worded.html,
        "variables": dict(worded.variables),
        "url": url,
    }


def _digest_of(what: Any) -> str:
    text = json.dumps(what, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
