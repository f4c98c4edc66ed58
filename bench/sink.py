"""An upstream that costs almost nothing but reads every body: python -m bench.sink PORT."""

import asyncio
import sys
from typing import cast

import uvloop

_TOKEN = b'{"access_token":"92_' + b"t" * 140 + b'","expires_in":7200}'
_ANSWER = b'{"total_count":1,"item":"' + b"x" * 270 + b'"}'


class Sink(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)
        self.head = b""
        self.left = 0

    def data_received(self, data: bytes) -> None:
        if self.left:
            self.left -= len(data)
            if self.left <= 0:
                self.answer(_ANSWER)
            return
        self.head += data
        head, end, body = self.head.partition(b"\r\n\r\n")
        if not end:
            return
        self.head = b""
        _, said, rest = head.lower().partition(b"content-length: ")
        self.left = (int(rest.split(b"\r\n")[0]) if said else 0) - len(body)
        if self.left <= 0:
            self.answer(_TOKEN if b"stable_token" in head else _ANSWER)

    def answer(self, body: bytes) -> None:
        self.left = 0
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
