from collections.abc import Iterable, Mapping
from typing import Protocol

from core.tasks import TaskSet
from notify.channel_errors import ChannelDisabled, ChannelLocked, ChannelUnknown
from notify.channel_settings import ChannelSettings
from notify.kept_sender import KeptSender
from notify.kinds import KINDS, Kind, Means
from notify.sender import Sender


class Senders(Protocol):
    """Finds the sender of a channel; `Channels` does."""

    def sender(self, name: str) -> Sender:
        """Raises ChannelUnknown, ChannelLocked, ChannelDisabled."""
        ...


class Channels:
    """All ways to people, by name: those of the file, and of the store.

    Where both have one name, the file's counts alone. A channel's sender is made when it is first
    asked for, and kept until its settings change.
    """

    def __init__(
        self,
        in_file: Iterable[ChannelSettings],
        means: Means,
        *,
        kinds: Mapping[str, Kind] = KINDS,
    ) -> None:
        self.kinds = kinds
        self._means = means
        self._stored: tuple[ChannelSettings, ...] = ()
        self._locked: frozenset[str] = frozenset()
        self._senders: dict[str, KeptSender] = {}
        self._retiring = TaskSet()
        self.replace_file(in_file)

    def replace_file(self, channels: Iterable[ChannelSettings]) -> None:
        """Let `channels` stand for all that came from the file before, at one stroke."""
        self._in_file = {channel.name: channel for channel in channels}
        self._join()

    def replace_stored(
        self, channels: Iterable[ChannelSettings], locked: Iterable[str] = ()
    ) -> None:
        """Let `channels` stand for all that came from the store before, at one stroke.

        `locked` are the names of those that do not open.
        """
        self._stored, self._locked = tuple(channels), frozenset(locked)
        self._join()

    def _join(self) -> None:
        self._channels = {each.name: each for each in self._stored} | self._in_file
        for name, kept in list(self._senders.items()):
            if self._channels.get(name) != kept.settings:
                del self._senders[name]
                self._retiring.start(kept.retire(), name="retire a sender")

    def in_file(self, name: str) -> bool:
        """Whether the file has a channel of that name; the store cannot change it."""
        return name in self._in_file

    def all(self) -> tuple[ChannelSettings, ...]:
        """Those that can be used, disabled ones too, by name."""
        return tuple(self._channels[name] for name in sorted(self._channels))

    def get(self, name: str) -> ChannelSettings:
        """One of them. Raises ChannelUnknown, ChannelLocked."""
        if (found := self._channels.get(name)) is not None:
            return found
        if name in self._locked:
            raise ChannelLocked(channel=name)
        raise ChannelUnknown(channel=name[:64])

    def kind(self, name: str) -> Kind:
        """What its type can do. Raises ChannelUnknown, ChannelLocked."""
        return self.kinds[self.get(name).type]

    def for_client(self, name: str, client_id: str) -> ChannelSettings:
        """One that this client may send by. Raises ChannelUnknown, ChannelLocked."""
        found = self.get(name)
        if not found.serves(client_id):
            raise ChannelUnknown(channel=name[:64])
        return found

    def sender(self, name: str) -> Sender:
        """What sends by it. Raises ChannelUnknown, ChannelLocked, ChannelDisabled."""
        settings = self.get(name)
        if not settings.enabled:
            raise ChannelDisabled(channel=name)
        if (kept := self._senders.get(name)) is None:
            kind = self.kinds[settings.type]
            kept = KeptSender(
                kind.make(settings, self._means), settings, self._means.windows, kind.rate
            )
            self._senders[name] = kept
        return kept

    async def aclose(self) -> None:
        """Close all senders."""
        await self._retiring.aclose()
        for kept in self._senders.values():
            await kept.aclose()
        self._senders.clear()
