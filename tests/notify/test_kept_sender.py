import asyncio
from contextlib import AsyncExitStack, suppress

import pytest
from pydantic import SecretStr

from cache.connecting import open_redis
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.settings import RedisSettings
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows
from notify.channel_settings import ChannelSettings
from notify.kept_sender import KeptSender
from notify.message import Message
from notify.sender import DeliveryUnknown, NotDelivered, Receipt, Resting
from tests.conftest import RedisServer

SETTINGS = ChannelSettings(name="ops", type="fake")
MESSAGE = Message(id="ntf_1", subject="s", text="t")


class FakeSender:
    """A sender that ends as a test says."""

    repeatable = True

    def __init__(self) -> None:
        self.end: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()
        self.sent = 0
        self.closed = False

    async def send(self, message: Message) -> Receipt:
        assert not self.closed
        self.sent += 1
        await self.go.wait()
        if self.end is not None:
            raise self.end
        return Receipt(reference=message.id)

    async def aclose(self) -> None:
        self.closed = True


class Passing:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def kept(sender: FakeSender, clock: Passing, rate: str = "") -> KeptSender:
    windows = MemoryWindows(monotonic=clock)
    return KeptSender(sender, SETTINGS, windows, rate, monotonic=clock)


async def test_no_more_goes_out_than_the_provider_takes() -> None:
    sender, clock = FakeSender(), Passing()
    way = kept(sender, clock, "20/minute; 5/second")
    for _ in range(5):
        await way.send(MESSAGE)
    with pytest.raises(Resting) as caught:
        await way.send(MESSAGE)
    assert caught.value.retry_after_s == pytest.approx(1)
    for _ in range(3):
        clock.now += 1.01
        for _ in range(5):
            await way.send(MESSAGE)
    clock.now += 1.01
    with pytest.raises(Resting) as caught:
        await way.send(MESSAGE)
    assert 50 < caught.value.retry_after_s < 60
    assert sender.sent == 20


async def test_several_processes_keep_to_the_rate_together(redis_server: RedisServer) -> None:
    sender, clock = FakeSender(), Passing()
    async with AsyncExitStack() as stack:
        ways = []
        for _ in range(3):
            redis = open_redis(RedisSettings(url=SecretStr(redis_server.url)))
            stack.push_async_callback(redis.aclose)
            link, local = RedisLink(SingleNode(redis)), MemoryWindows()
            windows = SharedWindows(link, Keys("t"), local, timeout_s=20)
            ways.append(KeptSender(sender, SETTINGS, windows, "20/minute", monotonic=clock))
        for round_ in range(30):
            with suppress(Resting):
                await ways[round_ % 3].send(MESSAGE)
    assert sender.sent == 20


async def test_after_a_provider_asked_for_it_the_channel_rests() -> None:
    sender, clock = FakeSender(), Passing()
    way = kept(sender, clock)
    sender.end = NotDelivered("too fast", retry_after_s=600)
    with pytest.raises(NotDelivered):
        await way.send(MESSAGE)
    sender.end = None
    clock.now += 599
    with pytest.raises(Resting):
        await way.send(MESSAGE)
    assert sender.sent == 1
    clock.now += 1
    assert (await way.send(MESSAGE)).reference == "ntf_1"


async def test_a_refused_message_does_not_hold_the_others_up() -> None:
    sender, clock = FakeSender(), Passing()
    way = kept(sender, clock)
    sender.end = NotDelivered("bad words", final=True, retry_after_s=600)
    with pytest.raises(NotDelivered):
        await way.send(MESSAGE)
    sender.end = None
    await way.send(MESSAGE)


async def test_a_fault_of_ours_ends_as_unknown() -> None:
    sender = FakeSender()
    sender.end = RuntimeError("whsec_hidden")
    with pytest.raises(DeliveryUnknown) as caught:
        await kept(sender, Passing()).send(MESSAGE)
    assert caught.value.reason == "RuntimeError"


async def test_it_is_closed_when_the_last_send_has_ended() -> None:
    sender = FakeSender()
    way = kept(sender, Passing())
    sender.go.clear()
    sending = asyncio.ensure_future(way.send(MESSAGE))
    await asyncio.sleep(0)
    retiring = asyncio.ensure_future(way.retire())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not sender.closed
    sender.go.set()
    await sending
    await retiring
    assert sender.closed


async def test_it_is_as_repeatable_as_its_sender() -> None:
    assert kept(FakeSender(), Passing()).repeatable
