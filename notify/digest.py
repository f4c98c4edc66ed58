from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, cast, get_args
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.errors import GatewayError, Language
from core.ids import new_id
from notify import aftermath
from notify.delivery import ChannelFacts
from notify.events import EVENTS
from notify.message import Severity
from notify.outbox import content_of
from notify.settings import NotifySettings
from notify.wording import Worded, title_of
from store import digests
from store import notifications as rows
from store.digests import HeldGroup
from store.engine import Database
from store.notifications import NotificationRow

_SHOWN = 30
_SUBJECT_CHARS = 120
_MARKUP = str.maketrans("[]<>`", "［］＜＞'")
_RANKS: tuple[Severity, ...] = get_args(Severity)

# What a digest carries: event, severity, account, and how many of them.
Tally = Sequence[tuple[str | None, str, str | None, int]]


class Channels(Protocol):
    """The channels there are; notify/channels.py has them."""

    def get(self, name: str) -> ChannelFacts:
        """The channel of that name. Raises a GatewayError where there is none."""
        ...


class Digests:
    """Lets what was held back go out together, as one message to each group of readers."""

    def __init__(
        self,
        database: Database,
        channels: Channels,
        *,
        settings: Callable[[], NotifySettings],
        clock: Clock,
    ) -> None:
        self._database = database
        self._channels = channels
        self._settings = settings
        self._clock = clock

    async def release(self) -> int:
        """Let out what has been held long enough; how many messages came of it.

        Several processes may ask at once: a row goes out by one of them.
        """
        now = self._clock()
        async with self._database.read() as connection:
            found = await digests.due(connection, now)
        made = 0
        for group in found:
            async with self._database.write() as connection:
                made += await self._release(connection, group, now)
        return made

    async def _release(self, connection: AsyncConnection, group: HeldGroup, now: float) -> bool:
        digest_id = new_id("ntf")
        count = await digests.gather(connection, group, digest_id, now)
        if count == 1:
            await digests.let_go(connection, digest_id, now)
        elif count:
            tally = await digests.tally(connection, digest_id)
            shown = await digests.newest(connection, digest_id, limit=_SHOWN)
            await rows.insert(connection, self._digest(digest_id, group, tally, shown, now))
        return count > 0

    def _digest(
        self,
        digest_id: str,
        group: HeldGroup,
        tally: Tally,
        shown: Sequence[NotificationRow],
        now: float,
    ) -> NotificationRow:
        language = self._language(group.channel)
        worded = digest_words(tally, shown, language, self._settings().time_zone)
        events = {event for event, *_ in tally}
        accounts = {account for _, _, account, _ in tally}
        return NotificationRow(
            id=digest_id,
            # So that the end of a digest of failures is no failure to be told of.
            event=aftermath.EVENT if events == {aftermath.EVENT} else None,
            severity=max((severity for _, severity, _, _ in tally), key=_RANKS.index),
            account=accounts.pop() if len(accounts) == 1 else None,
            channel=group.channel,
            recipients=shown[-1].recipients,
            content=content_of(worded),
            content_hash=group.held_with,
            next_at=now,
            created_at=now,
        )

    def _language(self, channel: str) -> Language:
        try:
            return self._channels.get(channel).language
        except GatewayError:  # removed meanwhile: that is what its end will say
            return "zh"


def digest_words(
    tally: Tally, shown: Sequence[NotificationRow], language: Language, zone: str
) -> Worded:
    """How many of what, and the newest of them, a line each."""
    total = sum(count for *_, count in tally)
    subject = f"{total} 条通知" if language == "zh" else f"{total} notifications"
    heads = [f"{title} × {count}" for title, count in _by_title(tally, language)]
    lines = [_line(row, language, zone) for row in shown]
    left = total - len(shown)
    if left:
        lines.insert(
            0, f"……（更早的 {left} 条略）" if language == "zh" else f"… {left} earlier ones"
        )
    return Worded(
        subject=subject,
        text="\n".join([subject, *heads, "", *lines]),
        markdown="\n".join(
            [
                f"**{subject}**",
                "",
                *(f"- {head}" for head in heads),
                "",
                *(f"- {line}" for line in lines),
            ]
        ),
        variables={"count": str(total)},
    )


def _by_title(tally: Tally, language: Language) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    worst: dict[str, int] = {}
    for event, severity, _, count in tally:
        title = _title(event, language)
        counts[title] = counts.get(title, 0) + count
        worst[title] = max(worst.get(title, 0), _RANKS.index(cast(Severity, severity)))
    return sorted(counts.items(), key=lambda each: (-worst[each[0]], -each[1], each[0]))


def _line(row: NotificationRow, language: Language, zone: str) -> str:
    at = datetime.fromtimestamp(row.created_at, ZoneInfo(zone)).strftime("%m-%d %H:%M")
    data = row.content.get("data", {})
    about = row.content.get("subject") or data.get("title") or data.get("key") or ""
    parts = (
        at,
        _title(row.event, language, over=bool(data.get("over"))),
        row.account or "",
        _plain(str(about)),
    )
    return " ".join(filter(None, parts))


def _plain(text: str) -> str:
    """What somebody called something, as one line that no chat takes for markup."""
    return " ".join(text[:_SUBJECT_CHARS].translate(_MARKUP).split())


def _title(event: str | None, language: Language, *, over: bool = False) -> str:
    if event not in EVENTS:
        return "消息" if language == "zh" else "message"
    return title_of(event, language, over=over)
