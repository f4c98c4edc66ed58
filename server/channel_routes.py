"""The routes of channels, a line each."""

from collections.abc import Awaitable, Callable

from handlers import channels_operations as about
from handlers.channel_desk import ChannelDesk
from handlers.channels import ChannelsHandler
from handlers.openapi import ApiRoute
from notify.channels import Channels


def channel_routes(
    channels: Channels, desk: ChannelDesk, follow: Callable[[], Awaitable[None]]
) -> list[ApiRoute]:
    """Channels, and what changes them."""
    handler = ChannelsHandler(channels, desk, follow)
    one = "/channels/{name}"
    return [
        ApiRoute("GET", "/channels", handler.list, about.LIST),
        ApiRoute("POST", "/channels", handler.create, about.CREATE),
        ApiRoute("GET", one, handler.get, about.GET),
        ApiRoute("PATCH", one, handler.change, about.CHANGE),
        ApiRoute("DELETE", one, handler.remove, about.REMOVE),
        ApiRoute("POST", f"{one}/test", handler.test, about.TEST),
    ]
