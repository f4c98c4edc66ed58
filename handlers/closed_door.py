from starlette.types import Receive, Scope, Send

from core.errors import GatewayError, Text


class DoorClosed(GatewayError):
    """The path is one of a door that is not switched on."""

    status = 404
    code = "door_closed"
    category = "params"
    message = Text("这个门没有打开：[{door}]", "this door is not open: [{door}]")
    hint = Text(
        "在网关的 config.toml 里写 [{door}] 与 enabled = true，再重启网关",
        "write [{door}] and enabled = true into the gateway's config.toml, and restart it",
    )


class ClosedDoor:
    """Answers every call with what would open the door: a bare 404 looks like a typing error."""

    def __init__(self, door: str) -> None:
        self._door = door

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        """ASGI. Raises DoorClosed."""
        raise DoorClosed(door=self._door)
