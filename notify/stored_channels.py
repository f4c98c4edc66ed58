from collections.abc import Callable, Mapping

import structlog

from notify.channel_errors import ChannelInvalid, ChannelLocked
from notify.channel_forms import checked, read_back
from notify.channel_settings import ChannelSettings
from notify.channels import Channels
from notify.kinds import Kind
from store import channels as rows
from store.channels import ChannelRow
from store.engine import Database

log = structlog.get_logger(__name__)

# What was sealed in a row, or None if it does not open.
Opens = Callable[[ChannelRow], bytes | None]


class StoredChannels:
    """Brings the channels level with the store."""

    def __init__(self, database: Database, opens: Opens, channels: Channels) -> None:
        self._database = database
        self._opens = opens
        self._channels = channels

    async def load(self) -> None:
        """Hand the store's channels over, in place of those it had before.

        One that does not open is locked; the others do not suffer for it.
        """
        async with self._database.read() as connection:
            stored = await rows.channels(connection)
        opened = {row.name: self._opened(row) for row in stored}
        self._channels.replace_stored(
            [settings for settings in opened.values() if settings is not None],
            [name for name, settings in opened.items() if settings is None],
        )

    def _opened(self, row: ChannelRow) -> ChannelSettings | None:
        try:
            return settings_of(row, self._opens, self._channels.kinds)
        except (ChannelLocked, ChannelInvalid) as exc:
            log.error("channel not read", channel=row.name, reason=str(exc))  # noqa: TRY400
            return None


def settings_of(row: ChannelRow, opens: Opens, kinds: Mapping[str, Kind]) -> ChannelSettings:
    """The settings that were sealed in a row.

    Raises ChannelLocked, and ChannelInvalid of what a newer wxgate wrote, or somebody by hand.
    """
    kept = opens(row)
    if kept is None:
        raise ChannelLocked(channel=row.name)
    return checked(read_back(kept), kinds)
