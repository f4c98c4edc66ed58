from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from fetch.post import Poster
from fetch.settings import FetchSettings
from notify.message import Message
from tests.notify.receivers import NOW, Receiver

MakeMessage = Callable[..., Message]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A provider on loopback."""
    made = Receiver()
    await made.open()
    yield made
    await made.aclose()


@pytest.fixture
async def poster(receiver: Receiver) -> AsyncIterator[Poster]:
    """Posts to the receiver, through the guard."""
    settings = FetchSettings.model_validate(
        {"allow_networks": ["127.0.0.0/8"], "allow_ports": [receiver.port]}
    )
    made = Poster(settings, timeout_s=20)
    yield made
    await made.aclose()


@pytest.fixture
def message() -> MakeMessage:
    def make(**said: Any) -> Message:
        plain = {
            "id": "ntf_06h07z6nxmd948z1se7rzbetyc",
            "subject": "发表失败",
            "text": "发表失败\n账号 main",
            "markdown": "**发表失败**\n\n账号 `main`",
            "severity": "error",
            "created_at": NOW,
        }
        return Message(**{**plain, **said})

    return make
