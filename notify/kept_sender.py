import asyncio
import time

import structlog

from cache.rates import parse_rates
from cache.windows import Rule, Windows, window_key
from core.clock import Clock
from notify.channel_settings import ChannelSettings
from notify.message import Message
from notify.sender import DeliveryUnknown, NotDelivered, Receipt, Resting, Sender

log = structlog.get_logger(__name__)


class KeptSender:
    """A channel's sender as the others see it: at its provider's pace, closed when nobody sends.

    The pace is for the provider's sake and for ours: who is too fast is muted for minutes.
    """

    def __init__(
        self,
        sender: Sender,
        settings: ChannelSettings,
        windows: Windows,
        rate: str,
        *,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self.settings = settings
        self._sender = sender
        self._windows = windows
        self._rules = [
            Rule(window_key("channel", settings.name, str(each.period_s)), each)
            for each in parse_rates(rate)
        ]
        self._monotonic = monotonic
        self._rests_until = 0.0
        self._sending = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def repeatable(self) -> bool:
        """Whether to send a message once more after DeliveryUnknown."""
        return self._sender.repeatable

    async def send(self, message: Message) -> Receipt:
        """Hand the message over. Raises NotDelivered, of which Resting is one; DeliveryUnknown."""
        await self._check_pace()
        self._sending += 1
        self._idle.clear()
        try:
            return await self._sender.send(message)
        except NotDelivered as exc:
            if not exc.final:
                self._rests_until = self._monotonic() + exc.retry_after_s
            raise
        except DeliveryUnknown:
            raise
        except Exception as exc:
            # A fault of ours, and perhaps after the message went out.
            log.exception("sender broke", channel=self.settings.name)
            raise DeliveryUnknown(type(exc).__name__) from None
        finally:
            self._sending -= 1
            if not self._sending:
                self._idle.set()

    async def _check_pace(self) -> None:
        rests_s = self._rests_until - self._monotonic()
        if rests_s <= 0 and self._rules:
            rests_s = (await self._windows.hit(self._rules)).wait_s
        if rests_s > 0:
            raise Resting(f"rests for {rests_s:.0f} s", retry_after_s=rests_s)

    async def retire(self) -> None:
        """Close it once what it is sending has ended; nothing more is sent by it."""
        try:
            await self._idle.wait()
        finally:
            await self._sender.aclose()

    async def aclose(self) -> None:
        """Close it now."""
        await self._sender.aclose()
