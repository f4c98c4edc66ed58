"""The sockets that a gateway listens on."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from core.errors import GatewayError, Text
from server.roles import Role
from server.settings import Settings

BACKLOG = 4_096


class CannotListen(GatewayError):
    """The address cannot be listened on."""

    code = "cannot_listen"
    category = "system"
    message = Text("无法监听 {listen}：{reason}", "cannot listen on {listen}: {reason}")
    hint = Text(
        "停掉占用该端口的程序（ss -ltnp 可查），或换地址：wxgate serve --listen 127.0.0.1:8090",
        "stop what uses that port (ss -ltnp tells), or take another: "
        "wxgate serve --listen 127.0.0.1:8090",
    )


@dataclass(frozen=True, slots=True)
class Doors:
    """The listening sockets of a gateway."""

    listener: socket.socket
    forward: socket.socket | None


def listen_on(listen: str) -> socket.socket:
    """A listening socket for "HOST:PORT" or "[::1]:PORT". Raises CannotListen."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    except OSError as exc:
        raise CannotListen(listen=listen, reason=os.strerror(exc.errno or 0)) from None


@contextmanager
def open_doors(settings: Settings, role: Role) -> Iterator[Doors]:
    """Listen as configured until the block ends. Raises CannotListen."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(listen_on(settings.server.listen))
        forward = settings.forward.listen if role.relays else ""
        yield Doors(listener, sockets.enter_context(listen_on(forward)) if forward else None)
