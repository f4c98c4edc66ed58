"""wxgate on a machine that knows no other: python -m tests.e2e.alone NAMES NOTES serve …

NAMES is a JSON file of addresses by host name: there are no other names. NOTES gets a line for
each address that is connected to. Nothing is reached but loopback.
"""

import errno
import ipaddress
import json
import socket
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    names = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    # Its connections are made in C, and no audit event tells of them: asyncio's own are.
    sys.modules["uvloop"] = None  # type: ignore[assignment]
    find = socket.getaddrinfo

    def getaddrinfo(host: Any, *about: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        try:
            ipaddress.ip_address(name)
        except ValueError:
            if name not in names:
                raise socket.gaierror(socket.EAI_NONAME, "no such name") from None
            name = names[name]
        return find(name, *about, **more)

    socket.getaddrinfo = getaddrinfo
    with Path(sys.argv[2]).open("a", 1, "utf-8") as notes:

        def hear(event: str, about: Any) -> None:
            if event in ("socket.connect", "socket.sendto") and isinstance(about[1], tuple):
                host, port = about[1][:2]
                notes.write(f"{host} {port}\n")
                if not ipaddress.ip_address(host).is_loopback:
                    raise OSError(errno.ENETUNREACH, "off loopback")

        sys.addaudithook(hear)
        from server.cli import main as wxgate

        sys.argv[:3] = ["wxgate"]
        wxgate()


if __name__ == "__main__":
    main()
