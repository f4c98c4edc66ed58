import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from cache.windows import MemoryWindows
from notify.channel_errors import ChannelDisabled, ChannelLocked, ChannelUnknown
from notify.channel_settings import ChannelSettings
from notify.channels import Channels
from notify.happening import tell_nobody
from notify.kinds import Kind, Means
from notify.message import Message
from tests.notify.test_kept_sender import FakeSender

MESSAGE = Message(id="ntf_1", subject="s", text="t")


def fake(name: str = "ops", **said: Any) -> ChannelSettings:
    return ChannelSettings(name=name, type="fake", **said)


class World:
    """Channels of a kind that a test looks into."""

    def __init__(self) -> None:
        self.made: list[FakeSender] = []
        means = Means(None, None, tell_nobody, MemoryWindows(), lambda: 0.0)  # type: ignore[arg-type]
        self.channels = Channels([], means, kinds={"fake": Kind(ChannelSettings, self._make)})

    def _make(self, _settings: ChannelSettings, _means: Means) -> FakeSender:
        self.made.append(FakeSender())
        return self.made[-1]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.channels.aclose()


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0)


async def test_the_file_ranks_over_the_store(world: World) -> None:
    world.channels.replace_stored([fake(language="en"), fake("mail")])
    world.channels.replace_file([fake()])
    assert [each.name for each in world.channels.all()] == ["mail", "ops"]
    assert world.channels.get("ops").language == "zh"
    assert world.channels.in_file("ops")
    assert not world.channels.in_file("mail")
    world.channels.replace_file([])
    assert world.channels.get("ops").language == "en"


async def test_a_sender_is_kept_until_its_settings_change(world: World) -> None:
    world.channels.replace_file([fake(), fake("other")])
    first = world.channels.sender("ops")
    assert world.channels.sender("ops") is first
    world.channels.replace_file([fake(), fake("other", language="en")])
    assert world.channels.sender("ops") is first
    world.channels.replace_file([fake(language="en")])
    assert world.channels.sender("ops") is not first
    await until(lambda: world.made[0].closed)
    assert not world.made[1].closed


async def test_what_is_being_sent_ends_before_its_sender_is_closed(world: World) -> None:
    world.channels.replace_file([fake()])
    way = world.channels.sender("ops")
    world.made[0].go.clear()
    sending = asyncio.ensure_future(way.send(MESSAGE))
    await until(lambda: world.made[0].sent == 1)
    world.channels.replace_file([])
    for _ in range(5):
        await asyncio.sleep(0)
    assert not world.made[0].closed
    world.made[0].go.set()
    await sending
    await until(lambda: world.made[0].closed)


async def test_what_cannot_be_used_says_why(world: World) -> None:
    world.channels.replace_stored([fake(enabled=False)], locked=["shut"])
    with pytest.raises(ChannelUnknown):
        world.channels.sender("none")
    with pytest.raises(ChannelDisabled):
        world.channels.sender("ops")
    with pytest.raises(ChannelLocked):
        world.channels.sender("shut")
    world.channels.replace_file([fake("shut")])
    world.channels.sender("shut")


async def test_a_channel_of_other_clients_is_unknown(world: World) -> None:
    world.channels.replace_file([fake(clients=["blog"])])
    assert world.channels.for_client("ops", "blog").name == "ops"
    with pytest.raises(ChannelUnknown):
        world.channels.for_client("ops", "other")


async def test_all_are_closed_in_the_end(world: World) -> None:
    world.channels.replace_file([fake(), fake("other")])
    world.channels.sender("ops")
    world.channels.sender("other")
    await world.channels.aclose()
    assert [sender.closed for sender in world.made] == [True, True]
